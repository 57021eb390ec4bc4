"""The logic of definitions: conditions of many kinds, and edits that keep most of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account
from tap_activecampaign_segments.sandbox.activecampaign.conditions import hash_condition
from tests.sandbox.client import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox.activecampaign.definitions import Version


@pytest.fixture(scope="module")
def histories() -> list[list[Version]]:
    """Definitions of many segments, each edited a few times."""
    account = Account()
    for number in range(150):
        segment = account.add_segment(f"number {number}")
        for _ in range(4):
            segment.edit()
    return [segment.versions for segment in account.segments]


@pytest.fixture(scope="module")
def demo() -> dict[str | None, list[Version]]:
    return {segment.name: segment.versions for segment in Account.demo(now=NOW).segments}


def conditions(histories: list[list[Version]]) -> Iterator[dict[str, Any]]:
    for versions in histories:
        for version in versions:
            yield from version.conditions


def by_id(version: Version) -> dict[str, str]:
    return {each["id"]: each["hash"] for each in version.conditions}


def test_conditions_are_of_many_kinds(histories: list[list[Version]]) -> None:
    found = [*conditions(histories)]
    fields = [field for each in found for field in each["fields"]]
    assert {"tag", "list", "contact", "custom_field", "score", "deal", "email_open"} < {
        each["object_type"] for each in found
    }
    assert len({each["operator"] for each in fields}) > 25
    assert {each["data_type"] for each in fields} == {
        *("string", "number", "decimal", "date", "datetime", "list", "")
    }
    assert {each["field_aggregate"]["aggregate_field_operator"] for each in found} > {
        *("", "between", "most_recent", ">=", "=")
    }
    assert {each["source_system"] for each in found} == {"activecampaign", "app_17"}


def test_groups_name_each_condition_once(
    histories: list[list[Version]], demo: dict[str | None, list[Version]]
) -> None:
    sizes = set()
    for versions in (*histories, *demo.values()):
        for version in versions:
            named = [value["id"] for group in version.groups for value in group["values"]]
            assert sorted(named) == sorted(by_id(version))
            assert all(group["values"] for group in version.groups)
            sizes.add(len(version.groups))
    assert sizes == {1, 2}


def test_hashes_follow_from_the_content(histories: list[list[Version]]) -> None:
    known: dict[str, str] = {}
    for each in conditions(histories):
        assert hash_condition(each) == each
        content = str([each["source_system"], each["object_type"], each["fields"]])
        assert known.setdefault(each["hash_simple"], content) == content
    assert len(known) == len(set(known.values()))


def test_an_edit_changes_one_thing(histories: list[list[Version]]) -> None:
    kinds = set()
    for versions in histories:
        assert len({version.segment_hash for version in versions}) == 5
        for before, after in pairwise(versions):
            old, new = by_id(before), by_id(after)
            added, removed = new.keys() - old.keys(), old.keys() - new.keys()
            changed = {each for each in old.keys() & new.keys() if old[each] != new[each]}
            joined = [each["operator"] for each in before.groups] != [
                each["operator"] for each in after.groups
            ]
            assert len(added) + len(removed) + len(changed) + joined == 1
            kinds.add((len(added), len(removed), len(changed), joined))
    assert len(kinds) == 4


def test_a_definition_of_a_test_can_be_edited() -> None:
    segment = Account().add_segment("VIP")
    before = segment.edit(conditions=[{"odd": True}], groups=[])
    after = segment.edit()
    assert after.segment_hash != before.segment_hash
    assert after.conditions[0]["fields"]


def test_demo_segments_are_what_their_names_say(demo: dict[str | None, list[Version]]) -> None:
    kinds = {
        name: {condition["object_type"] for condition in versions[-1].conditions}
        for name, versions in demo.items()
    }
    assert "list" in kinds["Newsletter"]
    assert kinds["VIP customers"] > {"tag", "deal"}
    assert "form_submission" in kinds["Webinar sign-ups"]
    assert "ecom_cart" in kinds["Abandoned basket"]
    [opens] = [
        each
        for each in demo["Opened nothing for 90 days"][-1].conditions
        if each["object_type"] == "email_open"
    ]
    aggregate = opens["field_aggregate"]
    assert aggregate["aggregate_field_value"] == "0"
    assert aggregate["aggregate_field_time_within_value"] == 90


def test_demo_edits_keep_most_of_the_version_before(
    demo: dict[str | None, list[Version]],
) -> None:
    for versions in demo.values():
        for before, after in pairwise(versions):
            old, new = set(by_id(before).values()), set(by_id(after).values())
            assert old != new
            assert len(old - new) <= 1
