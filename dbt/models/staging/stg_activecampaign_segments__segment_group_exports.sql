{{ config(enabled=activecampaign_segments.setting('using_mypreferences')) }}

{{ activecampaign_segments.stage(
    source('mypreferences', 'segment_group_exports'),
    [
        ('segment_group_name', 'text'),
        ('exported_at', 'timestamp'),
        ('completed_at', 'timestamp'),
        ('last_date_time', 'timestamp'),
        ('is_full', 'boolean'),
        ('total_results', 'integer'),
    ]
) }}
