"""The SDK's standard tests, and the catalog that the tap discovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.sync import config_of, discover

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: dict[str, object] = {"api_url": "http://127.0.0.1:1", "api_token": "none"}
"""Completed by the fixture that serves the sandbox."""
ALL_CONTACTS: dict[str, object] = {**CONFIG, "contacts": "all", "contact_identifiers": "hashed"}

# A connection test writes no run row.
SUITE = SuiteConfig(max_records_limit=5, ignore_no_records_for_streams=["match_all_runs"])


@pytest.fixture(scope="module", autouse=True)
def _standard_sandbox() -> Iterator[None]:
    account = Account(seed=3)
    segment = account.add_segment("some", range(1, 8))
    segment.add_count(1_700_000_000.0, 7)
    with Sandbox(account, requests_per_second=None) as sandbox:
        for config in (CONFIG, ALL_CONTACTS):
            config.update(config_of(sandbox))
        yield


class TestStandard(
    get_tap_test_class(  # type: ignore[misc]
        TapActiveCampaignSegments,
        config=CONFIG,
        suite_config=SUITE,
        parse_env_config=False,
    )
):
    """The standard tests."""


class TestStandardOfAllContacts(
    get_tap_test_class(  # type: ignore[misc]
        TapActiveCampaignSegments,
        config=ALL_CONTACTS,
        suite_config=SUITE,
        parse_env_config=False,
    )
):
    """The standard tests, with all contacts of the account."""


def test_discovered_catalog_is_valid_and_described() -> None:
    catalog = discover()
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    assert names == [
        "segments",
        "count_history",
        "match_all_runs",
        "match_all_results",
        "membership_changes",
        "memberships",
        "segment_definitions",
        "segment_conditions",
        "contacts",
    ]
    for entry in catalog["streams"]:
        for name, schema in entry["schema"]["properties"].items():
            assert schema["description"], (entry["tap_stream_id"], name)
        for key in entry["key_properties"]:
            assert "null" not in entry["schema"]["properties"][key]["type"]
