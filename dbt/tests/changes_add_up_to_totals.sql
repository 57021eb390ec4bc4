{{ config(severity='warn') }}

-- The members before a run, plus those that joined, less those that left, are its `total`. Erased contacts
-- are still part of the totals of that time; nothing else should differ.

with runs as (

    select * from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}

)

select
    runs.segment_id,
    runs.run_id,
    previous.total as previous_total,
    runs.joined_count,
    runs.left_count,
    runs.total
from runs
left join runs as previous
    on previous.segment_id = runs.segment_id
    and previous.run_id = runs.previous_run_id
where runs.total
    <> coalesce(previous.total, 0) + runs.joined_count - runs.left_count
