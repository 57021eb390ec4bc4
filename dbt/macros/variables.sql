{# The package's variables with a default, but for the names of sources: models/staging/sources.yml. #}

{% macro setting(name) %}
    {%- set defaults = {
        'using_contacts': true,
        'using_match_all_results': true,
        'using_mypreferences': true,
        'recount_days': 100,
        'overlap_min_size': 100,
        'unused_days': 90,
        'stale_days': 7,
        'edited_days': 7,
        'size_jump_share': none,
        'mailable_list_ids': [],
        'mailable_segment_groups': [],
        'mailable_max_age_days': none,
        'consent_channel': 'Email',
        'consent_purpose': 'Marketing',
        'consent_status': 'OptIn',
    } -%}
    {{- return(var('activecampaign_segments_' ~ name, defaults[name])) -}}
{% endmacro %}

{# The SQL literals of a variable that is a list; text would be a list of its letters. #}
{% macro literals(name) %}
    {%- set values = activecampaign_segments.setting(name) -%}
    {%- if values is string or values is mapping or values is not iterable -%}
        {{- exceptions.raise_compiler_error(
            'activecampaign_segments_' ~ name ~ ' must be a list, not ' ~ values
        ) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for value in values -%}
        {%- do found.append(dbt.string_literal(dbt.escape_single_quotes(value | string))) -%}
    {%- endfor -%}
    {{- return(found | join(', ')) -}}
{% endmacro %}

{# The SQL literal of a variable, in lower case. #}
{% macro lower_literal(name) %}
    {{- return(dbt.string_literal(
        dbt.escape_single_quotes(activecampaign_segments.setting(name) | string | lower)
    )) -}}
{% endmacro %}
