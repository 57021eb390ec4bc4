-- A contact is in a segment once at a time, and an interval begins later than the one before has ended.

with intervals as (

    select
        segment_id,
        contact_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by segment_id, contact_id order by valid_from, began_run_id
        ) as next_valid_from
    from {{ ref('activecampaign_segments', 'membership_intervals') }}

)

select *
from intervals
where valid_to <= valid_from
    or next_valid_from < valid_to
    or (next_valid_from is not null and valid_to is null)
