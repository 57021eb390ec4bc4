{{ config(
    materialized='incremental',
    unique_key=['segment_id', 'run_id'],
    on_schema_change='fail'
) }}

-- How many log rows each run has. ActiveCampaign keeps results for 90 days, so the tap writes no rows
-- of older runs: those are not counted again unless their row in match_all_runs has changed.

with runs as (

    select *
    from {{ ref('stg_activecampaign_segments__match_all_runs') }}
    where baseline_run_id is not null

),

recounted as (

    {% if is_incremental() %}

    select runs.*
    from runs
    left join {{ this }} as counted
        on {{ activecampaign_segments.is_same_run('counted', 'runs') }}
    where counted.run_id is null
        or runs.run_id_end >= (
            select {{ activecampaign_segments.days_before(
                'max(run_id_end)', activecampaign_segments.setting('recount_days')
            ) }}
            from {{ this }}
        )

    {% else %}

    select * from runs

    {% endif %}

),

changes as (

    select segment_id, run_id, previous_run_id, count(*) as log_rows
    from {{ ref('stg_activecampaign_segments__membership_changes') }}

    {% if is_incremental() %}

    -- A day of tolerance: the API's timestamps of one run may differ in their digits.
    where changed_at >= (
        select {{ activecampaign_segments.days_before('min(run_id_end)', 1) }} from recounted
    )

    {% endif %}

    group by segment_id, run_id, previous_run_id

)

select
    recounted.segment_id,
    recounted.run_id,
    recounted.run_id_start,
    recounted.run_id_end,
    recounted.segment_timestamp,
    recounted.total,
    recounted.previous_run_id,
    recounted.run_number,
    recounted.is_baseline,
    coalesce(recounted.definition_changed, false) as definition_changed,
    recounted.joined_count,
    recounted.left_count,
    coalesce(recounted.origin, 'tap') as origin,
    coalesce(changes.log_rows, 0) as log_rows
from recounted
left join changes
    on changes.segment_id = recounted.segment_id
    and changes.run_id = recounted.run_id
    and {{ activecampaign_segments.is_same_comparison('recounted', 'changes') }}
