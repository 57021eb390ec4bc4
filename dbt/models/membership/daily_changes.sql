with began as (

    select
        segment_id,
        began_run_id as run_id,
        sum(case when began_by = 'joined' then 1 else 0 end) as joined_count,
        sum(case when began_by = 'segment_edited' then 1 else 0 end) as edit_joined_count,
        sum(case when began_by = 'baseline' then 1 else 0 end) as baseline_joined_count
    from {{ ref('membership_intervals') }}
    group by segment_id, began_run_id

),

ended as (

    select
        segment_id,
        ended_run_id as run_id,
        sum(case when ended_by = 'left' then 1 else 0 end) as left_count,
        sum(case when ended_by = 'segment_edited' then 1 else 0 end) as edit_left_count,
        sum(case when ended_by = 'baseline' then 1 else 0 end) as baseline_left_count
    from {{ ref('membership_intervals') }}
    where ended_run_id is not null
    group by segment_id, ended_run_id

),

runs as (

    select
        timeline.segment_id,
        timeline.position,
        timeline.total,
        cast(timeline.known_at as date) as day,
        coalesce(began.joined_count, 0) as joined_count,
        coalesce(ended.left_count, 0) as left_count,
        coalesce(began.edit_joined_count, 0) as edit_joined_count,
        coalesce(ended.edit_left_count, 0) as edit_left_count,
        coalesce(began.baseline_joined_count, 0) as baseline_joined_count,
        coalesce(ended.baseline_left_count, 0) as baseline_left_count
    from {{ ref('int_activecampaign_segments__run_timeline') }} as timeline
    left join began
        on began.segment_id = timeline.segment_id
        and began.run_id = timeline.run_id
    left join ended
        on ended.segment_id = timeline.segment_id
        and ended.run_id = timeline.run_id

),

days as (

    select
        segment_id,
        day,
        max(position) as last_position,
        count(*) as runs,
        sum(joined_count) as joined_count,
        sum(left_count) as left_count,
        sum(edit_joined_count) as edit_joined_count,
        sum(edit_left_count) as edit_left_count,
        sum(baseline_joined_count) as baseline_joined_count,
        sum(baseline_left_count) as baseline_left_count
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
    runs.total
from days
inner join runs
    on runs.segment_id = days.segment_id
    and runs.position = days.last_position
