-- Two syncs with a state each that load into one schema: the comparisons of their runs cross. A run `x`
-- was compared with one from before `q`, and a later run with `q` again. A lost sync or a restored state
-- does not cross: nothing is compared with the runs that it left behind.

with runs as (

    select * from {{ ref('int_activecampaign_segments__run_sequences') }}

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
    -- Recorded runs are read after the fact, between runs that were compared before.
    and later.origin <> 'activecampaign'
    and earlier.origin <> 'activecampaign'
