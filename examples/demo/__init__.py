"""Demo: two syncs of the sandbox with Meltano into DuckDB, dbt, and a report of the tables."""
