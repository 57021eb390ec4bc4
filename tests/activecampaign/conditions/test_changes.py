"""What differs between two versions, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tap_activecampaign_segments.activecampaign.conditions.changes import (
    describe_changes,
    quotes_identity,
)
from tests.support.conditions import aggregate, condition, field, group, tag, version

NO_CHANGE = "no condition changed"


def tags(*numbers: int, **more: Any) -> dict[str, Any]:
    """A version with a tag per number, all in one group."""
    conditions = [tag(str(each), each) for each in numbers]
    return version(*conditions, groups=[group("1", "and", *map(str, numbers))], **more)


def two_groups(first: list[int], second: list[int], **more: Any) -> dict[str, Any]:
    conditions = [tag(str(each), each) for each in [*first, *second]]
    groups = [group("1", "and", *map(str, first)), group("2", "and", *map(str, second))]
    return version(*conditions, groups=groups, **more)


def test_nothing_differs() -> None:
    assert describe_changes(tags(1, 2), tags(1, 2)) == NO_CHANGE
    assert describe_changes({}, {}) == NO_CHANGE


def test_one_of_fifty_conditions_yields_one_short_clause() -> None:
    before, after = tags(*range(1, 51)), tags(*range(1, 51))
    after["segment_conditions"][30]["fields"][0]["value"] = 99
    assert describe_changes(before, after) == "changed: has the tag 31 -> has the tag 99"


def test_added_and_removed_conditions() -> None:
    opened = condition("9", "open", field("campaignid", "=", 7))
    before = tags(1, 2)
    after = version(tag("1", 1), opened, groups=[group("1", "and", "1", "9")])
    assert describe_changes(before, after) == "added: has opened campaign 7; removed: has the tag 2"
    assert describe_changes(after, before) == "added: has the tag 2; removed: has opened campaign 7"


def test_a_condition_of_another_kind_with_the_same_id_is_a_change() -> None:
    before = version(tag("1", 1), groups=[group("1", "and", "1")])
    after = version(condition("1", "list", field("listid", "=", 3)), groups=[group("1", "or", "1")])
    assert describe_changes(before, after) == (
        "the conditions are now joined by or instead of and; changed: has the tag 1 -> is on list 3"
    )


def test_renumbering_and_reordering_are_no_change() -> None:
    before = two_groups([1, 2], [3, 4])
    conditions = [tag("a", 4), tag("b", 3), tag("c", 2), tag("d", 1)]
    groups = [group("8", "and", "b", "a"), group("9", "and", "c", "d")]
    assert describe_changes(before, version(*conditions, groups=groups)) == NO_CHANGE


def test_ids_that_are_swapped_are_no_change() -> None:
    before, after = version(tag("1", 1), tag("2", 2)), version(tag("2", 1), tag("1", 2))
    assert describe_changes(before, after) == NO_CHANGE


@pytest.mark.parametrize(
    "same",
    [
        tag("1", 14),
        tag("1", "14", hash="other", hash_simple="other"),
        tag("1", "14", field_aggregate=aggregate("")),
        condition("1", "tag", field("tagid", "=", "14", external=False)),
    ],
)
def test_spellings_of_the_same_are_no_change(same: dict[str, Any]) -> None:
    before = version(tag("1", "14", hash="one"))
    assert describe_changes(before, version(same)) == NO_CHANGE


def test_order_of_several_values_is_no_change() -> None:
    before = version(tag("1", ["3", "5"], "is in any"))
    assert describe_changes(before, version(tag("1", ["5", "3"], "is in any"))) == NO_CHANGE
    before = version(tag("1", ["3", "5"], "between"))
    assert describe_changes(before, version(tag("1", ["5", "3"], "between"))) != NO_CHANGE


def test_equal_hashes_pair_conditions_and_differences_are_told_all_the_same() -> None:
    before = version(tag("1", 1, hash="a"), tag("2", 2, hash="b"))
    after = version(tag("2", 1, hash="a"), tag("1", 5, hash="b"))
    assert describe_changes(before, after) == "changed: has the tag 2 -> has the tag 5"


def test_hash_that_every_condition_has_says_nothing() -> None:
    before = version(tag("1", 1, hash="a"), tag("2", 2, hash="a"))
    after = version(tag("2", 2, hash="a"), tag("1", 1, hash="a"))
    assert describe_changes(before, after) == NO_CHANGE


def test_change_that_words_do_not_show() -> None:
    before = version(condition("1", "tag", field("tagid", "=", "14", "string")))
    after = version(condition("1", "tag", field("tagid", "=", "14", "number")))
    assert describe_changes(before, after) == (
        "changed: has the tag 14 (in details that are not shown)"
    )


def test_aggregate_and_external_value_are_changes() -> None:
    opened = condition("1", "open", field("campaignid", "=", 7))
    often = {**opened, "field_aggregate": aggregate(">=", value="2")}
    assert describe_changes(version(opened), version(often)) == (
        "changed: has opened campaign 7 -> has opened campaign 7 at least 2 times"
    )
    external = condition("1", "open", field("campaignid", "=", 7, external=True))
    assert describe_changes(version(opened), version(external)) == (
        "changed: has opened campaign 7 -> has opened campaign (a value given when it is evaluated)"
    )


def test_operators_of_groups() -> None:
    before, after = two_groups([1, 2], [3, 4]), two_groups([1, 2], [3, 4], operator="OR")
    assert describe_changes(before, after) == "groups are now joined by or instead of and"
    after = two_groups([1, 2], [3, 4])
    after["segment_condition_groups"][1]["operator"] = "or"
    assert describe_changes(before, after) == (
        "the conditions of group 2 are now joined by or instead of and"
    )
    after = tags(1, operator=None)
    assert describe_changes(tags(1), after) == "groups are now joined by no operator instead of and"


def test_condition_that_moved_to_another_group() -> None:
    before, after = two_groups([1, 2, 3], [4, 5]), two_groups([1, 2], [4, 5, 3])
    assert describe_changes(before, after) == "moved to another group: has the tag 3"


def test_equal_conditions_stay_in_their_groups() -> None:
    conditions = [tag("1", 1), tag("2", 1), tag("3", 3), tag("4", 4)]
    groups = [group("1", "and", "1", "3"), group("2", "and", "2", "4")]
    before = version(*conditions, groups=groups)
    assert describe_changes(before, version(*conditions[::-1], groups=groups)) == NO_CHANGE


def test_condition_that_changed_and_moved() -> None:
    before, after = two_groups([1, 2, 3], [4, 5]), two_groups([1, 2], [4, 5, 6])
    assert describe_changes(before, after) == (
        "changed: has the tag 3 -> has the tag 6 (moved to another group)"
    )


def test_new_group_is_told_with_its_operator() -> None:
    before = tags(1, 2, 3, 4)
    after = two_groups([1, 2], [3, 4])
    after["segment_condition_groups"][1]["operator"] = "or"
    assert describe_changes(before, after) == (
        "group 2 is new, its conditions joined by or; "
        "moved to another group: has the tag 3; moved to another group: has the tag 4"
    )


def test_group_that_moved_into_another() -> None:
    before, after = two_groups([1, 2], [3, 4]), two_groups([1, 2], [3, 4])
    after["segment_condition_groups"][0]["values"].append({"id": "2", "type": "group"})
    assert describe_changes(before, after) == "group 2 moved in or out of another group"


def test_name_and_description() -> None:
    before, after = version(name="VIP"), version(name='VI"P', description="x")
    assert describe_changes(before, after) == (
        'name changed from "VIP" to "VI\\"P"; description added'
    )
    after = version(name=None)
    assert describe_changes(before, after) == 'name changed from "VIP" to none'
    before, after = version(description="x"), version(description="y")
    assert describe_changes(before, after) == "description changed"


def test_long_lists_tell_their_difference() -> None:
    numbers = [str(each) for each in range(1000)]
    before = version(tag("1", numbers, "is in any"))
    after = version(tag("1", [*numbers[1:], "x"], "is in any"))
    assert describe_changes(before, after) == (
        "changed: has any of the tags 1, 2, 3, 4, 5 and 995 more "
        '(values added: "x", values removed: 0)'
    )


def test_texts_stay_short() -> None:
    long = "x" * 10_000
    before = version(condition("1", "contact", field("city", "=", "a")))
    after = version(condition("1", "contact", field("city", "=", long)), name=long)
    assert len(describe_changes(before, after)) < 300
    many = describe_changes(tags(), tags(*range(1, 200)))
    assert many.count("added: has the tag") == 10
    assert many.endswith("added: 189 more conditions")


def test_versions_are_not_modified() -> None:
    before, after = two_groups([1, 2], [3]), two_groups([1], [3, 4])
    copies = copy.deepcopy((before, after))
    describe_changes(before, after)
    assert copies == (before, after)


CITY = condition("2", "contact", field("city", "=", "x"))


@pytest.mark.parametrize(
    "changed",
    [
        condition("1", "contact", field("email", "contains", "example.com")),
        condition("1", "contact", field("Phone", "=", "1")),
        condition("1", "contact", field("first_name", "=", "A")),
        condition("1", "contact", field("lastName", "=", "A")),
        condition("1", "email", field("domain", "=", "A")),
        condition("1", "contact", field("street_address", "=", "A")),
        condition("1", "contact", field("birthday", "=", "1980-01-31", "date")),
        condition("1", "contact", field("ip", "=", "192.0.2.1")),
        condition("1", "contact", field("field41", "=", "Some Body")),
        condition("1", "fieldvalue", field("fieldid", "=", "41"), field("value", "=", "Some")),
        condition("1", "order", field("number", "=", 15550100)),
        condition("1", "contact", field("field41", "=", "a@example.com")),
        condition("1", "contact", field("field41", "=", "+1 555 0100 000")),
        condition("1", "contact", field("field41", "=", "x" * 80 + "@example.com")),
        condition(
            "1",
            "order",
            field_aggregate={
                **aggregate("most_recent"),
                "aggregate_most_recent_field": field("email", "=", "x"),
            },
        ),
    ],
)
def test_changes_that_may_quote_an_identity(changed: dict[str, Any]) -> None:
    assert quotes_identity(version(CITY), version(CITY, changed))
    assert quotes_identity(version(CITY, changed), version(CITY))
    assert not quotes_identity(version(CITY, changed), version(CITY, changed))
    assert not quotes_identity(version(changed), version(changed, tag("3", 1)))


def test_changes_that_quote_no_identity() -> None:
    assert not quotes_identity(tags(1), tags(2))
    assert not quotes_identity(version(), version(CITY))
    assert quotes_identity(version(), version(name="a@example.com"))


def test_moved_condition_may_quote_an_identity() -> None:
    conditions = [tag("1", 1), tag("2", 2), condition("3", "contact", field("email", "=", "x"))]
    before = version(*conditions, groups=[group("1", "and", "1", "3"), group("2", "and", "2")])
    after = version(*conditions, groups=[group("1", "and", "1"), group("2", "and", "2", "3")])
    assert quotes_identity(before, after)
