"""What is read where nothing is selected: every stream but match_all_results and contacts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mypreferences import signed_config
from tests.support.sync import (
    DEFAULT_STREAMS,
    Sync,
    catalog,
    catalog_with,
    config_of,
    discover,
    run_tap,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment

RESULTS = "match_all_results"
DESELECTED = {RESULTS, "contacts"}
GROUP_STREAMS = {"segment_group_exports", "segment_group_profiles"}


def streams_of(synced: Sync) -> set[str | None]:
    return {stream for kind, stream in synced.types if kind in {"SCHEMA", "RECORD"}}


def root_metadata(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metadata of each stream itself."""
    return {
        entry["tap_stream_id"]: metadata["metadata"]
        for entry in found["streams"]
        for metadata in entry["metadata"]
        if metadata["breadcrumb"] == []
    }


@pytest.mark.parametrize("both_sources", [False, True])
def test_discovery_deselects_the_full_result_and_contacts(*, both_sources: bool) -> None:
    found = root_metadata(discover(both_sources=both_sources))
    others = GROUP_STREAMS if both_sources else set()
    assert found.keys() == DEFAULT_STREAMS | DESELECTED | others
    for name, metadata in found.items():
        assert metadata["selected"] is (name not in DESELECTED)
        assert metadata["selected-by-default"] is (name not in DESELECTED)


@pytest.mark.parametrize("selection", [None, "discovered"])
def test_full_result_and_contacts_are_not_read_by_default(
    populated: Sandbox, selection: str | None
) -> None:
    config = {**config_of(populated), "mypreferences": signed_config(populated)}
    chosen = discover(both_sources=True) if selection else None
    synced = run_tap(config, **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert streams_of(synced) == DEFAULT_STREAMS | GROUP_STREAMS
    assert len(synced.records("memberships")) == 60


def test_default_sends_the_requests_of_the_other_streams(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.records_runs = False
    sent = []
    for chosen in (None, catalog(DEFAULT_STREAMS)):
        sandbox.clear_requests()
        assert run_tap(config_of(sandbox, page_size=50), **{"--catalog": chosen}).exit_code == 0
        sent.append(endpoints(sandbox))
    assert sent[0] == sent[1]
    assert sent[0]["GET /api/3/segmentMatchAll/{id}/{id}"] == len(segment.members) // 50


def endpoints(sandbox: Sandbox) -> Counter[str]:
    """Return how often each endpoint was requested, whatever the ids and instants."""
    return Counter(
        f"{request.method} {re.sub(r'[0-9a-f-]{36}|[0-9]{10,}', '{id}', request.path)}"
        for request in sandbox.requests
    )


def select(names: Iterable[str]) -> dict[str, Any]:
    """Return the discovered catalog, with these streams selected as well."""
    found = discover()
    for name, metadata in root_metadata(found).items():
        metadata["selected"] = metadata["selected"] or name in names
    return found


@pytest.mark.parametrize(
    "chosen",
    [
        select([RESULTS]),
        catalog([RESULTS]),
        # Without metadata everything of a stream is selected.
        catalog_with(RESULTS, lambda entry: entry.pop("metadata")),
    ],
    ids=["with the default", "alone", "without metadata"],
)
def test_full_result_is_read_where_a_catalog_selects_it(
    sandbox: Sandbox, segment: Segment, chosen: dict[str, Any]
) -> None:
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    ids = [row["contact_id"] for row in synced.records(RESULTS)]
    assert ids == sorted(segment.members)


def test_default_sync_drops_no_rows_of_the_full_result(sandbox: Sandbox, segment: Segment) -> None:
    synced = run_tap(config_of(sandbox, emit_activate_version_messages=True))
    assert synced.exit_code == 0
    activated = {stream for kind, stream in synced.types if kind == "ACTIVATE_VERSION"}
    assert activated == {"segments"}
    assert segment.runs
