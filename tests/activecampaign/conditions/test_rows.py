"""One row for each field of each condition, with a key that is unique."""

from __future__ import annotations

import json
from typing import Any

from tap_activecampaign_segments.activecampaign.conditions.rows import condition_rows
from tap_activecampaign_segments.activecampaign.conditions.sentence import describe_definition
from tests.support.conditions import aggregate, condition, field, group, tag, version
from tests.support.fuzzing import nested


def ids(*conditions: Any, **more: Any) -> list[str]:
    return [row["condition_id"] for row in condition_rows(version(*conditions, **more))]


def test_one_row_per_field() -> None:
    clicked = condition(
        "7",
        "click",
        field("linkid", "is in any", [3, "5"], "list"),
        field("campaignid", "=", 7, "number", external=True),
        field_aggregate=aggregate(">=", value="2", time_within_value=90),
    )
    shared = {
        "segment_id": "a",
        "created_date": "2026-01-31T00:00:00.000000Z",
        "condition_id": "7",
        "group_id": "2",
        "object_type": "click",
        "source_system": "activecampaign",
        "aggregate_text": "at least 2 times in 90 days",
    }
    assert condition_rows(version(clicked, groups=[group("2", "and", "7")])) == [
        {
            **shared,
            "field_index": 1,
            "field_name": "linkid",
            "operator": "is in any",
            "value": '[3, "5"]',
            "data_type": "list",
            "external": False,
        },
        {
            **shared,
            "field_index": 2,
            "field_name": "campaignid",
            "operator": "=",
            "value": "7",
            "data_type": "number",
            "external": True,
        },
    ]


def test_columns_come_in_the_documented_order() -> None:
    assert list(condition_rows(version(tag("1", 1)))[0]) == [
        *("segment_id", "created_date", "condition_id", "field_index", "group_id"),
        *("object_type", "source_system", "field_name", "operator", "value", "data_type"),
        *("external", "aggregate_text"),
    ]


def test_aggregate_has_the_words_of_the_sentence() -> None:
    most_recent = {
        **aggregate("most_recent", time_within_value=7),
        "aggregate_most_recent_field": field("total", ">", 5),
    }
    for each in (most_recent, aggregate("all"), aggregate("between", start_value=1)):
        row = version(tag("1", 1, field_aggregate=each))
        text = condition_rows(row)[0]["aggregate_text"]
        assert text
        assert text in describe_definition(row)
    assert condition_rows(version(tag("1", 1)))[0]["aggregate_text"] is None
    ignored = version(tag("1", 1, field_aggregate=aggregate("")))
    assert condition_rows(ignored)[0]["aggregate_text"] is None


def test_condition_without_fields_has_a_row() -> None:
    rows = condition_rows(version(condition("1", "deal"), {}))
    assert [(row["object_type"], row["field_index"], row["field_name"]) for row in rows] == [
        ("deal", 1, None),
        (None, 1, None),
    ]


def test_condition_in_no_group() -> None:
    rows = condition_rows(version(tag("1", 1), tag("2", 2), groups=[group(5, "and", 2)]))
    assert [row["group_id"] for row in rows] == [None, "5"]


def test_condition_is_in_the_innermost_group() -> None:
    outer = {**group("1", "and"), "values": [{"id": "2", "type": "group"}]}
    rows = condition_rows(version(tag("1", 1), groups=[outer, group("2", "or", "1")]))
    assert rows[0]["group_id"] == "2"


def test_unique_ids_are_kept_and_others_made_unique() -> None:
    assert ids(tag("7", 1), tag("9", 2)) == ["7", "9"]
    assert ids(tag("7", 1), tag(7, 2), tag(None, 3), tag("", 4)) == ["7", "7#2", "#3", "#4"]
    assert ids(tag("7", 1), tag("7", 2), tag("7#2", 3)) == ["7", "7#2#", "7#2"]


def test_conditions_with_one_id_keep_their_groups() -> None:
    rows = condition_rows(
        version(tag("1", 1), tag("1", 2), groups=[group("a", "and", "1"), group("b", "and", "1")])
    )
    assert [(row["value"], row["group_id"]) for row in rows] == [("1", "a"), ("2", "b")]


def test_odd_values_are_text() -> None:
    values = [None, True, 2.0, 2.5, "", {"a": [1, None]}, 10**400, float("nan")]
    rows = condition_rows(version(condition("1", 5, *(field(5, {}, each, []) for each in values))))
    assert [row["value"] for row in rows][:6] == [None, "true", "2", "2.5", "", '{"a": [1, null]}']
    assert {(row["object_type"], row["field_name"]) for row in rows} == {("5", "5")}
    assert {(row["operator"], row["data_type"]) for row in rows} == {("{}", "[]")}
    assert all(isinstance(row["value"], str) for row in rows[1:])


def test_values_that_json_cannot_write_are_cut() -> None:
    rows = condition_rows(
        version(condition("1", "x", field("a", "=", nested(100_000)), field("b", "=", 10**5000)))
    )
    assert len(rows[0]["value"]) < 100
    assert rows[1]["value"].startswith('"0x')


def test_missing_definition_has_no_rows() -> None:
    assert condition_rows({}) == []
    assert condition_rows(version(segment_conditions=None)) == []


def test_rows_are_json() -> None:
    rows = condition_rows(version("text", [tag(None, [[[]]])], segment_id=None, created_date=5))
    assert json.loads(json.dumps(rows)) == rows
    assert {(row["segment_id"], row["created_date"]) for row in rows} == {("", "5")}
