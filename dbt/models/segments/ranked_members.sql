{{ config(
    materialized='view',
    enabled=activecampaign_segments.setting('using_match_all_results')
) }}

-- The members by the full result of the latest run that was read as one, with their ranks. Rows of a
-- later run that was not finished are correct as well.

with read_runs as (

    select
        segment_id,
        run_id_end,
        row_number() over (partition by segment_id order by run_id_start desc, run_id desc) as age
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__match_all_runs') }}
    where sort is not null

)

select
    results.segment_id,
    segments.name as segment_name,
    results.contact_id,
    results.position,
    results.run_id,
    results.run_id_end
from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__match_all_results') }} as results
inner join read_runs
    on read_runs.segment_id = results.segment_id
    and results.run_id_end >= read_runs.run_id_end
inner join {{ ref('activecampaign_segments', 'int_activecampaign_segments__existing_segments') }} as segments
    on segments.segment_id = results.segment_id
where read_runs.age = 1
