{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'count_history'),
    [
        ('segment_id', 'text'),
        ('run_id', 'text'),
        ('timestamp', 'timestamp', 'counted_at'),
        ('id', 'text'),
        ('segment_hash', 'text'),
        ('result_count', 'integer'),
        ('active_result_count', 'integer'),
    ]
) }}
