{{ config(severity='warn') }}

-- Runs that are not the latest ones because some of their log rows are missing, or their predecessor: a
-- load broke, or somebody deleted rows. The next sync repairs a broken load; otherwise name the segment
-- in the tap's `rebaseline` for one sync.

select runs.segment_id, runs.run_id, runs.run_id_start
from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__match_all_runs') }} as runs
left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__latest_runs') }} as latest
    on latest.segment_id = runs.segment_id
where runs.baseline_run_id is not null
    and (latest.run_id is null or runs.run_id_start > latest.run_id_start)
