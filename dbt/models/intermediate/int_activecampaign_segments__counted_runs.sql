{{ config(
    materialized='incremental',
    unique_key=['segment_id', 'run_id'],
    on_schema_change='fail'
) }}

-- How many log rows each run has. ActiveCampaign keeps results for 90 days, so the tap writes no rows
-- of older runs: those are not counted again if they were whole, and their row has not changed.

with runs as (

    select *
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__match_all_runs') }}
    where baseline_run_id is not null

),

recounted as (

    {% if is_incremental() %}

    select runs.*
    from runs
    left join {{ this }} as counted
        on counted.fingerprint = runs.fingerprint
    where counted.run_id is null
        or counted.log_rows <> counted.joined_count + counted.left_count
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

    select comparison_key, count(*) as log_rows
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__membership_changes') }}

    {% if is_incremental() %}

    -- A day of tolerance: the API's timestamps of one run may differ in their digits.
    where changed_at >= (
        select {{ activecampaign_segments.days_before('min(run_id_end)', 1) }} from recounted
    )

    {% endif %}

    group by comparison_key

)

select
    recounted.segment_id,
    recounted.run_id,
    recounted.run_id_start,
    recounted.run_id_end,
    recounted.segment_timestamp,
    recounted.total,
    recounted.previous_run_id,
    recounted.comparison_key,
    recounted.fingerprint,
    recounted.run_number,
    recounted.is_baseline,
    coalesce(recounted.definition_changed, false) as definition_changed,
    recounted.joined_count,
    recounted.left_count,
    coalesce(recounted.origin, 'tap') as origin,
    coalesce(changes.log_rows, 0) as log_rows
from recounted
left join changes
    on changes.comparison_key = recounted.comparison_key
