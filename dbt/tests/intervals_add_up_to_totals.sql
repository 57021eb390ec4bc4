-- At each day's end the intervals have as many members as the day's last run: there are no gaps.

with days as (

    select
        segment_id,
        day,
        total,
        sum(
            joined_count + edit_joined_count + baseline_joined_count
            - left_count - edit_left_count - baseline_left_count
        ) over (
            partition by segment_id order by day
            rows between unbounded preceding and current row
        ) as members
    from {{ ref('daily_changes') }}

)

select * from days where members <> total
