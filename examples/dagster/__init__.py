"""Many accounts: the schedules of a Meltano project, run by Dagster."""
