{{ config(
    materialized='incremental',
    unique_key=['segment_id', 'contact_id', 'began_run_id'],
    on_schema_change='fail',
    indexes=[{'columns': ['segment_id', 'contact_id']}]
) }}

-- Who was a member from when to when, and the runs that this was told by: an interval is a row, and a
-- run that was applied is a row as well (`contact_id` -1), so that both are always stored together.
--
-- An incremental build applies the runs of the timeline from the first one on that was not applied, or
-- not as it is now. Intervals that no longer follow from the timeline are marked as superseded.

{% set runs = ref('int_activecampaign_segments__run_timeline') %}
{% set changes = ref('stg_activecampaign_segments__membership_changes') %}

with timeline as (

    select * from {{ runs }}

),

{% if is_incremental() %}

history as (

    select * from {{ this }} where not is_superseded

),

applied as (

    select segment_id, began_run_id as run_id, began_position as position, fingerprint
    from history
    where contact_id = -1

),

first_new as (

    select segment_id, min(position) as position
    from (
        select timeline.segment_id, timeline.position
        from timeline
        left join applied
            on applied.segment_id = timeline.segment_id
            and applied.position = timeline.position
            and applied.run_id = timeline.run_id
            and applied.fingerprint = timeline.fingerprint
        where applied.run_id is null

        union all

        select applied.segment_id, applied.position
        from applied
        left join timeline
            on timeline.segment_id = applied.segment_id
            and timeline.position = applied.position
            and timeline.run_id = applied.run_id
            and timeline.fingerprint = applied.fingerprint
        where timeline.run_id is null
    ) as differences
    group by segment_id

),

{% else %}

first_new as (

    select segment_id, 1 as position from timeline group by segment_id

),

{% endif %}

new_runs as (

    select timeline.*
    from timeline
    inner join first_new
        on first_new.segment_id = timeline.segment_id
    where timeline.position >= first_new.position

),

-- What the log tells of the new runs.
new_changes as (

    select
        runs.segment_id,
        runs.position,
        runs.branch,
        runs.is_branch_start,
        runs.is_baseline,
        changes.contact_id,
        changes.change
    from {{ changes }} as changes
    inner join new_runs as runs
        on runs.segment_id = changes.segment_id
        and runs.run_id = changes.run_id
        and {{ activecampaign_segments.is_same_comparison('runs', 'changes') }}

    {% if is_incremental() %}

    -- A day of tolerance: the API's timestamps of one run may differ in their digits.
    where changes.changed_at >= (
        select {{ activecampaign_segments.days_before('min(run_id_end)', 1) }} from new_runs
    )

    {% endif %}

),

-- Where the first run of a branch is no baseline, its members follow from the runs that it goes back to.
inherited_changes as (

    select
        starts.segment_id,
        starts.position,
        starts.branch,
        changes.contact_id,
        changes.change,
        row_number() over (
            partition by starts.segment_id, starts.position, changes.contact_id
            order by runs.seq desc
        ) as age
    from new_runs as starts
    inner join {{ ref('int_activecampaign_segments__sequence_ancestors') }} as ancestors
        on ancestors.segment_id = starts.segment_id
        and ancestors.sequence_number = starts.sequence_number
    inner join timeline as runs
        on runs.segment_id = ancestors.segment_id
        and runs.sequence_number = ancestors.ancestor_number
        and runs.seq <= ancestors.up_to_seq
        and runs.seq <= starts.seq
    inner join {{ changes }} as changes
        on changes.segment_id = runs.segment_id
        and changes.run_id = runs.run_id
        and {{ activecampaign_segments.is_same_comparison('runs', 'changes') }}
    where starts.is_branch_start and not starts.is_baseline

),

statements as (

    select
        segment_id,
        contact_id,
        position,
        branch,
        case when change = 'joined' then 1 else 0 end as is_member,
        case when is_branch_start then 1 else 0 end as is_whole
    from new_changes
    where is_baseline or not is_branch_start

    union all

    select segment_id, contact_id, position, branch, 1 as is_member, 1 as is_whole
    from inherited_changes
    where age = 1 and change = 'joined'

    {% if is_incremental() %}

    -- The intervals that were open before the new runs, if these may end them.
    union all

    select
        history.segment_id,
        history.contact_id,
        history.began_position as position,
        last_kept.branch,
        1 as is_member,
        0 as is_whole
    from history
    inner join first_new
        on first_new.segment_id = history.segment_id
    inner join timeline as last_kept
        on last_kept.segment_id = first_new.segment_id
        and last_kept.position = first_new.position - 1
    left join (
        select distinct segment_id, contact_id from new_changes
    ) as changed
        on changed.segment_id = history.segment_id
        and changed.contact_id = history.contact_id
    left join (
        select distinct segment_id from new_runs where is_branch_start
    ) as branched
        on branched.segment_id = history.segment_id
    where history.contact_id <> -1
        and history.began_position < first_new.position
        and (
            history.ended_position >= first_new.position
            or (
                history.ended_position is null
                and (changed.contact_id is not null or branched.segment_id is not null)
            )
        )

    {% endif %}

),

ordered as (

    select
        statements.*,
        lag(is_member) over (partition by segment_id, contact_id order by position) as was_member,
        lag(branch) over (partition by segment_id, contact_id order by position) as branch_before,
        lead(is_member) over (partition by segment_id, contact_id order by position)
            as is_member_next,
        lead(is_whole) over (partition by segment_id, contact_id order by position) as is_whole_next,
        lead(branch) over (partition by segment_id, contact_id order by position) as branch_next,
        lead(position) over (partition by segment_id, contact_id order by position) as position_next
    from statements

),

branches as (

    select segment_id, branch, min(position) as position
    from timeline
    group by segment_id, branch

),

memberships as (

    select
        ordered.segment_id,
        ordered.contact_id,
        ordered.position,
        -- A member at the end of one branch and at the beginning of the next one has stayed.
        case
            when ordered.was_member = 1
                and (
                    ordered.branch_before = ordered.branch
                    or (ordered.is_whole = 1 and ordered.branch_before = ordered.branch - 1)
                )
                then 0
            else 1
        end as begins,
        case
            when ordered.branch_next = ordered.branch and ordered.is_member_next = 0
                then ordered.position_next
            when ordered.branch_next = ordered.branch then null
            when ordered.branch_next = ordered.branch + 1 and ordered.is_whole_next = 1 then null
            else next_branch.position
        end as ended_position
    from ordered
    left join branches as next_branch
        on next_branch.segment_id = ordered.segment_id
        and next_branch.branch = ordered.branch + 1
    where ordered.is_member = 1

),

numbered as (

    select
        memberships.*,
        sum(begins) over (
            partition by segment_id, contact_id order by position
            rows between unbounded preceding and current row
        ) as interval_number
    from memberships

),

intervals as (

    select
        segment_id,
        contact_id,
        min(position) as began_position,
        max(ended_position) as ended_position
    from numbered
    group by segment_id, contact_id, interval_number

),

results as (

    select
        intervals.segment_id,
        intervals.contact_id,
        began.run_id as began_run_id,
        intervals.began_position,
        began.known_at as valid_from,
        began.known_before as began_after,
        began.cause as began_cause,
        ended.run_id as ended_run_id,
        intervals.ended_position,
        ended.known_at as valid_to,
        ended.known_before as ended_after,
        ended.cause as ended_cause,
        cast(null as {{ dbt.type_string() }}) as fingerprint,
        false as is_superseded
    from intervals
    inner join timeline as began
        on began.segment_id = intervals.segment_id
        and began.position = intervals.began_position
    left join timeline as ended
        on ended.segment_id = intervals.segment_id
        and ended.position = intervals.ended_position

    union all

    select
        segment_id,
        -1 as contact_id,
        run_id as began_run_id,
        position as began_position,
        known_at as valid_from,
        known_before as began_after,
        cause as began_cause,
        cast(null as {{ dbt.type_string() }}) as ended_run_id,
        cast(null as {{ dbt.type_bigint() }}) as ended_position,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        cast(null as {{ dbt.type_timestamp() }}) as ended_after,
        cast(null as {{ dbt.type_string() }}) as ended_cause,
        fingerprint,
        false as is_superseded
    from new_runs

)

select * from results

{% if is_incremental() %}

union all

select
    history.segment_id,
    history.contact_id,
    history.began_run_id,
    history.began_position,
    history.valid_from,
    history.began_after,
    history.began_cause,
    history.ended_run_id,
    history.ended_position,
    history.valid_to,
    history.ended_after,
    history.ended_cause,
    history.fingerprint,
    true as is_superseded
from history
inner join first_new
    on first_new.segment_id = history.segment_id
left join results
    on results.segment_id = history.segment_id
    and results.contact_id = history.contact_id
    and results.began_run_id = history.began_run_id
where history.began_position >= first_new.position
    and results.segment_id is null

{% endif %}
