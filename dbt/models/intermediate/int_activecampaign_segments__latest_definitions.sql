-- The latest version of each segment's definition.

with versions as (

    select segment_id, max(created_date) as created_date
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_definitions') }}
    group by segment_id

)

select definitions.*
from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_definitions') }} as definitions
inner join versions
    on versions.segment_id = definitions.segment_id
    and versions.created_date = definitions.created_date
