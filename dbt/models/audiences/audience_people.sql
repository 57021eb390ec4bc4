{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

select distinct
    person_id as id,
    email,
    phone,
    first_name,
    last_name,
    email_sha256,
    phone_sha256
from {{ ref('activecampaign_segments', 'audience_members') }}
