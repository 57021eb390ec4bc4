{{ config(enabled=activecampaign_segments.setting('using_mypreferences')) }}

with profiles as (

    select segment_group_name, profile_id, emails
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_group_profiles') }}

),

addresses as (

    select
        profiles.segment_group_name,
        profiles.profile_id,
        lower({{ activecampaign_segments.stripped(
            activecampaign_segments.json_text(activecampaign_segments.json_item(), ['Value'])
        ) }}) as address
    from profiles
    {{ activecampaign_segments.json_items('profiles', 'emails') }}

)

select
    segment_group_name,
    profile_id,
    address,
    {{ activecampaign_segments.sha256('address') }} as address_sha256
from addresses
where address <> ''
