{#
    A SELECT of `segment_id` and `contact_id`: who was a member at an instant, as far as syncs tell.

    Args:
        date: 'YYYY-MM-DD' (its beginning) or 'YYYY-MM-DD HH:MM:SS', in UTC, or a SQL expression of a
            timestamp, for example of another table's column in a subquery.

    Example:
        select segment_id, count(*) as members
        from ({{ activecampaign_segments.members_at('2026-11-01') }}) as members
        group by segment_id
#}
{% macro members_at(date) %}
    {%- set instant = activecampaign_segments.instant(date) -%}
    select segment_id, contact_id
    from {{ ref('activecampaign_segments', 'membership_intervals') }}
    where valid_from <= {{ instant }}
        and (valid_to is null or valid_to > {{ instant }})
{%- endmacro %}
