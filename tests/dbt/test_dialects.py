"""The package on Snowflake, BigQuery and Redshift, without any of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "dbt"
PYTHON = Path(os.environ.get("DBT_PYTHON") or REPOSITORY / ".venv" / "dbt" / "bin" / "python")
"""Of an environment with dbt's adapters and sqlglot."""
LOADERS = ["snowflake", "bigquery", "bigquery-text", "redshift", "redshift-text"]

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="make dbt installs what this needs"),
    pytest.mark.timeout(600),
]


def build(loader: str, package: Path = PACKAGE) -> dict[str, Any]:
    """Return all statements of a full and an incremental build, and their faults."""
    command = [str(PYTHON), "-m", "tests.dbt.offline", loader, str(package)]
    done = subprocess.run(  # noqa: S603
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def models() -> Iterator[str]:
    yield "model.offline.members_at_a_date"
    for path in (PACKAGE / "models").rglob("*.sql"):
        yield f"model.activecampaign_segments.{path.stem}"


@pytest.mark.parametrize("loader", LOADERS)
def test_package_builds_for_warehouse_that_is_not_there(loader: str) -> None:
    built = build(loader)

    assert built["faults"] == []
    for statements in built["statements"].values():
        assert set(models()) <= set(statements)


FOREIGN = {
    "snowflake": {
        "select strftime(run_id_end, '%Y') as year": "function strftime",
        "select to_json(segment_id) as value": "function to_json",
        'select "run_id"': '"run_id" is another name',
        "select nothing": "'NOTHING' could not be resolved",
        "select run_id as rows": "rows is a reserved word",
    },
    "bigquery": {
        "select listagg(run_id, ',') as ids": "function listagg",
        "select cast(total as text) as total": "type text",
        "select total::string as total": "operator ::",
        "select run_id_end >= cast(current_timestamp() as datetime) as x": "time with",
        'select "run_id" as run_id': "is text, not a name",
        "select run_id || total as key": "is concatenated, but no text",
        "select interval '1 day' as day": "has its unit in the text",
    },
    "redshift": {
        "select string_agg(run_id, ',') as ids": "function string_agg",
        "select sum(total) over (order by run_id_end) as total": "needs a frame",
        "select run_id is distinct from segment_id as x": "unknown to Redshift",
        "select max(is_baseline) as x": "of a boolean",
        "select cast(is_baseline as varchar) as x": "boolean is not cast",
        "select run_id as timestamp": "timestamp is a reserved word",
        "select run_id where (": "Expecting )",
    },
}


@pytest.mark.parametrize("loader", FOREIGN)
def test_sql_of_another_dialect_is_a_fault(loader: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copy(PACKAGE / "dbt_project.yml", tmp_path)
    source = "{name: raw, schema: tap_activecampaign_segments, tables: [{name: match_all_runs}]}"
    (tmp_path / "models" / "sources.yml").write_text(f"sources: [{source}]\n", "utf-8")
    for number, select in enumerate(FOREIGN[loader]):
        sql = f"{select} from {{{{ source('raw', 'match_all_runs') }}}}\n"
        (tmp_path / "models" / f"foreign_{number}.sql").write_text(sql, "utf-8")

    faults = build(loader, tmp_path)["faults"]

    for number, (select, expected) in enumerate(FOREIGN[loader].items()):
        found = [each["text"] for each in faults if each["node"].endswith(f"foreign_{number}")]
        assert any(expected in text for text in found), (select, found)
