{# Whether a run's row and a log row name the same predecessor: a run may have been compared twice. #}
{% macro is_same_comparison(run, change) -%}
    {{ activecampaign_segments.comparable(run ~ '.previous_run_id') }}
        = {{ activecampaign_segments.comparable(change ~ '.previous_run_id') }}
{%- endmacro %}
