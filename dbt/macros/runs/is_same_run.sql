{# Whether two rows are the same state of the same run: a load may replace a run's row. #}
{% macro is_same_run(a, b) -%}
    {{ a }}.segment_id = {{ b }}.segment_id
        and {{ a }}.run_id = {{ b }}.run_id
        and {{ a }}.run_id_start = {{ b }}.run_id_start
        and {{ a }}.run_id_end = {{ b }}.run_id_end
        and {{ a }}.run_number = {{ b }}.run_number
        and {{ a }}.is_baseline = {{ b }}.is_baseline
        and coalesce({{ a }}.definition_changed, false)
        = coalesce({{ b }}.definition_changed, false)
        and coalesce({{ a }}.origin, 'tap') = coalesce({{ b }}.origin, 'tap')
        and {{ a }}.total = {{ b }}.total
        and {{ a }}.joined_count = {{ b }}.joined_count
        and {{ a }}.left_count = {{ b }}.left_count
        and {{ activecampaign_segments.comparable(a ~ '.previous_run_id') }}
        = {{ activecampaign_segments.comparable(b ~ '.previous_run_id') }}
        and {{ activecampaign_segments.comparable(a ~ '.segment_timestamp') }}
        = {{ activecampaign_segments.comparable(b ~ '.segment_timestamp') }}
{%- endmacro %}
