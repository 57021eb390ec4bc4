select
    segments.segment_id,
    segments.name,
    segments.category,
    segments.created_date,
    segments.updated_date,
    segments.last_used_date,
    segments.listed_at,
    segments.last_total,
    segments.last_total_at,
    latest.run_id,
    latest.run_id_end,
    latest.total,
    definitions.definition_text,
    definitions.segment_hash,
    definitions.created_date as edited_at,
    definitions.user_id as edited_by,
    definitions.changes_text
from {{ ref('activecampaign_segments', 'int_activecampaign_segments__existing_segments') }} as segments
left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__latest_runs') }} as latest
    on latest.segment_id = segments.segment_id
left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__latest_definitions') }} as definitions
    on definitions.segment_id = segments.segment_id
