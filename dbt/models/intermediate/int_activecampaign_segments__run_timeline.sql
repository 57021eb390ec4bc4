-- All runs of a segment that count, in the order of their starts: those that have all of their log rows,
-- as have all their predecessors back to a baseline. Lost syncs and earlier baselines are among them:
-- each of these runs was proved, so it tells who was a member then.
--
-- A run that was not compared with the one just before begins a `branch`: a baseline, or the first run
-- after a state was lost.

with runs as (

    select
        runs.*,
        row_number() over (partition by runs.segment_id order by runs.seq) as position
    from {{ ref('int_activecampaign_segments__run_sequences') }} as runs
    inner join {{ ref('int_activecampaign_segments__sequence_ancestors') }} as complete
        on complete.segment_id = runs.segment_id
        and complete.sequence_number = runs.sequence_number
        and complete.ancestor_number = runs.sequence_number

),

placed as (

    select
        runs.*,
        -- The time from which on the run is the latest: never earlier than that of the run before.
        max(run_id_end) over (
            partition by segment_id order by position
            rows between unbounded preceding and current row
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

)

select
    segment_id,
    position,
    run_id,
    run_id_start,
    run_id_end,
    previous_run_id,
    segment_timestamp,
    total,
    is_baseline,
    joined_count,
    left_count,
    cause,
    known_at,
    known_before,
    seq,
    sequence_number,
    branch_start = 1 as is_branch_start,
    cast(
        sum(branch_start) over (
            partition by segment_id order by position
            rows between unbounded preceding and current row
        ) as {{ dbt.type_bigint() }}
    ) as branch,
    -- Differs if the run has to be applied again to the history.
    {{ dbt.concat([
        activecampaign_segments.comparable('previous_run_id'), "' '",
        activecampaign_segments.comparable('joined_count'), "' '",
        activecampaign_segments.comparable('left_count'), "' '",
        activecampaign_segments.comparable('branch_start'), "' '",
        'cause', "' '",
        activecampaign_segments.comparable('known_at'),
    ]) }} as fingerprint
from compared
