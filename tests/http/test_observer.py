"""The observer of a client: it is told of everything, and may end a request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
from tap_activecampaign_segments.errors import NotFoundError, TapError
from tap_activecampaign_segments.sandbox import Fault
from tests.support.sync import config_of

if TYPE_CHECKING:
    from tap_activecampaign_segments.http.responses import Response
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock


class Observer:
    """Notes what it is told, and raises what it is given."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.responses: list[tuple[str, int]] = []
        self.before: TapError | None = None
        self.after: TapError | None = None

    def before_request(self, endpoint: str) -> None:
        if self.before:
            raise self.before
        self.requests.append(endpoint)

    def after_response(self, endpoint: str, response: Response, seconds: float) -> None:
        assert seconds >= 0
        self.responses.append((endpoint, response.status))
        if self.after:
            raise self.after


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def client(sandbox: Sandbox, clock: SharedClock, observer: Observer) -> ActiveCampaignClient:
    settings = ActiveCampaignSettings.from_config(config_of(sandbox))
    logger = logging.getLogger("test")
    return ActiveCampaignClient(settings, clock, logger, observer=observer)


def test_observer_is_told_of_retries_too(
    sandbox: Sandbox, segment: Segment, client: ActiveCampaignClient, observer: Observer
) -> None:
    sandbox.faults.add(Fault("status", status=503))
    client.get("segmentsV2", segment.segment_id)
    assert observer.requests == ["/segmentsV2/{id}"] * 2
    assert observer.responses == [("/segmentsV2/{id}", 503), ("/segmentsV2/{id}", 200)]


def test_observer_may_refuse_a_request(
    sandbox: Sandbox, client: ActiveCampaignClient, observer: Observer
) -> None:
    observer.before = TapError("no more")
    with pytest.raises(TapError, match="no more"):
        client.get("audiences")
    assert sandbox.requests == []


def test_what_the_observer_raises_is_not_retried(
    sandbox: Sandbox, client: ActiveCampaignClient, observer: Observer
) -> None:
    sandbox.faults.add(Fault("gateway_404", times=None))
    observer.after = NotFoundError("gone", 404)
    with pytest.raises(NotFoundError, match="gone"):
        client.get("audiences")
    assert len(sandbox.requests) == 1


def test_contacts_are_read_by_ids(segment: Segment, client: ActiveCampaignClient) -> None:
    answer = client.get_contacts({"ids[]": [*segment.members][:2], "limit": 5})
    assert [each["id"] for each in answer["contacts"]] == ["1", "2"]
