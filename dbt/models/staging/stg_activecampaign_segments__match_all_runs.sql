with staged as (

{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'match_all_runs'),
    [
        ('segment_id', 'text'),
        ('run_id', 'text'),
        ('run_id_start', 'timestamp'),
        ('run_id_end', 'timestamp'),
        ('segment_timestamp', 'timestamp'),
        ('sort', 'text'),
        ('total', 'integer'),
        ('previous_run_id', 'text'),
        ('baseline_run_id', 'text'),
        ('run_number', 'integer'),
        ('is_baseline', 'boolean'),
        ('definition_changed', 'boolean'),
        ('joined_count', 'integer'),
        ('left_count', 'integer'),
        ('origin', 'text'),
    ],
    required=[
        'segment_id', 'run_id', 'run_id_start', 'run_id_end', 'total', 'previous_run_id',
        'baseline_run_id', 'run_number', 'is_baseline', 'joined_count', 'left_count',
    ]
) }}

)

select
    staged.*,
    -- A run and what it was compared with: a run may have been compared twice.
    {{ dbt.concat([
        'segment_id', "' '", 'run_id', "' '", activecampaign_segments.comparable('previous_run_id')
    ]) }} as comparison_key,
    -- Differs if any of this differs: a load may replace a run's row.
    {{ dbt.concat([
        'segment_id', "' '", 'run_id', "' '",
        activecampaign_segments.comparable('previous_run_id'), "' '",
        activecampaign_segments.comparable('run_id_start'), "' '",
        activecampaign_segments.comparable('run_id_end'), "' '",
        activecampaign_segments.comparable('segment_timestamp'), "' '",
        activecampaign_segments.comparable('run_number'), "' '",
        activecampaign_segments.comparable('total'), "' '",
        activecampaign_segments.comparable('joined_count'), "' '",
        activecampaign_segments.comparable('left_count'), "' '",
        activecampaign_segments.comparable('origin'), "' '",
        "case when is_baseline then '1' else '0' end", "' '",
        "case when definition_changed then '1' else '0' end",
    ]) }} as fingerprint
from staged
