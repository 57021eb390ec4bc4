"""Example: a Meltano project with two accounts, scheduled by Dagster."""
