{{ config(enabled=activecampaign_segments.setting('using_mypreferences')) }}

{{ activecampaign_segments.stage(
    source('mypreferences', 'segment_group_profiles'),
    [
        ('segment_group_name', 'text'),
        ('profile_id', 'text'),
        ('exported_at', 'timestamp'),
        ('is_active', 'boolean'),
        ('reason_code', 'text'),
        ('emails', 'json'),
        ('consents', 'json'),
    ]
) }}
