"""The real Meltano: two runs from the sandbox into real loaders, and the project file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from demo import report
from demo.database import Database
from tap_activecampaign_segments import settings
from tap_activecampaign_segments.sandbox import Account, Sandbox, documents
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_activecampaign_segments.sandbox import Request, Segment

    Rows = list[dict[str, Any]]

ROOT = Path(__file__).parents[1]
MELTANO = ROOT / ".venv" / "meltano" / "bin" / "meltano"
PLUGINS = ROOT / ".meltano"
TAP = "tap-activecampaign-segments"
PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"

STREAMS = [
    "count_history",
    "match_all_runs",
    "membership_changes",
    "memberships",
    "segment_definitions",
    "segments",
]
START = 1_700_000_000.0
DAY = 86_400.0


class Project:
    """A Meltano project like the checked-in one, with output and state of its own."""

    def __init__(self, folder: Path) -> None:
        if not (MELTANO.exists() and (PLUGINS / ".ready").exists()):
            pytest.fail("Meltano and the plugins are not installed: make .meltano/.ready does it")
        self.output = folder / "output"
        self.output.mkdir(parents=True)
        (folder / "meltano.yml").write_bytes((ROOT / "meltano.yml").read_bytes())
        for kind in ("extractors", "loaders"):
            # Only the plugins' environments are shared, which no run writes to.
            (folder / ".meltano").mkdir(exist_ok=True)
            (folder / ".meltano" / kind).symlink_to(PLUGINS / kind)
        self._folder = folder

    def meltano(self, *arguments: str, **variables: str) -> str:
        """Run Meltano, which must succeed, and return what it said."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TAP_", "TARGET_", "MELTANO_"))
        }
        done = subprocess.run(  # noqa: S603
            [MELTANO, *arguments],
            cwd=self._folder,
            env={**environment, "MELTANO_AUTO_INSTALL": "false", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def run(self, loader: str, sandbox: Sandbox) -> list[Request]:
        """Sync once.

        Returns:
            What it asked the sandbox for.
        """
        sandbox.clear_requests()
        self.meltano(
            "run",
            TAP,
            loader,
            **{
                f"{PREFIX}API_URL": sandbox.url,
                f"{PREFIX}API_TOKEN": sandbox.token,
                f"{PREFIX}REQUESTS_PER_SECOND": "200.5",
            },
        )
        return sandbox.requests

    def manifest(self) -> tuple[dict[str, Any], str]:
        """Return what Meltano makes of the project file, and what it said."""
        said = self.meltano("--environment", "dev", "compile", "--lint")
        path = self._folder / ".meltano" / "manifests" / "meltano-manifest.dev.json"
        return json.loads(path.read_text()), said

    @property
    def database(self) -> Path:
        return self.output / "activecampaign.duckdb"


@dataclass
class Loaded:
    """What two runs, between which this and that changed, left in a target.

    Attributes:
        project: Where they ran.
        account: What they read.
        requests: What each of them asked for.
        known: What the account then knew, by stream.
        rows: What the target then held, by stream, in the tap's own forms.
    """

    project: Project
    account: Account
    requests: list[list[Request]]
    known: dict[str, Rows]
    rows: dict[str, Rows]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def in_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    loaded = load("target-duckdb", tmp_path_factory.mktemp("duckdb"), read_duckdb)
    # It keeps an empty text as none.
    for row in loaded.known["segment_definitions"]:
        row["description"] = row["description"] or None
    return loaded


@pytest.fixture(scope="module")
def in_jsonl(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load("target-jsonl", tmp_path_factory.mktemp("jsonl"), read_jsonl)


@pytest.fixture(params=["in_duckdb", "in_jsonl"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Loaded)
    return found


def load(loader: str, folder: Path, read: Callable[[Project], dict[str, Rows]]) -> Loaded:
    project = Project(folder)
    account = furnished()
    with Sandbox(account, requests_per_second=None) as sandbox:
        requests = [project.run(loader, sandbox)]
        change(account)
        listing = [documents.summary(account, segment) for segment in account.segments]
        requests.append(project.run(loader, sandbox))
    return Loaded(project, account, requests, known(account, listing), read(project))


def furnished() -> Account:
    """An account with a bit of everything; sizes are recorded by nobody but `change`."""
    account = Account()
    account.records_runs = False
    many = account.add_segment("Many", range(1, 10_102), evaluation_seconds=0.2)
    many.versions[0].description = 'Says "hello, world";\nin two lines, and ünïcödé'
    for number in range(1, 4):
        many.edit(START + number * DAY + 0.1234)
    for number in range(120):
        many.add_count(
            START + number // 3 * 0.4567 * DAY,
            number,
            active_result_count=None if number % 2 else number - 1,
        )
    few = account.add_segment("Few", [2**40, 7, 3])
    few.versions[0].meta = {"team": "growth"}
    account.add_segment("None")
    return account


def change(account: Account) -> None:
    """Let contacts come and go, a segment be edited and a size be recorded."""
    many, few, _ = account.segments
    many.members = range(51, 10_112)
    many.edit(name="Quite many")
    many.add_count(account.clock.time(), 10_061, active_result_count=10_000)
    few.members = [2**40, 3, 2**41]


def instant(text: str) -> str:
    """A timestamp as the tap writes it."""
    return f"{text[:-1]:0<26}Z"


def known(account: Account, listed: Iterable[Mapping[str, Any]]) -> dict[str, Rows]:
    """Return what the account knows, as rows.

    Args:
        account: After two runs.
        listed: Its listing at the time of the second.
    """
    rows: dict[str, Rows] = {stream: [] for stream in STREAMS}
    for resource in listed:
        rows["segments"].append(
            {"last_used_date": None}
            | {
                name: instant(value) if name.endswith("_date") else value
                for name, value in resource["attributes"].items()
            }
        )
    for segment in account.segments:
        for version in segment.versions:
            row = documents.definition(account, segment, version)["attributes"]
            rows["segment_definitions"].append(row | {"created_date": instant(row["created_date"])})
        for count in segment.counts:
            resource = documents.size(account, segment, count)
            row = {
                "active_result_count": None,
                "count_updating_with_runid": None,
                **resource["attributes"],
                "id": resource["id"],
            }
            rows["count_history"].append(row | {"timestamp": instant(row["timestamp"])})
        for stream, found in differences(account, segment).items():
            rows[stream] += found
    return rows


def differences(account: Account, segment: Segment) -> dict[str, Rows]:
    """Return the rows that hang on a segment's runs, of which the first is the baseline."""

    def text(at: float) -> str:
        return instant(account.timestamps.text(at))

    runs: Rows = []
    log: Rows = []
    last_word: dict[int, dict[str, Any]] = {}
    members: set[int] = set()
    baseline, *_ = segment.runs
    for previous, run in zip([None, *segment.runs], segment.runs, strict=False):
        joined, left = set(run.members) - members, members - set(run.members)
        members = set(run.members)
        edited = previous is not None and previous.segment_timestamp != run.segment_timestamp
        of_run = {"segment_id": segment.segment_id, "run_id": run.run_id}
        facts = {
            "segment_timestamp": text(run.segment_timestamp),
            "previous_run_id": previous.run_id if previous else None,
            "definition_changed": edited,
            "is_baseline": previous is None,
        }
        runs.append(
            of_run
            | facts
            | {
                "run_id_start": text(run.started),
                "run_id_end": text(run.ended),
                "sort": "id",
                "total": len(run.members),
                "baseline_run_id": baseline.run_id,
                "joined_count": len(joined),
                "left_count": len(left),
            }
        )
        for contact_id in joined | left:
            of_contact = of_run | {"contact_id": contact_id, "changed_at": text(run.ended)}
            log.append(
                of_contact
                | facts
                | {
                    "change": "joined" if contact_id in joined else "left",
                    "previous_run_id_end": text(previous.ended) if previous else None,
                }
            )
            last_word[contact_id] = of_contact | {
                "is_member": contact_id in joined,
                "baseline_run_id": baseline.run_id,
            }
    return {
        "match_all_runs": runs,
        "membership_changes": log,
        "memberships": list(last_word.values()),
    }


def read_duckdb(project: Project) -> dict[str, Rows]:
    with closing(duckdb.connect(str(project.database), read_only=True)) as connection:
        connection.execute("USE tap_activecampaign_segments")
        tables = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {table: list(table_rows(connection, table)) for table in tables}


def table_rows(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[dict[str, Any]]:
    found = connection.execute(f'FROM "{table}"')
    columns = [(column[0], str(column[1])) for column in found.description or ()]
    for row in found.fetchall():
        yield {name: cell(value, kind) for (name, kind), value in zip(columns, row, strict=True)}


def cell(value: Any, kind: str) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"
    return json.loads(value) if kind == "JSON" and value is not None else value


def read_jsonl(project: Project) -> dict[str, Rows]:
    return {
        path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in project.output.glob("*.jsonl")
    }


@cache
def keys() -> dict[str, list[str]]:
    return {entry["stream"]: entry["key_properties"] for entry in discover()["streams"]}


def by_key(stream: str, rows: Rows) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows by their keys; of several with one key, the last."""
    return {tuple(row[name] for name in keys()[stream]): row for row in rows}


def repetitions(loaded: Loaded) -> dict[str, int]:
    return {stream: len(rows) - len(by_key(stream, rows)) for stream, rows in loaded.rows.items()}


@pytest.mark.parametrize("stream", STREAMS)
def test_the_target_holds_what_the_account_knows(loaded: Loaded, stream: str) -> None:
    rows = by_key(stream, loaded.rows[stream])
    for row in rows.values():
        row.pop("listed_at", None)
    assert rows == by_key(stream, loaded.known[stream])


def test_the_full_result_is_not_selected(loaded: Loaded) -> None:
    assert sorted(loaded.rows) == STREAMS


def test_no_row_is_twice_in_duckdb(in_duckdb: Loaded) -> None:
    assert not any(repetitions(in_duckdb).values())


def test_only_the_listing_and_the_rows_at_a_bookmark_leave_twice(in_jsonl: Loaded) -> None:
    assert repetitions(in_jsonl) == {
        "count_history": 3,
        "match_all_runs": 0,
        "membership_changes": 0,
        "memberships": 51,
        "segment_definitions": 1,
        "segments": 3,
    }


def test_duckdb_keeps_the_types(in_duckdb: Loaded) -> None:
    with closing(duckdb.connect(str(in_duckdb.project.database), read_only=True)) as connection:
        types = {
            (table, column): kind
            for table, column, kind in connection.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            ).fetchall()
        }
    assert types["memberships", "contact_id"] == types["match_all_runs", "total"] == "BIGINT"
    assert types["memberships", "is_member"] == "BOOLEAN"
    assert types["count_history", "result_count"] == "DOUBLE"
    assert types["segment_definitions", "segment_conditions"] == "JSON"
    timestamps = {column for (_, column), kind in types.items() if kind == "TIMESTAMP"}
    assert timestamps == {
        "changed_at",
        "created_date",
        "last_used_date",
        "listed_at",
        "previous_run_id_end",
        "run_id_end",
        "run_id_start",
        "segment_timestamp",
        "timestamp",
        "updated_date",
    }


def test_the_second_run_asks_only_for_what_is_new(loaded: Loaded) -> None:
    first, second = (Counter(map(operation, requests)) for requests in loaded.requests)
    assert first["audiences"] == second["audiences"] == 1
    assert second["segmentsV2/count-history"] == 3 < first["segmentsV2/count-history"]
    # The runs told which segment was edited: its new version, and the one before.
    assert second["segmentsV2/createdDate"] == 2 < first["segmentsV2/createdDate"]
    assert [len(segment.runs) for segment in loaded.account.segments] == [2, 2, 2]


def operation(request: Request) -> str:
    """The part of the path that says what is asked for."""
    _, _, _, resource, *rest = request.path.split("/")
    return "/".join([resource, *rest[1:2]])


def test_the_demo_reports_who_came_and_went_in_80_columns(in_duckdb: Loaded) -> None:
    database = Database(in_duckdb.project.database)
    rows = database.rows()
    lines = report.text(database, rows | {"memberships": 10_104}, rows).splitlines()
    assert max(map(len, lines)) <= 80
    words = [line.split() for line in lines]
    assert ["memberships", "10,104", "10,115", "+11"] in [each[:4] for each in words]
    assert ["Quite", "many", "10,061", "+10", "-50", "+10102", "+10103", "-1"] in words
    assert ["Few", "3", "+1", "-1", "+2199023255552", "-7"] in words
    assert ["None", "0", "-", "-"] in words
    [plotted] = [each for each in words if each[-2:] == ["10,061", "10,061"]]
    assert plotted[2].endswith("█")


def test_every_setting_of_the_tap_is_in_the_project_file(project: Project) -> None:
    manifest, _ = project.manifest()
    [tap] = manifest["plugins"]["extractors"]
    found = {each["name"]: each for each in tap["settings"]}
    assert found == {name: setting(name, schema) for name, schema in leaves(settings.SCHEMA)}


def leaves(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings as Meltano knows them: what lies in an object has a name with dots."""
    for name, property_ in schema["properties"].items():
        if "properties" in property_:
            yield from leaves(property_, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", property_


def setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A setting of the tap as the project file should have it."""
    [kind] = [each for each in schema["type"] if each != "null"]
    if kind == "number":
        # Meltano 4.4 cannot write a decimal that comes from the environment; the tap reads text.
        kind = "string"
    return {
        "name": name,
        "kind": "date_iso8601" if schema.get("format") == "date-time" else kind,
        "label": schema["title"],
        "description": schema["description"],
        **({"value": schema["default"]} if "default" in schema else {}),
        **({"sensitive": True} if schema.get("secret") else {}),
    }


def test_the_project_file_has_the_capabilities_of_the_tap(project: Project) -> None:
    manifest, _ = project.manifest()
    [tap] = manifest["plugins"]["extractors"]
    capabilities = {each.value for each in TapActiveCampaignSegments.capabilities}
    assert set(tap["capabilities"]) == capabilities


def test_meltano_finds_no_fault_with_the_project_file(project: Project) -> None:
    # It only warns of what it finds.
    _, said = project.manifest()
    assert "Compiled" in said
    assert "Failed to validate" not in said


def test_the_project_file_keeps_to_the_schema() -> None:
    line = ["-m", "check_jsonschema", "--builtin-schema", "vendor.meltano", "meltano.yml"]
    done = subprocess.run([sys.executable, *line], cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == 0
