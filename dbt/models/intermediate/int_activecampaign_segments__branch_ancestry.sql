-- The runs that the members at the beginning of a branch follow from, where that is no baseline: all from
-- the baseline on that it goes back to, itself included.

with timeline as (

    select * from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}

)

select
    starts.segment_id,
    starts.position,
    starts.branch,
    starts.next_branch_position,
    runs.comparison_key,
    runs.seq
from timeline as starts
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__sequence_ancestors') }} as ancestors
    on ancestors.segment_id = starts.segment_id
    and ancestors.sequence_number = starts.sequence_number
inner join timeline as runs
    on runs.segment_id = ancestors.segment_id
    and runs.sequence_number = ancestors.ancestor_number
where starts.is_branch_start
    and not starts.is_baseline
    and runs.seq <= ancestors.up_to_seq
    and runs.seq <= starts.seq
