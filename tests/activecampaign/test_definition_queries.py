"""The documented queries on definitions: which use a field or a tag, and what edits changed."""

from __future__ import annotations

from datetime import datetime, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.nightly import nightly_sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.warehouse import Warehouse

TAG = "segments that use a tag"
FIELD = "segments that use a field"
DEFINITIONS = "definitions and what each edit changed"
STREAMS = {"segment_definitions", "segment_conditions"}
EDITED = 1_600_000_000.0
"""Epoch seconds of a first edit."""
MONTH = 2_600_000.0
"""Seconds after which the next one follows."""


def condition(kind: str, name: str, value: Any, **fields: Any) -> dict[str, Any]:
    """Return a condition with one field."""
    given = {"name": name, "operator": "=", "data_type": "string", "value": value, **fields}
    return {"id": "1", "object_type": kind, "source_system": "activecampaign", "fields": [given]}


def define(segment: Segment, *conditions: dict[str, Any], at: float | None = None) -> None:
    """Add a version with other conditions."""
    numbered = [{**each, "id": str(number)} for number, each in enumerate(conditions, 1)]
    values = [{"id": each["id"], "type": "condition"} for each in numbered]
    groups = [{"id": "1", "operator": "and", "values": values}] if values else []
    segment.edit(at, conditions=numbered, groups=groups, operator="and")


class TestTag:
    @pytest.mark.parametrize("value", [14, "14", ["14"], ["3", "14"], [14, 3], "3,14"], ids=repr)
    def test_is_found_alone_and_in_a_list(
        self, account: Account, sandbox: Sandbox, warehouse: Warehouse, value: Any
    ) -> None:
        segment = account.add_segment("tagged")
        tag = condition("tag", "tagid", value)
        define(segment, condition("contact", "email", "x"), tag, tag)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        [(segment_id, name, operator, _)] = warehouse.query(TAG)
        assert (segment_id, name, operator) == (segment.segment_id, "tagged", "=")

    @pytest.mark.parametrize(
        "other",
        [
            condition("tag", "tagid", "140"),
            condition("tag", "tagid", ["1", "4"]),
            condition("tag", "tagid", None),
            condition("tag", "tagid", "14", external=True),
            condition("list", "listid", "14"),
        ],
        ids=str,
    )
    def test_is_not_another_one(
        self,
        account: Account,
        sandbox: Sandbox,
        warehouse: Warehouse,
        other: dict[str, Any],
    ) -> None:
        define(account.add_segment("other"), other)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        assert warehouse.query(TAG) == []

    def test_counts_in_the_latest_version_only(
        self, account: Account, sandbox: Sandbox, warehouse: Warehouse
    ) -> None:
        for name, conditions in (
            ("other tag", [condition("tag", "tagid", "15")]),
            ("no condition", []),
        ):
            segment = account.add_segment(name)
            define(segment, condition("tag", "tagid", "14"), at=EDITED)
            define(segment, *conditions, at=EDITED + MONTH)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        assert any(row["value"] == "14" for row in warehouse.rows("segment_conditions"))
        assert warehouse.query(TAG) == []


class TestField:
    def test_is_counted_in_the_latest_version(
        self, account: Account, sandbox: Sandbox, warehouse: Warehouse
    ) -> None:
        email = condition("contact", "email", "x")
        twice, none, gone = (account.add_segment(name) for name in ("twice", "none", "gone"))
        define(twice, email, condition("tag", "tagid", "14"), {**email, "id": "3"})
        define(none, condition("contact", "phone", "x"))
        define(gone, email, at=EDITED)
        define(gone, at=EDITED + MONTH)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        assert warehouse.query(FIELD) == [(twice.segment_id, "twice", "contact", "email", 2)]


def moment(seconds: float) -> datetime:
    """Return epoch seconds as the database shows them."""
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)


def test_definitions_have_their_words_and_how_long_they_held(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("some")
    for number, tag in enumerate(("14", "15")):
        define(segment, condition("tag", "tagid", tag), at=EDITED + MONTH * number)
    nightly_sync(sandbox, warehouse, streams=STREAMS)
    rows = sorted(warehouse.query(DEFINITIONS), key=itemgetter(2))
    assert {row[:2] for row in rows} == {(segment.segment_id, "some")}
    created = [moment(version.created) for version in segment.versions]
    assert [row[2:4] for row in rows] == [*zip(created, [*created[1:], None], strict=True)]
    assert rows[0][5] is None
    assert [row[6] for row in rows[1:]] == ["has the tag 14", "has the tag 15"]
    assert rows[2][5] == "changed: has the tag 14 -> has the tag 15"
