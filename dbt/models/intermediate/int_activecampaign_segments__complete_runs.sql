-- The runs that have all of their log rows. `seq` numbers a segment's runs by their start.

select
    counted.segment_id,
    row_number() over (
        partition by counted.segment_id
        order by counted.run_id_start, counted.run_number, counted.run_id
    ) as seq,
    counted.run_id,
    counted.run_id_start,
    counted.run_id_end,
    counted.segment_timestamp,
    counted.total,
    counted.previous_run_id,
    counted.comparison_key,
    counted.fingerprint,
    counted.is_baseline,
    counted.definition_changed,
    counted.joined_count,
    counted.left_count,
    counted.origin
from {{ ref('activecampaign_segments', 'int_activecampaign_segments__counted_runs') }} as counted
inner join {{ ref('activecampaign_segments', 'stg_activecampaign_segments__match_all_runs') }} as runs
    on runs.fingerprint = counted.fingerprint
where counted.log_rows = counted.joined_count + counted.left_count
