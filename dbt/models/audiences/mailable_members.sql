{{ config(enabled=(
    activecampaign_segments.setting('using_contacts')
    and activecampaign_segments.setting('using_mypreferences')
)) }}

-- What is unknown is not mailable. An address needs a profile in the latest complete full export of a
-- group, and each such profile has to permit it. No profile of the address may refuse, wherever it is
-- from: exports of changes and profiles that left a group count as well.

{% set groups = activecampaign_segments.literals('mailable_segment_groups') %}
{% set lists = activecampaign_segments.literals('mailable_list_ids') %}
{% set max_age = activecampaign_segments.setting('mailable_max_age_days') %}

with profiles as (

    select *
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_group_profiles') }}
    {%- if groups %}
    where segment_group_name in ({{ groups }})
    {%- endif %}

),

known_since as (

    select
        {%- if max_age is none %}
        cast(null as {{ activecampaign_segments.type_of('timestamp') }}) as instant
        {%- else %}
        {{ activecampaign_segments.days_before('max(listed_at)', max_age) }} as instant
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segments') }}
        {%- endif %}

),

profile_counts as (

    select segment_group_name, exported_at, count(*) as profiles
    from profiles
    group by segment_group_name, exported_at

),

full_exports as (

    select segment_group_name, exported_at, max(total_results) as total_results
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__segment_group_exports') }}
    where is_full
    group by segment_group_name, exported_at

),

-- An export tells who is in the group if all of its profiles are there; some may have been exported again.
complete_exports as (

    select full_exports.segment_group_name, full_exports.exported_at
    from full_exports
    cross join known_since
    left join profile_counts
        on profile_counts.segment_group_name = full_exports.segment_group_name
        and profile_counts.exported_at >= full_exports.exported_at
    where known_since.instant is null or full_exports.exported_at >= known_since.instant
    group by
        full_exports.segment_group_name, full_exports.exported_at, full_exports.total_results
    having coalesce(sum(profile_counts.profiles), 0) >= full_exports.total_results

),

latest_exports as (

    select segment_group_name, max(exported_at) as exported_at
    from complete_exports
    group by segment_group_name

),

-- A consent that does not say for which channel or purpose is for all of them.
consents as (

    select
        segment_group_name,
        profile_id,
        max(
            case when lower(channel) = {{ activecampaign_segments.lower_literal('consent_channel') }}
                and lower(purpose) = {{ activecampaign_segments.lower_literal('consent_purpose') }}
                and lower(status) = {{ activecampaign_segments.lower_literal('consent_status') }}
                then 1 else 0 end
        ) as is_given,
        max(
            case when lower(status) = {{ activecampaign_segments.lower_literal('consent_status') }}
                then 0 else 1 end
        ) as is_refused
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__profile_consents') }}
    where coalesce(lower(channel), {{ activecampaign_segments.lower_literal('consent_channel') }})
        = {{ activecampaign_segments.lower_literal('consent_channel') }}
        and coalesce(lower(purpose), {{ activecampaign_segments.lower_literal('consent_purpose') }})
        = {{ activecampaign_segments.lower_literal('consent_purpose') }}
    group by segment_group_name, profile_id

),

opinions as (

    select
        addresses.address_sha256,
        case when latest_exports.exported_at is not null then 1 else 0 end as is_in_group,
        case when profiles.is_active and profiles.reason_code is null
            then coalesce(consents.is_given, 0) else 0 end as is_given,
        case when profiles.is_active = false or profiles.reason_code is not null
            then 1 else coalesce(consents.is_refused, 0) end as is_refused
    from profiles
    inner join {{ ref('activecampaign_segments', 'stg_activecampaign_segments__profile_addresses') }} as addresses
        on addresses.segment_group_name = profiles.segment_group_name
        and addresses.profile_id = profiles.profile_id
    left join latest_exports
        on latest_exports.segment_group_name = profiles.segment_group_name
        and profiles.exported_at >= latest_exports.exported_at
    left join consents
        on consents.segment_group_name = profiles.segment_group_name
        and consents.profile_id = profiles.profile_id

),

permitted as (

    select address_sha256
    from opinions
    group by address_sha256
    having max(is_refused) = 0
        and min(case when is_in_group = 1 then is_given end) = 1

),

subscribed as (

    select distinct contact_id
    from {{ ref('activecampaign_segments', 'stg_activecampaign_segments__contact_subscriptions') }}
    where status = '1'
    {%- if lists %}
        and list_id in ({{ lists }})
    {%- endif %}

)

select
    members.segment_id,
    members.contact_id,
    contacts.email,
    contacts.email_sha256,
    contacts.read_at
from {{ ref('activecampaign_segments', 'current_members') }} as members
cross join known_since
inner join {{ ref('activecampaign_segments', 'stg_activecampaign_segments__contacts') }} as contacts
    on contacts.contact_id = members.contact_id
inner join permitted
    on permitted.address_sha256 = contacts.email_sha256
inner join subscribed
    on subscribed.contact_id = members.contact_id
where contacts.is_found
    and contacts.is_anonymized = false
    and contacts.bounced_hard = 0
    and (known_since.instant is null or contacts.read_at >= known_since.instant)
