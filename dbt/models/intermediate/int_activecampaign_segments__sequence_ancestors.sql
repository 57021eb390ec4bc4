-- From which runs the members of a sequence of runs follow: its own, those of the sequence that it
-- continues up to the run that its first one was compared with (`up_to_seq`), and so on, back to a
-- baseline. Sequences that do not go back to one are left out.

with recursive beginnings as (

    select
        runs.segment_id,
        runs.sequence_number,
        runs.is_baseline,
        previous.sequence_number as previous_sequence_number,
        runs.previous_seq
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_sequences') }} as runs
    left join {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_sequences') }} as previous
        on previous.segment_id = runs.segment_id
        and previous.seq = runs.previous_seq
    where runs.previous_seq is null or runs.previous_seq <> runs.seq - 1

),

ends as (

    select segment_id, sequence_number, max(seq) as last_seq
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_sequences') }}
    group by segment_id, sequence_number

),

ancestors {{ activecampaign_segments.cte_columns(
    ['segment_id', 'sequence_number', 'ancestor_number', 'up_to_seq']
) }} as (

    select segment_id, sequence_number, sequence_number as ancestor_number, last_seq as up_to_seq
    from ends

    union all

    select
        ancestors.segment_id,
        ancestors.sequence_number,
        beginnings.previous_sequence_number as ancestor_number,
        beginnings.previous_seq as up_to_seq
    from ancestors
    inner join beginnings
        on beginnings.segment_id = ancestors.segment_id
        and beginnings.sequence_number = ancestors.ancestor_number
    where beginnings.previous_sequence_number is not null

)

select
    ancestors.segment_id,
    ancestors.sequence_number,
    ancestors.ancestor_number,
    ancestors.up_to_seq
from ancestors
inner join (

    select ancestors.segment_id, ancestors.sequence_number
    from ancestors
    inner join beginnings
        on beginnings.segment_id = ancestors.segment_id
        and beginnings.sequence_number = ancestors.ancestor_number
    where beginnings.is_baseline

) as complete
    on complete.segment_id = ancestors.segment_id
    and complete.sequence_number = ancestors.sequence_number
