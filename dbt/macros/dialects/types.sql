{# Conversion of what loaders store into one form per database. #}

{# A SQL type: text, integer, boolean, timestamp, or json. #}
{% macro type_of(kind) %}
    {%- if kind == 'json' -%}
        {{- return(adapter.dispatch('json_type', 'activecampaign_segments')()) -}}
    {%- endif -%}
    {{- return({
        'text': dbt.type_string(),
        'integer': dbt.type_bigint(),
        'boolean': dbt.type_boolean(),
        'timestamp': dbt.type_timestamp(),
    }[kind]) -}}
{% endmacro %}

{#
    A raw column, converted.

    Args:
        column: SQL of the column.
        kind: See type_of.
        stored: The type that the loader gave it, or none if that is not known.
#}
{% macro converted(column, kind, stored) %}
    {%- set stored = (stored or '') | lower -%}
    {%- if kind == 'json' -%}
        {{- adapter.dispatch('as_json', 'activecampaign_segments')(column, stored) -}}
    {%- elif kind == 'timestamp' and ('with time zone' in stored or stored in ('timestamptz', 'timestamp_tz', 'timestamp_ltz')) -%}
        {{- adapter.dispatch('in_utc', 'activecampaign_segments')(column) -}}
    {%- else -%}
        cast({{ column }} as {{ activecampaign_segments.type_of(kind) }})
    {%- endif -%}
{% endmacro %}

{# A timestamp with a time zone as one without, in UTC. #}
{% macro default__in_utc(column) -%}
    cast({{ column }} at time zone 'UTC' as {{ dbt.type_timestamp() }})
{%- endmacro %}

{% macro snowflake__in_utc(column) -%}
    cast(convert_timezone('UTC', {{ column }}) as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# BigQuery's TIMESTAMP is an instant already. #}
{% macro bigquery__in_utc(column) -%}
    cast({{ column }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{#
    An instant as SQL: a literal from 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS', in UTC, or an expression.
#}
{% macro instant(value) %}
    {%- set text = (value | string).strip().strip("'") -%}
    {%- if text[:1] in '0123456789' -%}
        cast('{{ text }}' as {{ dbt.type_timestamp() }})
    {%- else -%}
        {{- value -}}
    {%- endif -%}
{% endmacro %}

{# A timestamp some days before another one. BigQuery's dateadd returns a DATETIME. #}
{% macro days_before(timestamp, days) -%}
    cast({{ dbt.dateadd('day', -days, timestamp) }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# Text that is equal for equal values, null included. #}
{% macro comparable(column) -%}
    coalesce(cast({{ column }} as {{ dbt.type_string() }}), '')
{%- endmacro %}

{# Columns of a recursive CTE, which Redshift needs and BigQuery refuses. #}
{% macro cte_columns(names) %}
    {{- adapter.dispatch('cte_columns', 'activecampaign_segments')(names) -}}
{% endmacro %}

{% macro default__cte_columns(names) -%}
    ({{ names | join(', ') }})
{%- endmacro %}

{% macro bigquery__cte_columns(names) %}{% endmacro %}
