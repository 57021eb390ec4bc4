{# The SHA-256 of a text in UTF-8, in hexadecimal: as the stream `contacts` has it. #}
{% macro sha256(text) %}
    {{- adapter.dispatch('sha256', 'activecampaign_segments')(text) -}}
{% endmacro %}

{% macro default__sha256(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro postgres__sha256(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro snowflake__sha256(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}

{% macro bigquery__sha256(text) -%}
    to_hex(sha256({{ text }}))
{%- endmacro %}

{% macro redshift__sha256(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}
