"""Any JSON as a definition: words on one line, rows with a unique key, never an error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap_activecampaign_segments.activecampaign.conditions.changes import (
    describe_changes,
    quotes_identity,
)
from tap_activecampaign_segments.activecampaign.conditions.rows import condition_rows
from tap_activecampaign_segments.activecampaign.conditions.sentence import describe_definition
from tests.support.conditions import DATA_TYPES, OPERATORS, aggregate, condition, field, version
from tests.support.fuzzing import Change, changes, fuzz, json_values, nested

names = st.sampled_from(["tagid", "listid", "email", "cdate", "campaignid", "value", "x y", "\n"])
objects = st.sampled_from(["tag", "list", "contact", "open", "click", "field", "score", "order"])
operators = st.sampled_from(OPERATORS) | json_values
ids = st.sampled_from(["1", "2", "3", 2, None])
values = st.sampled_from(["14", "2026-01-31", "a,b", "||a||b||", "[1", ["3", "5"]]) | json_values
fields = st.builds(
    field,
    names | json_values,
    operators,
    values,
    st.sampled_from(DATA_TYPES) | json_values,
    external=st.booleans() | json_values,
)
counts = st.sampled_from(["1", 2, None, "x"]) | json_values
aggregates = st.builds(
    lambda most_recent, *rest, **more: {
        **aggregate(*rest, **more),
        "aggregate_most_recent_field": most_recent,
    },
    fields | json_values,
    st.sampled_from(["=", ">=", "between", "most_recent", "all", "", "sum"]) | json_values,
    value=counts,
    start_value=counts,
    time_within_value=counts,
    time_within_unit=st.sampled_from(["days", "", "years"]) | json_values,
)
conditions = st.builds(
    lambda condition_id, kind, given, system, often: condition(
        condition_id, kind, *given, source_system=system, field_aggregate=often
    ),
    ids,
    objects | json_values,
    st.lists(fields, max_size=3),
    st.sampled_from(["activecampaign", "shop"]) | json_values,
    st.just({}) | aggregates | json_values,
)
members = st.fixed_dictionaries(
    {"id": ids | json_values, "type": st.sampled_from(["condition", "group"]) | json_values}
)
groups = st.fixed_dictionaries(
    {
        "id": ids | json_values,
        "operator": st.sampled_from(["and", "or", "xor"]) | json_values,
        "values": st.lists(members, max_size=4) | json_values,
    }
)
versions = st.builds(
    lambda given, of, operator: version(*given, groups=of, operator=operator),
    st.lists(conditions, max_size=4),
    st.lists(groups, max_size=3),
    st.sampled_from(["and", "or"]) | json_values,
)
edits = st.lists(changes, max_size=2)


def check(before: Any, after: Any) -> None:
    for each in (before, after):
        check_line(describe_definition(each))
        rows = condition_rows(each)
        keys = {
            (row["segment_id"], row["created_date"], row["condition_id"], row["field_index"])
            for row in rows
        }
        assert len(keys) == len(rows)
        assert not any(part is None for key in keys for part in key)
        for row in rows:
            assert isinstance(row.pop("field_index"), int)
            assert isinstance(row.pop("external"), bool)
            assert all(isinstance(value, str | None) for value in row.values())
        assert describe_changes(each, each) == "no condition changed"
    check_line(describe_changes(before, after))
    assert describe_changes(before, after) == describe_changes(before, after)
    quotes_identity(before, after)


def check_line(text: str) -> None:
    assert text
    assert len(text.splitlines()) == 1
    text.encode()


@fuzz(100)
@given(before=versions, after=versions, edits=edits)
def test_any_definition_has_words_and_rows(before: Any, after: Any, edits: list[Change]) -> None:
    for edit in edits:
        changed = edit.of(after)
        after = changed if isinstance(changed, dict) else after
    check(before, after)


@fuzz(100)
@given(
    before=st.dictionaries(st.sampled_from(list(version())), json_values),
    after=st.dictionaries(st.sampled_from(list(version())), json_values),
)
def test_any_json_has_words_and_rows(before: dict[str, Any], after: dict[str, Any]) -> None:
    check(before, after)


@fuzz(50)
@given(before=versions, order=st.randoms(use_true_random=False))
def test_renumbering_and_reordering_are_no_change(before: dict[str, Any], order: Any) -> None:
    number_of_ids = len(before["segment_conditions"])
    for number, each in enumerate(before["segment_conditions"]):
        each["id"] = f"c{number}"
    for each in before["segment_condition_groups"]:
        chosen = [order.randrange(4) for _ in range(number_of_ids)]
        each["values"] = [{"id": f"c{number}", "type": "condition"} for number in chosen]
    after = json.loads(json.dumps(before))
    for each in after["segment_conditions"]:
        each["id"] += "x"
    for each in after["segment_condition_groups"]:
        for member in each["values"]:
            member["id"] += "x"
        order.shuffle(each["values"])
    order.shuffle(after["segment_conditions"])
    assert describe_changes(before, after) == "no condition changed"


def test_deep_values_do_not_raise() -> None:
    for depth in (100, 500, 900):
        deep = nested(depth)
        check(
            version(condition("1", "tag", field("tagid", "=", deep), field_aggregate=deep)),
            version(condition(deep, deep, field(deep, deep, {"a": deep}, deep), deep)),
        )


def test_many_groups_and_conditions_take_no_time() -> None:
    many = [condition(str(each), "tag", field("tagid", "=", each)) for each in range(300)]
    of = [
        {"id": str(each), "values": [{"id": str(each)}, {"id": str(each + 1), "type": "group"}]}
        for each in range(300)
    ]
    check(version(*many, groups=of), version(*many[::-1], groups=of[::-1]))


def test_json_text_of_surrogates_is_escaped() -> None:
    odd = version(condition("1", "x\ud800", field("\udc00", "\ud800", ["\ud800", "\u2028"])))
    check_line(describe_definition(odd))
    check_line(describe_changes(odd, version(name="\ud800")))
