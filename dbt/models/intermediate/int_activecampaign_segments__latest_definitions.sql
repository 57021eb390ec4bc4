-- The latest version of each segment's definition.

with versions as (

    select
        definitions.*,
        row_number() over (partition by segment_id order by created_date desc) as age
    from {{ ref('stg_activecampaign_segments__segment_definitions') }} as definitions

)

select * from versions where age = 1
