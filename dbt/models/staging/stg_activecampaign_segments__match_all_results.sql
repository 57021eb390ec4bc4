{{ config(enabled=activecampaign_segments.setting('using_match_all_results')) }}

{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'match_all_results'),
    [
        ('segment_id', 'text'),
        ('contact_id', 'integer'),
        ('position', 'integer'),
        ('run_id', 'text'),
        ('run_id_end', 'timestamp'),
        ('segment_timestamp', 'timestamp'),
    ]
) }}
