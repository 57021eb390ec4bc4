{# Conversion of what loaders store into one form per database. #}

{# A SQL type: text, integer, real, boolean, timestamp, or json. #}
{% macro type_of(kind) %}
    {%- set types = {
        'text': dbt.type_string(),
        'integer': dbt.type_bigint(),
        'real': 'double precision',
        'boolean': dbt.type_boolean(),
        'timestamp': dbt.type_timestamp(),
        'json': 'json',
    } -%}
    {%- do types.update(adapter.dispatch('types', 'activecampaign_segments')()) -%}
    {{- return(types[kind]) -}}
{% endmacro %}

{# The types that a database has other names for. #}
{% macro default__types() %}{{ return({}) }}{% endmacro %}

{% macro postgres__types() %}{{ return({'json': 'jsonb'}) }}{% endmacro %}

{% macro bigquery__types() %}{{ return({'real': 'float64'}) }}{% endmacro %}

{# TIMESTAMP has a time zone or not, as the parameter TIMESTAMP_TYPE_MAPPING says. #}
{% macro snowflake__types() %}
    {{- return({'timestamp': 'timestamp_ntz', 'json': 'variant'}) -}}
{% endmacro %}

{# TEXT is VARCHAR(256). #}
{% macro redshift__types() %}
    {{- return({'text': 'varchar(65535)', 'json': 'super'}) -}}
{% endmacro %}

{# A ratio of two numbers, null if the second one is 0. #}
{% macro ratio(part, whole) -%}
    cast({{ part }} as {{ activecampaign_segments.type_of('real') }}) / nullif({{ whole }}, 0)
{%- endmacro %}

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
    {%- elif kind == 'timestamp' and (
        'with time zone' in stored or stored in ('timestamptz', 'timestamp_tz', 'timestamp_ltz')
    ) -%}
        {{- adapter.dispatch('in_utc', 'activecampaign_segments')(column) -}}
    {%- else -%}
        cast({{ column }} as {{ activecampaign_segments.type_of(kind) }})
    {%- endif -%}
{% endmacro %}

{# A timestamp with a time zone as one without, in UTC. #}
{% macro default__in_utc(column) -%}
    cast({{ column }} at time zone 'UTC' as {{ activecampaign_segments.type_of('timestamp') }})
{%- endmacro %}

{% macro snowflake__in_utc(column) -%}
    cast(convert_timezone('UTC', {{ column }}) as {{ activecampaign_segments.type_of('timestamp') }})
{%- endmacro %}

{# BigQuery's TIMESTAMP is an instant already. #}
{% macro bigquery__in_utc(column) -%}
    cast({{ column }} as {{ activecampaign_segments.type_of('timestamp') }})
{%- endmacro %}

{#
    An instant as SQL: a literal from 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS', in UTC, or an expression.
#}
{% macro instant(value) %}
    {%- set text = (value | string).strip().strip("'") -%}
    {%- if text[:1] in '0123456789' -%}
        {%- if text[4:5] != '-' or '+' in text or '-' in text[10:] -%}
            {{- exceptions.raise_compiler_error(
                'a date is YYYY-MM-DD or YYYY-MM-DD HH:MM:SS in UTC, not ' ~ text
            ) -}}
        {%- endif -%}
        cast('{{ text }}' as {{ activecampaign_segments.type_of('timestamp') }})
    {%- else -%}
        {{- value -}}
    {%- endif -%}
{% endmacro %}

{# A timestamp some days before another one. BigQuery's dateadd returns a DATETIME. #}
{% macro days_before(timestamp, days) -%}
    cast({{ dbt.dateadd('day', -(days | int), timestamp) }} as {{ activecampaign_segments.type_of('timestamp') }})
{%- endmacro %}

{# Text that is equal for equal values, null included. #}
{% macro comparable(column) -%}
    coalesce(cast({{ column }} as {{ activecampaign_segments.type_of('text') }}), '')
{%- endmacro %}

{# Keeps DuckDB from evaluating a CTE once for each reference. #}
{% macro materialized() %}
    {{- adapter.dispatch('materialized', 'activecampaign_segments')() -}}
{% endmacro %}

{% macro default__materialized() %}{% endmacro %}
{% macro duckdb__materialized() %}materialized{% endmacro %}

{# Columns of a recursive CTE, which Redshift needs and BigQuery refuses. #}
{% macro cte_columns(names) %}
    {{- adapter.dispatch('cte_columns', 'activecampaign_segments')(names) -}}
{% endmacro %}

{% macro default__cte_columns(names) -%}
    ({{ names | join(', ') }})
{%- endmacro %}

{% macro bigquery__cte_columns(names) %}{% endmacro %}

{# Text without the white space around it, of any kind. #}
{% macro stripped(text) %}
    {{- adapter.dispatch('stripped', 'activecampaign_segments')(text) -}}
{% endmacro %}

{% macro default__stripped(text) -%}
    regexp_replace({{ text }}, '^[[:space:]]+|[[:space:]]+$', '')
{%- endmacro %}

{% macro duckdb__stripped(text) -%}
    regexp_replace({{ text }}, '^[[:space:]]+|[[:space:]]+$', '', 'g')
{%- endmacro %}

{% macro postgres__stripped(text) -%}
    regexp_replace({{ text }}, '^[[:space:]]+|[[:space:]]+$', '', 'g')
{%- endmacro %}

{# It would take PostgreSQL's form otherwise, as its adapter is a child of that. #}
{% macro redshift__stripped(text) -%}
    {{- activecampaign_segments.default__stripped(text) -}}
{%- endmacro %}
