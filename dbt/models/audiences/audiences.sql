{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

-- An audience without members stays: whoever reads it has to remove its last one. What is not known is no
-- size: of a segment that was never evaluated, and of all where no contact was loaded.

with sizes as (

    select audience_id, count(*) as size
    from {{ ref('activecampaign_segments', 'audience_members') }}
    group by audience_id

),

known as (

    select count(*) as contacts from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__contacts') }}

)

select
    segments.segment_id as id,
    segments.name,
    case when segments.run_id is not null and known.contacts > 0 then coalesce(sizes.size, 0) end
        as size
from {{ ref('activecampaign_segments', 'segments_current') }} as segments
cross join known
left join sizes
    on sizes.audience_id = segments.segment_id
