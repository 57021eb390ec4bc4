{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

with contacts as (

    select contact_id, subscriptions
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__contacts') }}

)

select
    contacts.contact_id,
    {{ activecampaign_segments.json_text(activecampaign_segments.json_item(), ['list_id']) }}
        as list_id,
    {{ activecampaign_segments.json_text(activecampaign_segments.json_item(), ['status']) }}
        as status
from contacts
{{ activecampaign_segments.json_items('contacts', 'subscriptions') }}
