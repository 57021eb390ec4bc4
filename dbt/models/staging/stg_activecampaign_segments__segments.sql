with staged as (

{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'segments'),
    [
        ('segment_id', 'text'),
        ('name', 'text'),
        ('category', 'text'),
        ('counts', 'json'),
        ('counts__last_total__count', 'integer'),
        ('counts__last_total__run_id_end', 'timestamp'),
        ('created_date', 'timestamp'),
        ('updated_date', 'timestamp'),
        ('last_used_date', 'timestamp'),
        ('listed_at', 'timestamp'),
        ('listing_size', 'integer'),
    ],
    required=[
        'segment_id', 'listed_at', 'listing_size',
    ]
) }}

)

-- The counts are columns of their own where the tap flattens them.
select
    segment_id,
    name,
    category,
    coalesce(
        counts__last_total__count,
        cast(
            {{ activecampaign_segments.json_text('counts', ['last_total', 'count']) }}
            as {{ dbt.type_bigint() }}
        )
    ) as last_total,
    coalesce(
        counts__last_total__run_id_end,
        cast(
            {{ activecampaign_segments.json_text('counts', ['last_total', 'run_id_end']) }}
            as {{ activecampaign_segments.type_of('timestamp') }}
        )
    ) as last_total_at,
    created_date,
    updated_date,
    last_used_date,
    listed_at,
    listing_size
from staged
