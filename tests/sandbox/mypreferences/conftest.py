"""Fixtures of the export API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.sandbox.client import ExportsClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import VirtualClock


@pytest.fixture
def vendor(clock: VirtualClock) -> Iterator[ExportsClient]:
    """A client with a group of seven profiles."""
    with Sandbox(Account(), clock) as sandbox, requests.Session() as session:
        sandbox.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 8)])
        yield ExportsClient(sandbox, session)
