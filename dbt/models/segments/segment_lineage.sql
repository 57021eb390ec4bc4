-- Which segments depend on what: the conditions of the latest version of each segment that exists.

select
    conditions.object_type,
    conditions.source_system,
    conditions.field_name,
    conditions.value,
    conditions.segment_id,
    segments.name as segment_name,
    count(*) as use_count,
    coalesce(conditions.external, false) as is_external
from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_conditions') }} as conditions
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__latest_definitions') }} as latest
    on latest.segment_id = conditions.segment_id
    and latest.created_date = conditions.created_date
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__existing_segments') }} as segments
    on segments.segment_id = conditions.segment_id
group by
    conditions.object_type,
    conditions.source_system,
    conditions.field_name,
    conditions.value,
    conditions.segment_id,
    segments.name,
    coalesce(conditions.external, false)
