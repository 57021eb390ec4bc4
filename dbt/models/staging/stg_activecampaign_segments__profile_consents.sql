{{ config(enabled=activecampaign_segments.setting('using_mypreferences')) }}

with profiles as (

    select segment_group_name, profile_id, consents
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_group_profiles') }}

)

select
    profiles.segment_group_name,
    profiles.profile_id,
    {{ activecampaign_segments.json_text(activecampaign_segments.json_item(), ['Channel']) }}
        as channel,
    {{ activecampaign_segments.json_text(activecampaign_segments.json_item(), ['Purpose']) }}
        as purpose,
    {{ activecampaign_segments.json_text(activecampaign_segments.json_item(), ['Status']) }}
        as status
from profiles
{{ activecampaign_segments.json_items('profiles', 'consents') }}
