"""The package on Snowflake, BigQuery and Redshift, without any of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt.raw_tables import LOADERS

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "dbt"
PYTHON = Path(os.environ.get("DBT_PYTHON") or REPOSITORY / ".venv" / "dbt" / "bin" / "python")
"""Of an environment with dbt's adapters and sqlglot."""
UNAVOIDABLE = {"type timestamp is not known to be one of snowflake"}
"""In the freshness of a source: YAML knows no macros, and an instant is as fresh with a zone."""

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="make dbt installs what this needs"),
    pytest.mark.timeout(600),
]


def build(loader: str, package: Path = PACKAGE) -> dict[str, Any]:
    """Return all statements of a full and an incremental build, and their faults."""
    command = [str(PYTHON), "-m", "tests.dbt.offline", loader, str(package)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def models() -> Iterator[str]:
    yield "model.offline.members_at_a_date"
    for path in (PACKAGE / "models").rglob("*.sql"):
        yield f"model.activecampaign_segments.{path.stem}"


@pytest.mark.parametrize("loader", sorted(LOADERS))
def test_package_builds_for_warehouse_that_is_not_there(loader: str) -> None:
    built = build(loader)

    faults = built["faults"]
    assert [
        each
        for each in faults
        if not (each["node"].startswith("source.") and each["text"] in UNAVOIDABLE)
    ] == []
    for statements in built["statements"].values():
        assert set(models()) <= set(statements)


FOREIGN = {
    "snowflake": {
        "select strftime(run_id_end, '%Y') as year from runs": "function strftime",
        "select to_json(segment_id) as value from runs": "function to_json",
        'select "run_id" from runs': '"run_id" is another name',
        "select nothing from runs": "'NOTHING' could not be resolved",
        "select run_id as rows from runs": "rows is a reserved word",
        "select distinct on (segment_id) run_id from runs": "DISTINCT ON",
        "select count(*) filter (where is_baseline) as baselines from runs": "no FILTER",
        "select r.run_id, (select max(p.run_id) from runs as p where p.total < r.total) as less"
        " from runs as r": "correlated by something else",
        "select 1 as one from runs where segment_id = total": "number and text",
    },
    "bigquery": {
        "select listagg(run_id, ',') as ids from runs": "function listagg",
        "select cast(total as text) as total from runs": "type text",
        "select total::string as total from runs": "operator ::",
        "select run_id_end >= cast(run_id_start as datetime) as x from runs": "time with",
        'select "run_id" as run_id from runs': "is text, not a name",
        "select run_id || total as key from runs": "is concatenated, but no text",
        "select run_id_end + interval '1 day' as day from runs": "has its unit in the text",
        "select run_id from runs union select segment_id from runs": "union without",
        "select 1 as one where 1 = 0": "WHERE without FROM",
        "select a.run_id from runs as a left join runs as b on b.total < a.total": "LEFT JOIN",
        "select 1 as x from runs where (run_id, total) in (select run_id, total from runs)": "IN",
        "select x.n from (with recursive n as (select 1 as n union all select n + 1 from n"
        " where n < 3) select n from n) as x": "below the top level",
    },
    "redshift": {
        "select string_agg(run_id, ',') as ids from runs": "function string_agg",
        "select sum(total) over (order by run_id_end) as total from runs": "needs a frame",
        "select lag(total, 1, 0) over (order by run_id_end) as total from runs": "no default",
        "select run_id is distinct from segment_id as x from runs": "unknown to Redshift",
        "select max(is_baseline) as x from runs": "of a boolean",
        "select cast(is_baseline as varchar) as x from runs": "boolean is not cast",
        "select run_id as timestamp from runs": "timestamp is a reserved word",
        "select run_id from runs where (": "Expecting )",
        "with recursive n as (select 1 as n union all select n + 1 from n where n < 3)"
        " select n from n": "has no list of columns",
        "with recursive n(n) as (select 1 as n union all select max(n.n) + 1 from n where n.n < 3)"
        " select n from n": "in the recursive term",
    },
}


@pytest.mark.parametrize("loader", FOREIGN)
def test_sql_of_another_dialect_is_a_fault(loader: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copy(PACKAGE / "dbt_project.yml", tmp_path)
    source = "{name: raw, schema: tap_activecampaign_segments, tables: [{name: match_all_runs}]}"
    (tmp_path / "models" / "sources.yml").write_text(f"sources: [{source}]\n", "utf-8")
    for number, sql in enumerate(FOREIGN[loader]):
        model = re.sub(r"\bruns\b", "{{ source('raw', 'match_all_runs') }}", sql)
        (tmp_path / "models" / f"foreign_{number}.sql").write_text(model, "utf-8")

    faults = build(loader, tmp_path)["faults"]

    for number, (sql, expected) in enumerate(FOREIGN[loader].items()):
        found = [each["text"] for each in faults if each["node"].endswith(f".foreign_{number}")]
        assert any(expected in text for text in found), (sql, found)


def test_connection_is_a_fault() -> None:
    """A build that reaches for the network fails, so one that is green did not."""
    code = (
        "import socket; from tests.dbt.recording import no_network\n"
        "with no_network(): socket.create_connection(('127.0.0.1', 9))"
    )
    done = subprocess.run(
        [str(PYTHON), "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert "NoNetworkError" in done.stderr
