"""Examples: a first sync against the sandbox, and many accounts on Dagster."""
