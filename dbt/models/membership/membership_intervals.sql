{{ config(materialized='view') }}

-- An interval of no length is one of a run that ended no earlier than the next one.

select
    segment_id,
    contact_id,
    valid_from,
    valid_to,
    case began_cause when 'contact' then 'joined' else began_cause end as began_by,
    case ended_cause when 'contact' then 'left' else ended_cause end as ended_by,
    began_run_id,
    ended_run_id,
    began_after,
    ended_after
from {{ ref('int_activecampaign_segments__membership_history') }}
where contact_id <> -1
    and not is_superseded
    and (valid_to is null or valid_to > valid_from)
