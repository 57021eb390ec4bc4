-- Two syncs with a state each that load into one schema: the comparisons of their runs cross. A run `x`
-- was compared with one from before `q`, and a later run with `q` again. A lost sync or a restored state
-- does not cross: nothing is compared with the runs that it left behind. A state that is restored to and
-- fro does. A new baseline heals a segment.
--
-- The models are right even so. This depends on one without children, so that it stops none of them:
-- {{ ref('activecampaign_segments', 'daily_changes') }}

with runs as (

    select
        sequences.*,
        max(case when is_baseline then seq end) over (partition by segment_id) as baseline_seq
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_sequences') }} as sequences

)

select
    later.segment_id,
    earlier.run_id as run_of_one_state,
    later.run_id as run_of_another_state,
    later.run_id_end
from runs as later
inner join runs as earlier
    on earlier.segment_id = later.segment_id
    and earlier.seq > later.previous_seq
    and earlier.seq < later.seq
    and earlier.previous_seq < later.previous_seq
where later.previous_seq < later.seq - 1
    and later.previous_seq >= later.baseline_seq
    -- Recorded runs are read after the fact, between runs that were compared before.
    and later.origin <> 'activecampaign'
    and later.previous_origin <> 'activecampaign'
    and earlier.origin <> 'activecampaign'
    and earlier.previous_origin <> 'activecampaign'
