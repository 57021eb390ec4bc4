"""Structured logs, and the SDK's metrics for whoever collects them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.mypreferences import signed_config
from tests.support.processes import FAST_TAP
from tests.support.sync import CHANGE_STREAMS, catalog, config_of

if TYPE_CHECKING:
    from pathlib import Path

CONSOLE: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"level": "INFO", "handlers": ["console"]},
}
"""The configuration that Meltano gives to a tap."""


def run(
    folder: Path, config: dict[str, Any], log_config: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the tap in a process of its own, whose logging is configured from outside."""
    files = {"config": config, "catalog": catalog({"segments", *CHANGE_STREAMS}), "log": log_config}
    if "mypreferences" in config:
        files["catalog"] = None
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    line = [sys.executable, *FAST_TAP, "--config", str(folder / "config.json")]
    if files["catalog"]:
        line += ["--catalog", str(folder / "catalog.json")]
    environment = {**os.environ}
    if log_config:
        environment["SINGER_SDK_LOG_CONFIG"] = str(folder / "log.json")
    return subprocess.run(  # noqa: S603
        line, capture_output=True, text=True, check=False, env=environment
    )


def entries(text: str) -> list[dict[str, Any]]:
    """Return the structured lines."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def metrics(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the points of a metric."""
    points = [each["metric_info"] for each in found if "metric_info" in each]
    return [each for each in points if each["metric"] == name]


def test_lines_have_stream_and_segment_as_fields(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    good, bad = account.add_segment("good", range(9)), account.add_segment("bad", range(9))
    sandbox.faults.add(Fault("status", "start", status=503, segment_id=good.segment_id))
    sandbox.faults.add(Fault("run_fails", segment_id=bad.segment_id, times=None))
    found = entries(run(tmp_path, config_of(sandbox), CONSOLE).stderr)
    about_segments = [
        each
        for each in found
        if each["stream_name"] == "match_all_runs" and " of 2;" not in each["message"]
    ]
    fields = {
        (each["level"], each["extra"]["segment_id"], each["extra"]["segment"])
        for each in about_segments
    }
    # Baseline and retry of the one, further evaluations and failure of the other.
    assert fields == {
        ("info", good.segment_id, "good"),
        ("warning", good.segment_id, "good"),
        ("warning", bad.segment_id, "bad"),
        ("error", bad.segment_id, "bad"),
    }
    [retry] = [each for each in found if "trying again" in each["message"]]
    assert retry in about_segments
    [end] = [each for each in found if "summary" in each["extra"]]
    assert end["extra"]["summary"]["segments_failed"] == 1
    assert end["extra"]["summary"]["rows"]["memberships"] == len(good.members)
    assert end["stream_name"] is None


def test_listing_is_of_the_stream_segments(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault("status", "list", status=401, times=None))
    [failure] = [
        each
        for each in entries(run(tmp_path, config_of(sandbox), CONSOLE).stderr)
        if each["level"] == "error"
    ]
    assert failure["stream_name"] == "segments"
    assert segment.segment_id not in json.dumps(failure)


def test_segment_group_is_a_field(both_vendors: Sandbox, tmp_path: Path) -> None:
    both_vendors.faults.add(Fault("export_fails", times=None))
    config = {"mypreferences": signed_config(both_vendors)}
    [failure] = [
        each for each in entries(run(tmp_path, config, CONSOLE).stderr) if each["level"] == "error"
    ]
    assert failure["stream_name"] == "segment_group_exports"
    assert failure["extra"]["segment_group"] == "Newsletter"


def collector(path: Path, *, on_console: bool) -> dict[str, Any]:
    """Return a configuration that collects the metrics, as the SDK documents it."""
    handlers = {
        **CONSOLE["handlers"],
        "metrics": {"class": "logging.FileHandler", "formatter": "json", "filename": str(path)},
    }
    logger = {"level": "INFO", "handlers": ["metrics"], "propagate": on_console}
    return {**CONSOLE, "handlers": handlers, "loggers": {"singer_sdk.metrics": logger}}


def test_collector_gets_the_http_metrics_of_all_requests(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    first = account.add_segment("first", range(9))
    account.add_segment("second", range(9))
    sandbox.faults.add(Fault("status", "start", status=503, segment_id=first.segment_id))
    path = tmp_path / "metrics.log"
    done = run(tmp_path, config_of(sandbox), collector(path, on_console=False))
    assert done.returncode == 0
    assert "METRIC" not in done.stderr
    found = entries(path.read_text())
    counts = metrics(found, "http_request_count")
    assert sum(each["value"] for each in counts) == len(sandbox.requests)
    assert {(each["tags"]["stream"], each["tags"]["endpoint"]) for each in counts} == {
        ("segments", "/audiences"),
        ("match_all_runs", "/users/me"),
        ("match_all_runs", "/segmentMatchAll/{id}"),
    }
    durations = metrics(found, "http_request_duration")
    assert len(durations) == len(sandbox.requests)
    assert all(each["type"] == "timer" and each["value"] > 0 for each in durations)
    [refused] = [each["tags"] for each in durations if each["tags"]["status"] == "failed"]
    assert refused["http_status_code"] == 503
    assert refused["context"]["segment_id"] == first.segment_id
    assert {each["tags"]["stream"] for each in metrics(found, "record_count")} == {
        "segments",
        *CHANGE_STREAMS,
    }


def test_collector_may_have_the_metrics_on_the_console_too(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.log"
    done = run(tmp_path, config_of(sandbox), collector(path, on_console=True))
    assert metrics(entries(done.stderr), "http_request_count")
    assert segment.segment_id in done.stderr


@pytest.mark.parametrize("name", ["LOGLEVEL", "TAP_ACTIVECAMPAIGN_SEGMENTS_LOGLEVEL"])
def test_debug_level_shows_the_detail(
    sandbox: Sandbox,
    segment: Segment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv(name, "DEBUG")
    log = run(tmp_path, config_of(sandbox)).stderr
    assert "http_request_duration" in log
    assert "http_request_count" in log
    assert "Beginning sync of 'match_all_runs'" in log
    assert segment.segment_id in log


def test_meltano_at_debug_level_gets_the_detail(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    log_config = {**CONSOLE, "root": {"level": "DEBUG", "handlers": ["console"]}}
    found = entries(run(tmp_path, config_of(sandbox), log_config).stderr)
    assert metrics(found, "http_request_duration")
    assert any(each["message"].startswith("Beginning sync") for each in found)
    assert any(each["extra"].get("segment_id") == segment.segment_id for each in found)
