with staged as (

{{ activecampaign_segments.stage(
    source('activecampaign_segments', 'membership_changes'),
    [
        ('segment_id', 'text'),
        ('contact_id', 'integer'),
        ('run_id', 'text'),
        ('change', 'text'),
        ('changed_at', 'timestamp'),
        ('previous_run_id', 'text'),
        ('previous_run_id_end', 'timestamp'),
        ('segment_timestamp', 'timestamp'),
        ('definition_changed', 'boolean'),
        ('is_baseline', 'boolean'),
    ],
    required=[
        'segment_id', 'contact_id', 'run_id', 'change', 'changed_at', 'previous_run_id',
    ]
) }}

)

select
    staged.*,
    -- A run and what it was compared with: a run may have been compared twice.
    {{ dbt.concat([
        'segment_id', "' '", 'run_id', "' '", activecampaign_segments.comparable('previous_run_id')
    ]) }} as comparison_key
from staged
