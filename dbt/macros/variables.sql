{# The package's variables, with their defaults: each is read here and nowhere else. #}

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
        'consent_channel': 'Email',
        'consent_purpose': 'Marketing',
        'consent_status': 'OptIn',
    } -%}
    {{- return(var('activecampaign_segments_' ~ name, defaults[name])) -}}
{% endmacro %}
