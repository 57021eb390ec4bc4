{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'segment_definitions'),
    [
        ('segment_id', 'text'),
        ('created_date', 'timestamp'),
        ('name', 'text'),
        ('description', 'text'),
        ('category', 'text'),
        ('segment_hash', 'text'),
        ('user_id', 'text'),
        ('definition_text', 'text'),
        ('changes_text', 'text'),
    ]
) }}
