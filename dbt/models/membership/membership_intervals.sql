{{ config(materialized='view') }}

-- An interval without a length is one of a run that ended after a later one.

select
    history.segment_id,
    history.contact_id,
    began.known_at as valid_from,
    ended.known_at as valid_to,
    case began.cause when 'contact' then 'joined' else began.cause end as began_by,
    case ended.cause when 'contact' then 'left' else ended.cause end as ended_by,
    began.run_id as began_run_id,
    ended.run_id as ended_run_id,
    began.known_before as began_after,
    ended.known_before as ended_after
from {{ ref('activecampaign_segments', 'int_activecampaign_segments__membership_history') }} as history
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }} as began
    on began.segment_id = history.segment_id
    and began.position = history.began_position
left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }} as ended
    on ended.segment_id = history.segment_id
    and ended.position = history.ended_position
where history.contact_id <> -1
    and not history.is_superseded
    and (ended.known_at is null or ended.known_at > began.known_at)
