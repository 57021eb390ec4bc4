{{ config(enabled=activecampaign_segments.setting('using_contacts')) }}

{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'contacts'),
    [
        ('contact_id', 'integer'),
        ('email', 'text'),
        ('email_sha256', 'text'),
        ('phone', 'text'),
        ('phone_sha256', 'text'),
        ('first_name', 'text'),
        ('last_name', 'text'),
        ('created_at', 'timestamp'),
        ('updated_at', 'timestamp'),
        ('bounced_hard', 'integer'),
        ('bounced_soft', 'integer'),
        ('is_anonymized', 'boolean'),
        ('is_found', 'boolean'),
        ('subscriptions', 'json'),
        ('read_at', 'timestamp'),
    ]
) }}
