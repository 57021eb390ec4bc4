{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

select
    members.contact_id as person_id,
    members.segment_id as audience_id,
    members.segment_name as audience_name,
    contacts.email,
    contacts.phone,
    contacts.first_name,
    contacts.last_name,
    contacts.email_sha256,
    contacts.phone_sha256,
    members.member_since
from {{ ref('activecampaign_segments', 'current_members') }} as members
inner join {{ ref('activecampaign_segments', 'stg_activecampaign_segments__contacts') }} as contacts
    on contacts.contact_id = members.contact_id
where contacts.is_found
    and coalesce(contacts.is_anonymized, false) = false
    and coalesce(contacts.email_sha256, contacts.phone_sha256, contacts.email, contacts.phone)
    is not null
