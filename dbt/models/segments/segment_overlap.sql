with members as (

    select segment_id, segment_name, contact_id
    from {{ ref('activecampaign_segments', 'current_members') }}

),

sizes as (

    select segment_id, segment_name, count(*) as size
    from members
    group by segment_id, segment_name
    having count(*) >= {{ activecampaign_segments.setting('overlap_min_size') }}

),

compared as (

    select members.segment_id, members.contact_id
    from members
    inner join sizes
        on sizes.segment_id = members.segment_id

),

pairs as (

    select
        a.segment_id as segment_id_a,
        b.segment_id as segment_id_b,
        count(*) as shared_count
    from compared as a
    inner join compared as b
        on b.contact_id = a.contact_id
        and b.segment_id > a.segment_id
    group by a.segment_id, b.segment_id

)

select
    pairs.segment_id_a,
    pairs.segment_id_b,
    a.segment_name as name_a,
    b.segment_name as name_b,
    a.size as size_a,
    b.size as size_b,
    pairs.shared_count,
    {{ activecampaign_segments.ratio(
        'pairs.shared_count', '(a.size + b.size - pairs.shared_count)'
    ) }} as jaccard,
    {{ activecampaign_segments.ratio('pairs.shared_count', 'a.size') }} as share_of_a,
    {{ activecampaign_segments.ratio('pairs.shared_count', 'b.size') }} as share_of_b
from pairs
inner join sizes as a
    on a.segment_id = pairs.segment_id_a
inner join sizes as b
    on b.segment_id = pairs.segment_id_b
