{{ config(materialized='view') }}

select
    intervals.segment_id,
    segments.name as segment_name,
    intervals.contact_id,
    intervals.valid_from as member_since,
    intervals.began_by,
    latest.run_id,
    latest.run_id_end
from {{ ref('membership_intervals') }} as intervals
inner join {{ ref('int_activecampaign_segments__existing_segments') }} as segments
    on segments.segment_id = intervals.segment_id
inner join {{ ref('int_activecampaign_segments__latest_runs') }} as latest
    on latest.segment_id = intervals.segment_id
where intervals.valid_to is null
