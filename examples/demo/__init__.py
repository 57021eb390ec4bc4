"""The demo: two syncs of a sandbox by a real Meltano into DuckDB, and what they brought."""
