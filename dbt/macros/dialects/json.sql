{# JSON: a raw column, text at a path, and the items of an array. #}

{# A raw column as JSON. Loaders store it natively, as text, or (PostgreSQL) as an array of JSON. #}
{% macro default__as_json(column, stored) -%}
    try_cast({{ column }} as json)
{%- endmacro %}

{% macro postgres__as_json(column, stored) -%}
    {%- if stored == 'array' or stored.endswith('[]') -%}
        to_jsonb({{ column }})
    {%- elif stored.startswith('json') -%}
        cast({{ column }} as jsonb)
    {%- else -%}
        cast(nullif(trim({{ column }}), '') as jsonb)
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__as_json(column, stored) -%}
    {%- if stored.startswith(('variant', 'array', 'object')) -%}
        to_variant({{ column }})
    {%- else -%}
        try_parse_json({{ column }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__as_json(column, stored) -%}
    {%- if stored == 'json' -%}
        {{ column }}
    {%- elif stored == 'string' -%}
        safe.parse_json({{ column }})
    {%- else -%}
        to_json({{ column }})
    {%- endif -%}
{%- endmacro %}

{% macro redshift__as_json(column, stored) -%}
    {%- if stored == 'super' -%}
        {{ column }}
    {%- else -%}
        json_parse({{ column }})
    {%- endif -%}
{%- endmacro %}

{# The text at a path of JSON, null if there is none. #}
{% macro json_text(json, path) %}
    {{- adapter.dispatch('json_text', 'activecampaign_segments')(json, path) -}}
{% endmacro %}

{% macro default__json_text(json, path) -%}
    json_extract_string({{ json }}, '$.{{ path | join('.') }}')
{%- endmacro %}

{% macro postgres__json_text(json, path) -%}
    {{ json }} #>> '{ {{- path | join(',') -}} }'
{%- endmacro %}

{% macro snowflake__json_text(json, path) -%}
    cast(get_path({{ json }}, '{{ path | join('.') }}') as varchar)
{%- endmacro %}

{% macro bigquery__json_text(json, path) -%}
    json_value({{ json }}, '$.{{ path | join('.') }}')
{%- endmacro %}

{% macro redshift__json_text(json, path) -%}
    nullif(json_extract_path_text(json_serialize({{ json }}), '{{ path | join("', '") }}', true), '')
{%- endmacro %}

{#
    Joins a table with the items of an array, one row each; rows without an array have none.

    Args:
        table: Name of the table in the FROM clause before.
        column: The array, JSON.

    Example:
        select {{ json_text(json_item(), ['status']) }}
        from contacts {{ json_items('contacts', 'subscriptions') }}
#}
{% macro json_items(table, column) %}
    {{- adapter.dispatch('json_items', 'activecampaign_segments')(table, column) -}}
{% endmacro %}

{% macro default__json_items(table, column) -%}
    cross join unnest(try_cast({{ table }}.{{ column }} as json[])) as items(item)
{%- endmacro %}

{% macro postgres__json_items(table, column) -%}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof({{ table }}.{{ column }}) = 'array' then {{ table }}.{{ column }} end
    ) as items(item)
{%- endmacro %}

{% macro snowflake__json_items(table, column) -%}
    cross join lateral flatten(input => {{ table }}.{{ column }}) as items
{%- endmacro %}

{% macro bigquery__json_items(table, column) -%}
    cross join unnest(json_query_array({{ table }}.{{ column }})) as item
{%- endmacro %}

{% macro redshift__json_items(table, column) -%}
    , {{ table }}.{{ column }} as item
{%- endmacro %}

{# The item that json_items joins. #}
{% macro json_item() %}
    {{- adapter.dispatch('json_item', 'activecampaign_segments')() -}}
{% endmacro %}

{% macro default__json_item() %}items.item{% endmacro %}
{% macro snowflake__json_item() %}items.value{% endmacro %}
{% macro bigquery__json_item() %}item{% endmacro %}
{% macro redshift__json_item() %}item{% endmacro %}
