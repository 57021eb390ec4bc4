{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

-- An audience without members stays: whoever reads it has to remove its last one.

with sizes as (

    select audience_id, count(*) as size
    from {{ ref('audience_members') }}
    group by audience_id

)

select
    segments.segment_id as id,
    segments.name,
    coalesce(sizes.size, 0) as size
from {{ ref('segments_current') }} as segments
left join sizes
    on sizes.audience_id = segments.segment_id
