{# Each combination of values is there once at most; null is a value. #}
{% test unique_combination(model, columns) %}

select {{ columns | join(', ') }}, count(*) as found
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
