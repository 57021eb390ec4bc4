-- The segments that exist: the rows of the latest listing of which all rows are there, and later ones.

with segments as (

    select * from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segments') }}

),

listings as (

    select listed_at, max(listing_size) as listing_size
    from segments
    group by listed_at

),

whole_listings as (

    select listings.listed_at
    from listings
    inner join segments as listed
        on listed.listed_at >= listings.listed_at
    group by listings.listed_at, listings.listing_size
    having count(*) >= listings.listing_size

),

latest as (

    select max(listed_at) as listed_at from whole_listings

)

select segments.*, latest.listed_at as latest_listed_at
from segments
inner join latest
    on segments.listed_at >= latest.listed_at
