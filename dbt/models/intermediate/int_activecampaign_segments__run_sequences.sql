-- The runs that have all of their log rows. `seq` numbers a segment's runs by their start; a `sequence`
-- is a longest series of runs each of which was compared with the one just before.

with runs as (

    select
        counted.segment_id,
        counted.run_id,
        counted.run_id_start,
        counted.run_id_end,
        counted.segment_timestamp,
        counted.total,
        counted.previous_run_id,
        counted.is_baseline,
        counted.definition_changed,
        counted.joined_count,
        counted.left_count,
        counted.origin,
        row_number() over (
            partition by counted.segment_id
            order by counted.run_id_start, counted.run_number, counted.run_id
        ) as seq
    from {{ ref('int_activecampaign_segments__counted_runs') }} as counted
    inner join {{ ref('stg_activecampaign_segments__match_all_runs') }} as runs
        on {{ activecampaign_segments.is_same_run('runs', 'counted') }}
    where counted.log_rows = counted.joined_count + counted.left_count

),

linked as (

    select runs.*, previous.seq as previous_seq
    from runs
    left join runs as previous
        on previous.segment_id = runs.segment_id
        and previous.run_id = runs.previous_run_id
        and previous.run_id_start < runs.run_id_start

)

select
    linked.*,
    cast(
        sum(case when previous_seq = seq - 1 then 0 else 1 end) over (
            partition by segment_id order by seq rows between unbounded preceding and current row
        ) as {{ dbt.type_bigint() }}
    ) as sequence_number
from linked
