{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

select
    audience_id as id,
    audience_name as name,
    count(*) as size
from {{ ref('audience_members') }}
group by audience_id, audience_name
