with history as (

    select segment_id, began_position, ended_position
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__membership_history') }}
    where contact_id <> -1 and not is_superseded

),

began as (

    select segment_id, began_position as position, count(*) as contacts
    from history
    group by segment_id, began_position

),

ended as (

    select segment_id, ended_position as position, count(*) as contacts
    from history
    where ended_position is not null
    group by segment_id, ended_position

),

runs as (

    select
        timeline.segment_id,
        timeline.position,
        cast(timeline.known_at as date) as day,
        timeline.cause,
        coalesce(began.contacts, 0) as joined,
        coalesce(ended.contacts, 0) as gone,
        sum(coalesce(began.contacts, 0) - coalesce(ended.contacts, 0)) over (
            partition by timeline.segment_id order by timeline.position
            rows between unbounded preceding and current row
        ) as total
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }} as timeline
    left join began
        on began.segment_id = timeline.segment_id
        and began.position = timeline.position
    left join ended
        on ended.segment_id = timeline.segment_id
        and ended.position = timeline.position

),

days as (

    select
        segment_id,
        day,
        count(*) as runs,
        max(position) as last_position,
        sum(case when cause = 'contact' then joined else 0 end) as joined_count,
        sum(case when cause = 'contact' then gone else 0 end) as left_count,
        sum(case when cause = 'segment_edited' then joined else 0 end) as edit_joined_count,
        sum(case when cause = 'segment_edited' then gone else 0 end) as edit_left_count,
        sum(case when cause = 'baseline' then joined else 0 end) as baseline_joined_count,
        sum(case when cause = 'baseline' then gone else 0 end) as baseline_left_count
    from runs
    group by segment_id, day

)

select
    days.segment_id,
    days.day,
    days.runs,
    {% for column in [
        'joined_count', 'left_count', 'edit_joined_count', 'edit_left_count',
        'baseline_joined_count', 'baseline_left_count',
    ] -%}
    cast(days.{{ column }} as {{ dbt.type_bigint() }}) as {{ column }},
    {% endfor -%}
    cast(days.joined_count - days.left_count as {{ dbt.type_bigint() }}) as net_count,
    cast(runs.total as {{ dbt.type_bigint() }}) as total
from days
inner join runs
    on runs.segment_id = days.segment_id
    and runs.position = days.last_position
