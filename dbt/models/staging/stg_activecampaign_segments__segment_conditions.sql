{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'segment_conditions'),
    [
        ('segment_id', 'text'),
        ('created_date', 'timestamp'),
        ('condition_id', 'text'),
        ('field_index', 'integer'),
        ('group_id', 'text'),
        ('object_type', 'text'),
        ('source_system', 'text'),
        ('field_name', 'text'),
        ('operator', 'text'),
        ('value', 'text'),
        ('data_type', 'text'),
        ('external', 'boolean'),
        ('aggregate_text', 'text'),
    ]
) }}
