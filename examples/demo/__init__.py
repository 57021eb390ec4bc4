"""Demo: two syncs of the sandbox with Meltano into DuckDB, and a report of the tables."""
