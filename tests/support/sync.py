"""Runs the tap as its command does, and checks its output against the Singer specification."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from tap_activecampaign_segments.tap import TapActiveCampaignSegments, configured_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_activecampaign_segments.sandbox import Sandbox

RUN_STREAMS = {"match_all_runs", "match_all_results", "membership_changes", "memberships"}
"""All streams of match-all runs."""
CHANGE_STREAMS = {"match_all_runs", "membership_changes", "memberships"}
"""Those without the full result."""
LOG_STREAMS = {"match_all_runs", "membership_changes"}
"""The log of changes and its commits."""
ENV_PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
"""Of the tap's environment variables."""
DEFAULT_STREAMS = {
    *("segments", "segment_definitions", "segment_conditions", "count_history", "match_all_runs"),
    *("membership_changes", "memberships"),
}
"""What is selected by default: all of ActiveCampaign's but match_all_results and contacts."""
VALIDATED_PER_STREAM = 20
"""Records that are validated against the schema, per stream."""


@dataclass
class Sync:
    """Output of one invocation of the tap.

    Attributes:
        exit_code: Of the process.
        messages: The Singer messages.
        log: Standard error.
    """

    exit_code: int
    messages: list[dict[str, Any]]
    log: str

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    @property
    def types(self) -> list[tuple[str, str | None]]:
        return [(message["type"], message.get("stream")) for message in self.messages]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        """The last STATE, as a target keeps it."""
        return json.loads(json.dumps(self.states[-1]))  # type: ignore[no-any-return]

    @property
    def errors(self) -> list[str]:
        return [line for line in self.log.splitlines() if "| ERROR" in line]

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.log.splitlines() if "| WARNING" in line]


def config_of(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    """Return a configuration for a sandbox, without rate limiting."""
    return {
        "api_url": sandbox.url,
        "api_token": sandbox.token,
        "requests_per_second": 10_000,
        **settings,
    }


def sync(
    sandbox: Sandbox,
    *,
    state: dict[str, Any] | None = None,
    streams: Iterable[str] | None = None,
    **settings: Any,
) -> Sync:
    """Sync once.

    Args:
        sandbox: The account.
        state: Initial state.
        streams: Selected streams; all if absent.
        settings: The tap's settings.
    """
    config = config_of(sandbox, **settings)
    if streams is None:
        return sync_everything(config, state)
    return run_tap(config, **{"--state": state, "--catalog": catalog(streams)})


def sync_everything(config: dict[str, Any], state: Any = None) -> Sync:
    """Sync every stream that a configuration offers, match_all_results included."""
    return run_tap(config, **{"--state": state, "--catalog": everything(config)})


def run_tap(config: dict[str, Any], *arguments: str, **options: Any) -> Sync:
    """Invoke the tap's command in this process.

    Args:
        config: The configuration.
        arguments: Command line arguments.
        options: Command line options with the content of their JSON files; None omits one.
    """
    with tempfile.TemporaryDirectory() as folder:
        line = [*arguments]
        for option, content in {"--config": config, **options}.items():
            if content is not None:
                path = Path(folder, f"{option.strip('-')}.json")
                path.write_text(json.dumps(content))
                line += [option, str(path)]
        exit_code, out, err = _invoke(line)
    is_singer = not {"--about", "--discover"} & set(arguments)
    messages = [json.loads(row) for row in out.split("\n") if row] if is_singer else []
    check_messages(messages)
    return Sync(exit_code, messages, err)


def discover(*, both_sources: bool = False) -> dict[str, Any]:
    """Return the catalog that is discovered without settings, or with both sources."""
    config = {"api_url": "https://example.com", "mypreferences": {"client_id": "55"}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.json")
        path.write_text(json.dumps(config if both_sources else {}))
        exit_code, out, _ = _invoke(["--discover", "--config", str(path)])
    assert exit_code == 0
    return json.loads(out)  # type: ignore[no-any-return]


def about() -> dict[str, Any]:
    """Return what the tap tells about itself."""
    exit_code, out, _ = _invoke(["--about", "--format=json"])
    assert exit_code == 0
    return json.loads(out)  # type: ignore[no-any-return]


@cache
def _catalog_text(*, both_sources: bool = False) -> str:
    return json.dumps(discover(both_sources=both_sources))


def everything(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalog that selects every stream that a configuration offers."""
    both_sources = bool(config.get("mypreferences"))
    offered = (stream for source in configured_sources(config) for stream in source.stream_types)
    return catalog({stream.name for stream in offered}, both_sources=both_sources)


def catalog(streams: Iterable[str], *, both_sources: bool = False) -> dict[str, Any]:
    """Return a catalog that selects only these streams.

    Args:
        streams: The names of the streams.
        both_sources: Whether the catalog has the streams of MyPreferences too.
    """
    found: dict[str, Any] = json.loads(_catalog_text(both_sources=both_sources))
    for entry in found["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in set(streams)
    return found


def catalog_with(name: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return the discovered catalog with a changed stream entry."""
    found = copy.deepcopy(discover())
    for entry in found["streams"]:
        if entry["tap_stream_id"] == name:
            change(entry)
    return found


def _invoke(line: list[str]) -> tuple[int, str, str]:
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    handlers = logging.getLogger().handlers
    before = handlers.copy()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            TapActiveCampaignSegments.cli(line)
        exit_code = 0
    except SystemExit as end:
        exit_code = int(end.code or 0)
    finally:
        handlers[:] = before
        logging.captureWarnings(capture=False)
    out.seek(0)
    return exit_code, out.read(), err.getvalue()


def check_messages(messages: list[dict[str, Any]]) -> None:
    """Check messages: SCHEMA once and first, records valid and with keys."""
    schemas: dict[str, dict[str, Any]] = {}
    validators: dict[str, jsonschema.Draft202012Validator] = {}
    validated: dict[str, int] = {}
    for message in messages:
        stream = message.get("stream", "")
        if message["type"] == "SCHEMA":
            assert stream not in schemas, f"{stream}: a second SCHEMA"
            schemas[stream] = message
            validators[stream] = jsonschema.Draft202012Validator(
                message["schema"], format_checker=jsonschema.FormatChecker()
            )
        elif message["type"] == "RECORD":
            record = message["record"]
            assert all(record[key] is not None for key in schemas[stream]["key_properties"])
            if validated.setdefault(stream, 0) < VALIDATED_PER_STREAM:
                validated[stream] += 1
                validators[stream].validate(record)
        elif message["type"] == "ACTIVATE_VERSION":
            assert stream in schemas


def assert_refused(sandbox: Sandbox, synced: Sync, *words: str) -> None:
    """Check that a start fails with one error, the last line of the log, and no request."""
    assert synced.exit_code == 1
    [line] = synced.errors
    assert all(word in line for word in words)
    assert synced.log.splitlines()[-1] == line
    assert synced.messages == []
    assert sandbox.requests == []
    assert "Traceback" not in synced.log


def assert_rejected(synced: Sync) -> None:
    """Check that nothing was emitted, and one error logged."""
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    for stream in RUN_STREAMS:
        assert synced.records(stream) == []
