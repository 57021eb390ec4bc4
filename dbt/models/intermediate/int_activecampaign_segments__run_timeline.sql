-- All runs of a segment that count, in the order of their starts: those that have all of their log rows,
-- as have all their predecessors back to a baseline. Lost syncs and earlier baselines are among them: each
-- of these runs was proved, so it tells who was a member then.
--
-- A run that was not compared with the one just before begins a `branch`: a baseline, or the first run
-- after a state was lost. For example, where the state was lost after run C, so that D was compared with B:
--
--     run     compared with   position   branch   its members follow from
--     A       -                      1        1   A
--     B       A                      2        1   A, B
--     C       B                      3        1   A, B, C
--     D       B                      4        2   A, B, D

with runs as (

    select
        runs.*,
        row_number() over (partition by runs.segment_id order by runs.seq) as position
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_sequences') }} as runs
    inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__sequence_ancestors') }} as complete
        on complete.segment_id = runs.segment_id
        and complete.sequence_number = runs.sequence_number
        and complete.ancestor_number = runs.sequence_number

),

placed as (

    select
        runs.*,
        -- A run that ends after a later one tells nothing new then.
        min(run_id_end) over (
            partition by segment_id order by position
            rows between current row and unbounded following
        ) as known_at,
        lag(seq) over (partition by segment_id order by position) as seq_before,
        lag(segment_timestamp) over (partition by segment_id order by position)
            as segment_timestamp_before
    from runs

),

compared as (

    select
        placed.*,
        lag(known_at) over (partition by segment_id order by position) as known_before,
        case when previous_seq = seq_before then 0 else 1 end as branch_start,
        case
            when is_baseline then 'baseline'
            when previous_seq = seq_before and definition_changed then 'segment_edited'
            when previous_seq = seq_before then 'contact'
            when segment_timestamp <> segment_timestamp_before then 'segment_edited'
            else 'contact'
        end as cause
    from placed

),

branched as (

    select
        compared.*,
        cast(
            sum(branch_start) over (
                partition by segment_id order by position
                rows between unbounded preceding and current row
            ) as {{ dbt.type_bigint() }}
        ) as branch
    from compared

)

select
    runs.segment_id,
    runs.position,
    runs.run_id,
    runs.run_id_start,
    runs.run_id_end,
    runs.previous_run_id,
    runs.comparison_key,
    runs.segment_timestamp,
    runs.total,
    runs.is_baseline,
    runs.joined_count,
    runs.left_count,
    runs.cause,
    runs.known_at,
    runs.known_before,
    runs.seq,
    runs.sequence_number,
    runs.branch,
    runs.branch_start = 1 as is_branch_start,
    next_branch.position as next_branch_position,
    -- Differs if the run has to be applied to the history again.
    {{ dbt.concat([
        'runs.fingerprint', "' '", activecampaign_segments.comparable('runs.branch_start')
    ]) }} as fingerprint
from branched as runs
left join branched as next_branch
    on next_branch.segment_id = runs.segment_id
    and next_branch.branch = runs.branch + 1
    and next_branch.branch_start = 1
