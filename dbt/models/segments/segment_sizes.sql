-- The last recorded count of each day, whoever had the segment evaluated.

with counts as (

    select
        segment_id,
        cast(counted_at as date) as day,
        counted_at,
        result_count,
        active_result_count,
        row_number() over (
            partition by segment_id, cast(counted_at as date)
            order by counted_at desc, run_id desc
        ) as age
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__count_history') }}

),

sizes as (

    select
        segment_id,
        day,
        counted_at,
        result_count as size,
        active_result_count as active_size,
        lag(result_count) over (partition by segment_id order by day) as previous_size
    from counts
    where age = 1

)

select
    segment_id,
    day,
    size,
    active_size,
    counted_at,
    previous_size,
    size - previous_size as growth,
    {{ activecampaign_segments.ratio('(size - previous_size)', 'previous_size') }} as growth_rate
from sizes
