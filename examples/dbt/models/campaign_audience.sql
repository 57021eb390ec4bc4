-- Who was in which segment when a campaign was sent, and whether they still are.

select
    audience.segment_id,
    audience.contact_id,
    members.contact_id is not null as is_still_member
from ({{ activecampaign_segments.members_at(var('campaign_sent_at')) }}) as audience
left join {{ ref('activecampaign_segments', 'current_members') }} as members
    on members.segment_id = audience.segment_id
    and members.contact_id = audience.contact_id
