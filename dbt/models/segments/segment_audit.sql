-- "Lately" is counted back from the listing, so the answer is the same whenever this is built.

with segments as (

    select
        current_segments.*,
        max(listed_at) over () as audited_at,
        case
            when run_id is null or last_total_at > run_id_end then last_total
            else total
        end as size,
        case when segment_hash is null then 0 else count(*) over (partition by segment_hash) - 1 end
            as duplicate_count
    from {{ ref('activecampaign_segments', 'segments_current') }} as current_segments

)

select
    segment_id,
    name,
    category,
    size,
    size = 0 as is_empty,
    case
        -- Nothing of a segment that is not listed tells its use.
        when updated_date is null then null
        else last_used_date is null
            or last_used_date < {{ activecampaign_segments.days_before(
                'audited_at', activecampaign_segments.setting('unused_days')
            ) }}
    end as is_unused,
    last_used_date,
    duplicate_count > 0 as is_duplicate,
    duplicate_count,
    segment_hash,
    run_id_end is null
        or run_id_end < {{ activecampaign_segments.days_before(
            'audited_at', activecampaign_segments.setting('stale_days')
        ) }} as is_stale,
    run_id_end as last_evaluated_at,
    coalesce(
        edited_at >= {{ activecampaign_segments.days_before(
            'audited_at', activecampaign_segments.setting('edited_days')
        ) }},
        false
    ) as is_edited_lately,
    edited_at,
    edited_by,
    changes_text,
    audited_at
from segments
