-- The current members are as many as the latest run's `total`.

with members as (

    select segment_id, count(*) as members
    from {{ ref('activecampaign_segments', 'current_members') }}
    group by segment_id

)

select segments.segment_id, segments.run_id, segments.total, members.members
from {{ ref('activecampaign_segments', 'segments_current') }} as segments
left join members
    on members.segment_id = segments.segment_id
where segments.run_id is not null
    and segments.total <> coalesce(members.members, 0)
