{{ config(enabled=(
    activecampaign_segments.setting('using_contacts')
    and activecampaign_segments.setting('using_mypreferences')
)) }}

-- What is unknown is not mailable: a contact without known subscriptions, without a profile, or without
-- a usable consent is no row.

{% set groups = activecampaign_segments.setting('mailable_segment_groups') %}
{% set lists = activecampaign_segments.setting('mailable_list_ids') %}

with exports as (

    select segment_group_name, exported_at, max(total_results) as total_results
    from {{ ref('stg_activecampaign_segments__segment_group_exports') }}
    where is_full
    group by segment_group_name, exported_at

),

profiles as (

    select * from {{ ref('stg_activecampaign_segments__segment_group_profiles') }}

),

-- Only an export of which all profiles were loaded tells who is in the group.
whole_exports as (

    select exports.segment_group_name, exports.exported_at
    from exports
    left join profiles
        on profiles.segment_group_name = exports.segment_group_name
        and profiles.exported_at >= exports.exported_at
    group by exports.segment_group_name, exports.exported_at, exports.total_results
    having count(profiles.profile_id) >= exports.total_results

),

latest_exports as (

    select segment_group_name, max(exported_at) as exported_at
    from whole_exports
    group by segment_group_name

),

consents as (

    select
        segment_group_name,
        profile_id,
        min(
            case when status = '{{ activecampaign_segments.setting('consent_status') }}'
                then 1 else 0 end
        ) as is_given
    from {{ ref('stg_activecampaign_segments__profile_consents') }}
    where channel = '{{ activecampaign_segments.setting('consent_channel') }}'
        and purpose = '{{ activecampaign_segments.setting('consent_purpose') }}'
    group by segment_group_name, profile_id

),

-- All profiles of an address have to permit it.
permitted as (

    select addresses.address_sha256
    from profiles
    inner join latest_exports
        on latest_exports.segment_group_name = profiles.segment_group_name
        and profiles.exported_at >= latest_exports.exported_at
    inner join {{ ref('stg_activecampaign_segments__profile_addresses') }} as addresses
        on addresses.segment_group_name = profiles.segment_group_name
        and addresses.profile_id = profiles.profile_id
    left join consents
        on consents.segment_group_name = profiles.segment_group_name
        and consents.profile_id = profiles.profile_id
    {%- if groups %}
    where profiles.segment_group_name in (
        {%- for group in groups %}'{{ group | replace("'", "''") }}'{{ ', ' if not loop.last }}
        {%- endfor %})
    {%- endif %}
    group by addresses.address_sha256
    having min(
        case when profiles.is_active and profiles.reason_code is null
            then coalesce(consents.is_given, 0) else 0 end
    ) = 1

),

subscribed as (

    select distinct contact_id
    from {{ ref('stg_activecampaign_segments__contact_subscriptions') }}
    where status = '1'
    {%- if lists %}
        and list_id in (
        {%- for list in lists %}'{{ list }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- endif %}

)

select
    members.segment_id,
    members.contact_id,
    contacts.email,
    contacts.email_sha256
from {{ ref('current_members') }} as members
inner join {{ ref('stg_activecampaign_segments__contacts') }} as contacts
    on contacts.contact_id = members.contact_id
inner join permitted
    on permitted.address_sha256 = contacts.email_sha256
inner join subscribed
    on subscribed.contact_id = members.contact_id
where contacts.is_found
    and contacts.is_anonymized = false
    and contacts.bounced_hard = 0
