"""Raw tables of one segment, as target-duckdb makes them, and what a query reads of them.

Runs with the Python of dbt, whose DuckDB is the one that dbt opens the file with:
`python -m tools.bench.raw_history FILE MEMBERS CHANGES FIRST_NIGHT NIGHTS` adds nights, and
`python -m tools.bench.raw_history FILE SQL_FILE` prints the rows that a SELECT reads.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb

SCHEMA = "tap_activecampaign_segments"
TABLES = """
CREATE SCHEMA IF NOT EXISTS tap_activecampaign_segments;
CREATE TABLE IF NOT EXISTS tap_activecampaign_segments.segments (
    segment_id VARCHAR, name VARCHAR, category VARCHAR, counts JSON, created_date TIMESTAMP,
    updated_date TIMESTAMP, last_used_date TIMESTAMP, listed_at TIMESTAMP, listing_size BIGINT
);
CREATE TABLE IF NOT EXISTS tap_activecampaign_segments.match_all_runs (
    segment_id VARCHAR, run_id VARCHAR, run_id_start TIMESTAMP, run_id_end TIMESTAMP,
    segment_timestamp TIMESTAMP, sort VARCHAR, total BIGINT, previous_run_id VARCHAR,
    baseline_run_id VARCHAR, run_number BIGINT, is_baseline BOOLEAN, definition_changed BOOLEAN,
    joined_count BIGINT, left_count BIGINT, origin VARCHAR
);
CREATE TABLE IF NOT EXISTS tap_activecampaign_segments.membership_changes (
    segment_id VARCHAR, contact_id BIGINT, run_id VARCHAR, change VARCHAR, changed_at TIMESTAMP,
    previous_run_id VARCHAR, previous_run_id_end TIMESTAMP, segment_timestamp TIMESTAMP,
    definition_changed BOOLEAN, is_baseline BOOLEAN
);
DELETE FROM tap_activecampaign_segments.segments;
INSERT INTO tap_activecampaign_segments.segments (segment_id, name, listed_at, listing_size)
VALUES ('large', 'Large', TIMESTAMP '2026-01-01', 1);
"""
NIGHT = """
INSERT INTO tap_activecampaign_segments.match_all_runs
SELECT
    'large', 'run ' || $night, ended - INTERVAL 1 MINUTE, ended, TIMESTAMP '2025-01-01', 'id',
    $members, CASE WHEN $night > 0 THEN 'run ' || ($night - 1) END, 'run 0', $night + 1,
    $night = 0, FALSE, CASE WHEN $night = 0 THEN $members ELSE $changes END,
    CASE WHEN $night = 0 THEN 0 ELSE $changes END, 'tap'
FROM (SELECT TIMESTAMP '2026-01-01 03:00:00' + to_days($night) AS ended);
INSERT INTO tap_activecampaign_segments.membership_changes
SELECT
    'large', contact_id, 'run ' || $night, change,
    TIMESTAMP '2026-01-01 03:00:00' + to_days($night),
    CASE WHEN $night > 0 THEN 'run ' || ($night - 1) END, NULL, TIMESTAMP '2025-01-01', FALSE,
    $night = 0
FROM (
    SELECT range AS contact_id, 'joined' AS change FROM range($members) WHERE $night = 0
    UNION ALL
    SELECT range + ($night - 1) * $changes, 'left' FROM range($changes) WHERE $night > 0
    UNION ALL
    SELECT $members + range + ($night - 1) * $changes, 'joined'
    FROM range($changes) WHERE $night > 0
);
"""
"""As many contacts leave as join, those first that have been members for longest."""


def add_nights(path: str, members: int, changes: int, first: int, nights: int) -> None:
    """Add the rows of nightly syncs.

    Args:
        path: Of the database file.
        members: Members of the segment; all of them join in night 0.
        changes: Contacts that join each night, and contacts that leave.
        first: First night.
        nights: Number of nights.
    """
    with closing(duckdb.connect(path)) as connection:
        connection.execute(TABLES)
        for night in range(first, first + nights):
            for statement in NIGHT.split(";")[:-1]:
                values = {"night": night, "members": members, "changes": changes}
                used = {name: value for name, value in values.items() if f"${name}" in statement}
                connection.execute(statement, used)


def count_rows_read(path: str, sql: str) -> dict[str, int]:
    """Return how many rows a SELECT reads, by table."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        with closing(duckdb.connect(path)) as connection:
            # Each thread would count the rows of a table.
            connection.execute("SET threads = 1")
            connection.execute("PRAGMA enable_profiling = 'json'")
            connection.execute(f"PRAGMA profiling_output = '{file.name}'")
            connection.execute(f"CREATE TEMP TABLE found AS {sql}")
        operators = [json.load(file)]
    found: dict[str, int] = {}
    while operators:
        operator = operators.pop()
        operators += operator.get("children", [])
        table = operator.get("extra_info", {}).get("Table")
        if table:
            found[table] = found.get(table, 0) + int(operator["operator_rows_scanned"])
    return found


if __name__ == "__main__":
    database, *arguments = sys.argv[1:]
    if len(arguments) == 1:
        query = Path(arguments[0]).read_text(encoding="utf-8")
        sys.stdout.write(json.dumps(count_rows_read(database, query)))
    else:
        add_nights(database, *map(int, arguments))
