{% set share = activecampaign_segments.setting('size_jump_share') %}

{{ config(severity='warn', enabled=share is not none) }}

-- Segments whose members became more or fewer with their latest run by more than the given share.

with runs as (

    select
        segment_id,
        run_id,
        known_at,
        total,
        lag(total) over (partition by segment_id order by position) as previous_total,
        row_number() over (partition by segment_id order by position desc) as age
    from {{ ref('activecampaign_segments', 'int_activecampaign_segments__run_timeline') }}

)

select runs.segment_id, segments.name, runs.run_id, runs.previous_total, runs.total
from runs
inner join {{ ref('activecampaign_segments', 'segments_current') }} as segments
    on segments.segment_id = runs.segment_id
where runs.age = 1
    and abs(runs.total - runs.previous_total) > {{ share or 0 }} * runs.previous_total
