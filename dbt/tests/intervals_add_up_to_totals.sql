-- The intervals have no gaps: at the end of a day they have as many members as its last run has. An erased
-- contact may be missing from an earlier run, but never from the latest one. A new baseline heals a segment.

with runs as (

    select
        segment_id,
        run_id,
        total,
        position,
        cast(known_at as date) as day,
        max(position) over (partition by segment_id) as last_position,
        max(position) over (partition by segment_id, cast(known_at as date)) as last_of_day,
        max(case when is_baseline then position end) over (partition by segment_id)
            as baseline_position
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}

)

select days.segment_id, days.day, days.total as members, runs.run_id, runs.total
from {{ ref('activecampaign_segments', 'daily_changes') }} as days
inner join runs
    on runs.segment_id = days.segment_id
    and runs.day = days.day
where runs.position = runs.last_of_day
    and runs.position >= runs.baseline_position
    and (
        days.total > runs.total
        or (runs.position = runs.last_position and days.total <> runs.total)
    )
