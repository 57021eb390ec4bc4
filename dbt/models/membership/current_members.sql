{{ config(materialized='view') }}

select
    history.segment_id,
    segments.name as segment_name,
    history.contact_id,
    began.known_at as member_since,
    case began.cause when 'contact' then 'joined' else began.cause end as began_by,
    latest.run_id,
    latest.run_id_end
from {{ ref('activecampaign_segments', 'int_activecampaign_segments__membership_history') }} as history
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__existing_segments') }} as segments
    on segments.segment_id = history.segment_id
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__latest_runs') }} as latest
    on latest.segment_id = history.segment_id
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }} as began
    on began.segment_id = history.segment_id
    and began.position = history.began_position
where history.contact_id <> -1
    and not history.is_superseded
    and history.ended_position is null
