"""Faults of `GET contacts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_activecampaign_segments.sandbox import Fault

if TYPE_CHECKING:
    from tests.sandbox.client import SegmentsClient


@pytest.fixture(autouse=True)
def contacts(api: SegmentsClient) -> None:
    api.account.add_contacts(range(1, 4))


def get(api: SegmentsClient, fault: Fault) -> Any:
    """Return the altered answer, before an unaltered one."""
    api.sandbox.faults.add(fault)
    altered = api.get("contacts").json()
    assert ids(api.get("contacts").json()) == ["1", "2", "3"]
    assert fault.applied == 1
    return altered


def ids(content: dict[str, Any]) -> list[str]:
    return [each["id"] for each in content["contacts"]]


@pytest.mark.parametrize(
    ("kind", "found", "total"),
    [
        ("missing_row", ["1", "2"], "3"),
        ("duplicate", ["1", "2", "1"], "3"),
        ("text_id", ["abc", "2", "3"], "3"),
        ("empty_result", [], "0"),
        ("total_changes", ["1", "2", "3"], "4"),
        ("total_is", ["1", "2", "3"], 1),
    ],
)
def test_pages_are_corrupted(
    api: SegmentsClient, kind: str, found: list[str], total: object
) -> None:
    content = get(api, Fault(kind, "contacts"))
    assert ids(content) == found
    assert content["meta"] == {"total": total}


def test_no_page_has_no_total(api: SegmentsClient) -> None:
    assert get(api, Fault("no_page", "contacts")).keys() == {"contacts"}


def test_shapes(api: SegmentsClient) -> None:
    assert isinstance(get(api, Fault("not_object", "contacts")), list)
    assert get(api, Fault("no_data", "contacts")) == {"meta": {"total": "3"}}
    assert get(api, Fault("data_object", "contacts"))["contacts"]["id"] == "1"
    edit = Fault("edit", "contacts", answer=lambda content: {"seen": ids(content)})
    assert get(api, edit) == {"seen": ["1", "2", "3"]}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("status", "contacts", status=503), 503),
        (Fault("retry_after", "contacts"), 429),
        (Fault("not_found", "contacts"), 404),
        (Fault("empty", "contacts"), 200),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_answers_are_replaced(api: SegmentsClient, fault: Fault, status: int) -> None:
    api.sandbox.faults.add(fault)
    assert api.status("contacts?limit=1") == status
    assert ids(api.get("contacts").json()) == ["1", "2", "3"]


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_connections_break(api: SegmentsClient, kind: str) -> None:
    api.sandbox.faults.add(Fault(kind, "contacts"))
    with pytest.raises(requests.RequestException):
        api.get("contacts")
    assert api.status("contacts") == 200


def test_faults_of_other_operations_leave_contacts_alone(api: SegmentsClient) -> None:
    fault = api.sandbox.faults.add(Fault("missing_row", "read"))
    assert ids(api.get("contacts").json()) == ["1", "2", "3"]
    assert fault.applied == 0
