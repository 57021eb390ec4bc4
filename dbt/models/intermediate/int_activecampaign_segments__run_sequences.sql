-- A `sequence` is a longest series of complete runs each of which was compared with the one just before.
-- This is a model of its own, so that PostgreSQL knows how many runs it joins.

with linked as (

    select
        runs.*,
        previous.seq as previous_seq,
        previous.origin as previous_origin
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__complete_runs') }} as runs
    left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__complete_runs') }} as previous
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
