{{ config(
    materialized='incremental',
    unique_key=['segment_id', 'contact_id', 'began_position'],
    on_schema_change='fail',
    indexes=[
        {'columns': ['contact_id', 'segment_id']},
        {'columns': ['segment_id', 'began_position']},
    ] if target.type == 'postgres' else [],
    post_hook='delete from {{ this }} where is_superseded'
) }}

-- Who was a member from which run of the timeline to which. A run that was applied is a row as well, with
-- contact_id -1: so both are stored in one statement.
--
-- An incremental build applies the runs from the first one on that was not applied, or not as it is now.
-- Rows that the timeline no longer confirms are marked as superseded, and deleted afterwards: an erased
-- contact leaves nothing behind.

with timeline as (

    select * from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}

),

{% if is_incremental() %}

applied as (

    select segment_id, began_position as position, fingerprint
    from {{ this }}
    where contact_id = -1 and not is_superseded

),

differences as (

    select timeline.segment_id, timeline.position
    from timeline
    left join applied
        on applied.segment_id = timeline.segment_id
        and applied.position = timeline.position
        and applied.fingerprint = timeline.fingerprint
    where applied.segment_id is null

    union all

    select applied.segment_id, applied.position
    from applied
    left join timeline
        on timeline.segment_id = applied.segment_id
        and timeline.position = applied.position
        and timeline.fingerprint = applied.fingerprint
    where timeline.segment_id is null

),

first_new as {{ activecampaign_segments.materialized() }} (

    select segment_id, min(position) as position from differences group by segment_id

),

{% else %}

first_new as {{ activecampaign_segments.materialized() }} (

    select segment_id, 1 as position from timeline group by segment_id

),

{% endif %}

new_runs as {{ activecampaign_segments.materialized() }} (

    select timeline.*
    from timeline
    inner join first_new
        on first_new.segment_id = timeline.segment_id
    where timeline.position >= first_new.position

),

-- What the log tells of the new runs: all members of a baseline, and the differences of others.
new_changes as {{ activecampaign_segments.materialized() }} (

    select
        runs.segment_id,
        changes.contact_id,
        runs.position,
        runs.branch,
        runs.next_branch_position,
        case when changes.change = 'joined' then 1 else 0 end as is_member,
        case when runs.is_branch_start then 1 else 0 end as begins_branch
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__membership_changes') }} as changes
    inner join new_runs as runs
        on runs.comparison_key = changes.comparison_key
    where (runs.is_baseline or not runs.is_branch_start)

    {% if is_incremental() %}

        -- A day of tolerance: the API's timestamps of one run may differ in their digits.
        and changes.changed_at >= (
            select {{ activecampaign_segments.days_before('min(run_id_end)', 1) }} from new_runs
        )

    {% endif %}

),

-- All members at the beginning of a branch that does not begin with a baseline.
inherited_changes as (

    select
        ancestry.segment_id,
        changes.contact_id,
        ancestry.position,
        ancestry.branch,
        ancestry.next_branch_position,
        changes.change,
        row_number() over (
            partition by ancestry.segment_id, ancestry.position, changes.contact_id
            order by ancestry.seq desc
        ) as age
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__membership_changes') }} as changes
    inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__branch_ancestry') }} as ancestry
        on ancestry.comparison_key = changes.comparison_key
    inner join first_new
        on first_new.segment_id = ancestry.segment_id
        and first_new.position <= ancestry.position

),

{% if is_incremental() %}

changed_contacts as (

    select distinct segment_id, contact_id from new_changes

),

-- Segments of which any interval that was open may end or go on.
reopened_segments as (

    select segment_id from new_runs where is_branch_start

    union all

    select applied.segment_id
    from applied
    inner join first_new
        on first_new.segment_id = applied.segment_id
        and first_new.position <= applied.position

),

affected_intervals as (

    select history.segment_id, history.contact_id, history.began_position, history.ended_position
    from {{ this }} as history
    inner join changed_contacts
        on changed_contacts.segment_id = history.segment_id
        and changed_contacts.contact_id = history.contact_id
    where not history.is_superseded

    union all

    select history.segment_id, history.contact_id, history.began_position, history.ended_position
    from {{ this }} as history
    inner join (select distinct segment_id from reopened_segments) as reopened
        on reopened.segment_id = history.segment_id
    where history.contact_id <> -1 and not history.is_superseded

),

-- The intervals that were open before the new runs.
open_intervals as (

    select distinct
        intervals.segment_id,
        intervals.contact_id,
        intervals.began_position as position,
        last_applied.branch,
        last_applied.next_branch_position
    from affected_intervals as intervals
    inner join first_new
        on first_new.segment_id = intervals.segment_id
    inner join timeline as last_applied
        on last_applied.segment_id = first_new.segment_id
        and last_applied.position = first_new.position - 1
    where intervals.began_position < first_new.position
        and (
            intervals.ended_position is null
            or intervals.ended_position >= first_new.position
        )

),

{% endif %}

statements as (

    select segment_id, contact_id, position, branch, next_branch_position, is_member, begins_branch
    from new_changes

    union all

    select
        segment_id,
        contact_id,
        position,
        branch,
        next_branch_position,
        1 as is_member,
        1 as begins_branch
    from inherited_changes
    where age = 1 and change = 'joined'

    {% if is_incremental() %}

    union all

    select
        segment_id,
        contact_id,
        position,
        branch,
        next_branch_position,
        1 as is_member,
        0 as begins_branch
    from open_intervals

    {% endif %}

),

ordered as (

    select
        statements.*,
        lag(is_member) over (partition by segment_id, contact_id order by position)
            as previous_is_member,
        lag(branch) over (partition by segment_id, contact_id order by position)
            as previous_branch,
        lead(is_member) over (partition by segment_id, contact_id order by position)
            as next_is_member,
        lead(branch) over (partition by segment_id, contact_id order by position) as next_branch,
        lead(position) over (partition by segment_id, contact_id order by position)
            as next_position,
        lead(begins_branch) over (partition by segment_id, contact_id order by position)
            as next_begins_branch
    from statements

),

memberships as (

    select
        segment_id,
        contact_id,
        position,
        -- A member at the end of one branch and at the beginning of the next one has stayed.
        case
            when previous_is_member = 1 and previous_branch = branch then 0
            when previous_is_member = 1 and previous_branch = branch - 1 and begins_branch = 1
                then 0
            else 1
        end as begins,
        case
            when next_branch = branch and next_is_member = 0 then next_position
            when next_branch = branch then null
            when next_branch = branch + 1 and next_begins_branch = 1 then null
            else next_branch_position
        end as ended_position
    from ordered
    where is_member = 1

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

results as (

    select
        segment_id,
        contact_id,
        min(position) as began_position,
        max(ended_position) as ended_position,
        cast(null as {{ activecampaign_segments.type_of('text') }}) as fingerprint,
        false as is_superseded
    from numbered
    group by segment_id, contact_id, interval_number

    union all

    select
        segment_id,
        -1 as contact_id,
        position as began_position,
        cast(null as {{ dbt.type_bigint() }}) as ended_position,
        fingerprint,
        false as is_superseded
    from new_runs

)

{% if is_incremental() %}

, confirmed as (

    select results.*, 1 as choice from results

    union all

    -- Whatever is not in the results any more.
    select
        history.segment_id,
        history.contact_id,
        history.began_position,
        history.ended_position,
        history.fingerprint,
        true as is_superseded,
        2 as choice
    from {{ this }} as history
    inner join first_new
        on first_new.segment_id = history.segment_id
    where history.began_position >= first_new.position

),

chosen as (

    select
        confirmed.*,
        row_number() over (
            partition by segment_id, contact_id, began_position order by choice
        ) as place
    from confirmed

)

select segment_id, contact_id, began_position, ended_position, fingerprint, is_superseded
from chosen
where place = 1

{% else %}

select * from results

{% endif %}
