-- The latest run of each segment that counts.

with latest as (

    select segment_id, max(position) as position
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}
    group by segment_id

)

select runs.*
from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }} as runs
inner join latest
    on latest.segment_id = runs.segment_id
    and latest.position = runs.position
