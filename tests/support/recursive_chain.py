"""The views of docs/how-to/sql.md in recursive form: the reference for the documented ones."""

from __future__ import annotations

CHAIN = """
CREATE OR REPLACE VIEW whole_runs AS
WITH RECURSIVE counted AS (
    SELECT runs.*
    FROM match_all_runs AS runs
    LEFT JOIN (
        SELECT segment_id, run_id, previous_run_id, count(*) AS changes
        FROM membership_changes
        GROUP BY segment_id, run_id, previous_run_id
    ) AS log
      ON log.segment_id = runs.segment_id
     AND log.run_id = runs.run_id
     AND log.previous_run_id IS NOT DISTINCT FROM runs.previous_run_id
    WHERE runs.joined_count + runs.left_count = coalesce(log.changes, 0)
),
whole AS (
    SELECT * FROM counted WHERE is_baseline
    UNION ALL
    SELECT later.*
    FROM whole
    JOIN counted AS later
      ON later.segment_id = whole.segment_id
     AND later.previous_run_id = whole.run_id
     AND later.run_id_start > whole.run_id_start
)
SELECT * FROM whole;

CREATE OR REPLACE VIEW chain AS
WITH RECURSIVE runs AS (
    SELECT
        whole_runs.*,
        row_number() OVER (
            PARTITION BY segment_id ORDER BY run_id_start DESC, run_number DESC, run_id DESC
        ) AS age
    FROM whole_runs
),
chain AS (
    SELECT runs.*, 0 AS depth
    FROM runs
    WHERE age = 1
    UNION ALL
    SELECT earlier.*, chain.depth + 1
    FROM chain
    JOIN runs AS earlier
      ON earlier.segment_id = chain.segment_id
     AND earlier.run_id = chain.previous_run_id
)
SELECT * FROM chain;
"""
CHAIN_WITHOUT_LOG = """
CREATE OR REPLACE VIEW whole_runs AS
SELECT
    match_all_runs.*,
    row_number() OVER (
        PARTITION BY segment_id ORDER BY run_id_start DESC, run_number DESC, run_id DESC
    ) AS age
FROM match_all_runs
WHERE baseline_run_id IS NOT NULL;

CREATE OR REPLACE VIEW chain AS
WITH RECURSIVE chain AS (
    SELECT runs.*, 0 AS depth
    FROM whole_runs AS runs
    WHERE age = 1
    UNION ALL
    SELECT earlier.*, chain.depth + 1
    FROM chain
    JOIN whole_runs AS earlier
      ON earlier.segment_id = chain.segment_id
     AND earlier.run_id = chain.previous_run_id
     AND earlier.run_id_start < chain.run_id_start
)
SELECT * FROM chain;
"""
PAST = """
WITH RECURSIVE runs AS (
    SELECT
        whole_runs.*,
        row_number() OVER (
            PARTITION BY segment_id ORDER BY run_id_start DESC, run_number DESC, run_id DESC
        ) AS age
    FROM whole_runs
    WHERE run_id_end <= TIMESTAMP '2026-11-01 00:00:00'
),
chain_then AS (
    SELECT runs.*, 0 AS depth
    FROM runs
    WHERE age = 1
    UNION ALL
    SELECT earlier.*, chain_then.depth + 1
    FROM chain_then
    JOIN runs AS earlier
      ON earlier.segment_id = chain_then.segment_id
     AND earlier.run_id = chain_then.previous_run_id
)
SELECT segment_id, contact_id
FROM (
    SELECT
        changes.segment_id,
        changes.contact_id,
        changes.change,
        row_number() OVER (
            PARTITION BY changes.segment_id, changes.contact_id ORDER BY chain_then.depth
        ) AS age
    FROM membership_changes AS changes
    JOIN chain_then
      ON chain_then.segment_id = changes.segment_id
     AND chain_then.run_id = changes.run_id
     AND chain_then.previous_run_id IS NOT DISTINCT FROM changes.previous_run_id
) AS latest
WHERE age = 1 AND change = 'joined'
"""
