"""A definition is one sentence, whole and unambiguous."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tap_activecampaign_segments.activecampaign.conditions.sentence import describe_definition
from tests.support.conditions import (
    DATA_TYPES,
    OPERATORS,
    aggregate,
    condition,
    field,
    group,
    tag,
    version,
)

AGGREGATES = {
    "at least 2 times in 90 days": aggregate(
        ">=", value="2", time_within_value=90, time_within_unit=""
    ),
    "exactly once in 3 weeks": aggregate(
        "=", value="1", time_within_value=3, time_within_unit="weeks"
    ),
    "between 4 and 8 times in 2 months": aggregate(
        "between", start_value="4", end_value="8", time_within_value=2, time_within_unit="months"
    ),
    "more than 3 times in 1 hour": aggregate(
        ">", value=3, time_within_value="1", time_within_unit="hours"
    ),
    "less than once": aggregate("<", value="1"),
    "at most 5 times": aggregate("<=", value="5"),
    "not exactly 2 times in 7 days": aggregate("!=", value="2", time_within_value=7),
    "(all of them in 7 days)": aggregate("all", time_within_value=7),
    "(the most recent one)": aggregate("most_recent"),
    '"sum" 5 times in 2 years': aggregate(
        "sum", value="5", time_within_value=2, time_within_unit="years"
    ),
    '(the most recent one where status is "paid")': {
        **aggregate("most_recent"),
        "aggregate_most_recent_field": field("status", "is", "paid"),
    },
}

CONDITIONS = {
    "does not have the tag 14": tag("1", "14", "!="),
    "has any of the tags 3, 5 and 8": tag("1", "3,5,8", "is in any"),
    "has all of the tags 3 and 5": tag("1", ["3", "5"], "all"),
    "has none of the tags 3 and 5": tag("1", [3, 5], "none"),
    "is missing at least one of the tags 3 and 5": tag("1", "3,5", "missing at least one"),
    "does not have any tag": tag("1", "", "empty"),
    "has any tag": tag("1", None, "not empty"),
    "has the tag 14 or no tag at all": tag("1", "14", "empty|="),
    'has a tag whose tagid starts with "vip"': tag("1", "vip", "starts with"),
    "has the tag (no value)": tag("1", None),
    "is on list 3": condition("1", "list", field("listid", "=", "3", "number")),
    "is on not all of the lists 3 and 5": condition(
        "1", "list", field("listid", "missing at least one", "3,5")
    ),
    'is on list 3 where status is "1x"': condition(
        "1", "list", field("listid", "is", 3), field("status", "=", "1x")
    ),
    'email contains "example.com"': condition(
        "1", "contact", field("email", "contains", "example.com")
    ),
    'first name does not start with "A"': condition(
        "1", "contact", field("first_name", "does not start with", "A")
    ),
    "phone is empty": condition("1", "contact", field("phone", "empty", "ignored")),
    'phone is either empty or "x"': condition("1", "contact", field("phone", "empty|=", "x")),
    'city matches the pattern "Lo*"': condition(
        "1", "contact", field("city", "wildcard match", "Lo*")
    ),
    "was created before 2026-01-31": condition(
        "1", "contact", field("cdate", "<", "2026-01-31", "date")
    ),
    "was created on 2026-01-31": condition("1", "contact", field("cdate", "=", "2026-01-31")),
    "was created on or after 2026-01-31": condition(
        "1", "contact", field("cdate", ">=", "2026-01-31", "date")
    ),
    "was updated after 30 days ago": condition(
        "1", "contact", field("udate", ">", "-30 days", "datetime")
    ),
    "was not created between 2026-01-01 and 2026-01-31": condition(
        "1", "contact", field("cdate", "not between", "2026-01-01,2026-01-31", "date")
    ),
    "creation date is either empty or before today": condition(
        "1", "contact", field("cdate", "empty|<", "today", "date")
    ),
    "was not created within the previous 30 days": condition(
        "1", "contact", field("cdate", "not_previous", "30 days", "date")
    ),
    'custom field 41 is any of "a" and "b"': condition(
        "1", "contact", field("field41", "=", "||a||b||")
    ),
    "custom field 41 is between 4 and 8": condition(
        "1",
        "fieldvalue",
        field("fieldid", "=", "41"),
        field("value", "between", {"start": 4, "end": 8}),
    ),
    "score 2 is at least 50": condition(
        "1", "score", field("scoreid", "=", 2), field("score", ">=", "50", "number")
    ),
    "score is less than 5.5": condition("1", "score", field("score", "<", 5.5, "decimal")),
    "has not opened campaign 7": condition("1", "open", field("campaignid", "!=", "7")),
    "has clicked link 12 in campaign 7": condition(
        "1", "linkclick", field("linkid", "=", "12"), field("campaignid", "=", "7")
    ),
    "has clicked link 12 where campaignid is not 7": condition(
        "1", "link", field("linkid", "=", "12"), field("campaignid", "!=", "7")
    ),
    "has not clicked any link in campaign 7": condition(
        "1", "click", field("campaignid", "is not", "7")
    ),
    "has not clicked any link": condition("1", "click", field("linkid", "empty")),
    "has replied to campaign 7": condition("1", "reply", field("campaignid", "is", "7")),
    "has been sent any campaign": condition("1", "send", field("campaignid", "any")),
    'has visited the page "https://example.com/x"': condition(
        "1", "sitevisit", field("url", "=", "https://example.com/x")
    ),
    'has visited a page whose url contains "/pricing"': condition(
        "1", "page", field("url", "contains", "/pricing")
    ),
    'has triggered the event "signed up"': condition(
        "1", "event", field("event", "=", "signed up")
    ),
    "has a deal where (stage is 3 and value is at least 50)": condition(
        "1", "deal", field("stage", "=", "3"), field("value", ">=", 50, "decimal")
    ),
    "has entered automation 3": condition("1", "automation", field("seriesid", "=", "3")),
    "has achieved goal 3": condition("1", "goal", field("goalid", "=", "3")),
    "has submitted form 3": condition("1", "form", field("formid", "=", "3")),
    "has placed an order whose total is more than 100": condition(
        "1", "order", field("total", ">", "100", "decimal")
    ),
    "shopify.order.total is at most 50": condition(
        "1", "order", field("total", "<=", "50"), source_system="shopify"
    ),
    "shop.order (total is 5 and (an unnamed field) is 6)": condition(
        "1", "order", field("total", "=", 5), field(None, "=", 6), source_system="shop"
    ),
    'thing."my field" "near by" "x"': condition("1", "thing", field("my field", "near by", "x")),
    "thing.size has no operator and the value 5": condition("1", "thing", field("size", "", 5)),
    "thing (no fields)": condition("1", "thing"),
    'thing.size contains [3, "a", {"b": null}]': condition(
        "1", "thing", field("size", "contains", [3, "a", {"b": None}])
    ),
    r'email is "7\" \\ \n \u2028"': condition(
        "1", "contact", field("email", "=", '7" \\ \n \u2028')
    ),
    "email is (a value given when it is evaluated)": condition(
        "1", "contact", field("email", "=", "old@example.com", external=True)
    ),
    "has the tag (a value given when it is evaluated)": condition(
        "1", "tag", field("tagid", "=", "14", external=True)
    ),
}


@pytest.mark.parametrize("sentence", CONDITIONS)
def test_condition_in_words(sentence: str) -> None:
    assert describe_definition(version(CONDITIONS[sentence])) == sentence


@pytest.mark.parametrize("words", AGGREGATES)
def test_aggregate_in_words(words: str) -> None:
    opened = condition(
        "1", "open", field("campaignid", "=", "7"), field_aggregate=AGGREGATES[words]
    )
    assert describe_definition(version(opened)) == f"has opened campaign 7 {words}"


@pytest.mark.parametrize("ignored", [None, {}, [], "", aggregate(""), aggregate(None, value="2")])
def test_aggregate_without_operator_is_ignored(ignored: Any) -> None:
    opened = condition("1", "open", field("campaignid", "=", "7"), field_aggregate=ignored)
    assert describe_definition(version(opened)) == "has opened campaign 7"


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(
    ("object_type", "name"),
    [("tag", "tagid"), ("contact", "cdate"), ("score", "score"), ("thing", "size")],
)
def test_every_documented_operator_has_words(object_type: str, name: str, operator: str) -> None:
    for data_type, value in product(DATA_TYPES, ["14", "2026-01-31", "a,b", "", None, ["3", "5"]]):
        sentence = describe_definition(
            version(condition("1", object_type, field(name, operator, value, data_type)))
        )
        assert len(sentence) > len(name)
        assert not any(each in sentence for each in ("|", "<", ">", "=", "_", "{}", "  "))
        assert '""' not in sentence or value == ""
        assert not sentence.endswith((" ", " is", " not"))


def test_groups_joined_by_another_operator_are_in_parentheses() -> None:
    conditions = [tag("1", 1), tag("2", 2), tag("3", 3), tag("4", 4)]
    groups = [group("1", "OR", "1", "2"), group("2", "and", "3", "4")]
    assert describe_definition(version(*conditions, groups=groups)) == (
        "(has the tag 1 or has the tag 2) and has the tag 3 and has the tag 4"
    )
    assert describe_definition(version(*conditions, groups=groups, operator="or")) == (
        "has the tag 1 or has the tag 2 or (has the tag 3 and has the tag 4)"
    )
    assert describe_definition(version(*conditions, groups=groups[:1], operator="or")) == (
        "has the tag 1 or has the tag 2 or has the tag 3 (in no group)"
        " or has the tag 4 (in no group)"
    )


def test_unknown_group_operator_is_quoted() -> None:
    groups = [group("1", "xor", 1, 2)]
    assert describe_definition(version(tag(1, 1), tag(2, 2), groups=groups)) == (
        'has the tag 1 (joined by "xor") has the tag 2'
    )
    assert describe_definition(version(tag(1, 1), tag(2, 2), operator=None)) == (
        "has the tag 1 (joined by an operator not given) has the tag 2"
    )


def test_conditions_without_groups_are_joined_by_the_group_operator() -> None:
    assert describe_definition(version(tag("1", 1), tag("2", 2), operator="or")) == (
        "has the tag 1 or has the tag 2"
    )


def test_group_that_names_an_unknown_condition_says_so() -> None:
    assert describe_definition(version(tag("1", 1), groups=[group("1", "and", "1", "9")])) == (
        "has the tag 1 and condition 9 (not in the definition)"
    )


def test_nested_groups() -> None:
    outer = group("1", "and", "1")
    outer["values"].append({"id": "2", "type": "group"})
    inner = group("2", "or", "2", "3")
    conditions = [tag("1", 1), tag("2", 2), tag("3", 3)]
    expected = "has the tag 1 and (has the tag 2 or has the tag 3)"
    assert describe_definition(version(*conditions, groups=[outer, inner])) == expected
    assert describe_definition(version(*conditions, groups=[inner, outer])) == expected


def test_cycle_of_groups_ends() -> None:
    groups = [
        {**group("1", "and"), "values": [{"id": "2", "type": "group"}, "1"]},
        {**group("2", "or"), "values": [{"id": "1", "type": "group"}, {"id": "2"}]},
    ]
    sentence = describe_definition(version(tag("1", 1), tag("2", 2), groups=groups))
    assert sorted(sentence.split(" and ")) == ["has the tag 1", "has the tag 2"]


def test_groups_that_branch_are_written_once() -> None:
    groups = [
        {
            **group(str(index), "and"),
            "values": [{"id": str(index + 1), "type": "group"}] * 2,
        }
        for index in range(1, 40)
    ]
    sentence = describe_definition(version(tag("c", 1), groups=[*groups, group("40", "and", "c")]))
    assert sentence.count("has the tag 1") == 1
    assert "the conditions of group 40 as above" in sentence


def test_deeply_nested_groups_end() -> None:
    groups = [
        {**group(str(index), "and"), "values": [{"id": str(index + 1), "type": "group"}]}
        for index in range(1, 3000)
    ]
    assert "nested too deeply" in describe_definition(version(groups=groups))


@pytest.mark.parametrize("conditions", [None, [], {}, "", [None]])
def test_no_conditions(conditions: Any) -> None:
    odd = version(segment_conditions=conditions, groups=[group("1", "and")])
    assert describe_definition(odd) == "the definition has no conditions"
    assert describe_definition({}) == "the definition has no conditions"


def test_conditions_with_one_id_are_all_described() -> None:
    groups = [group("1", "or", "1", "1")]
    assert describe_definition(version(tag("1", 1), tag("1", 2), groups=groups)) == (
        "has the tag 1 or has the tag 2"
    )


def test_long_lists_are_whole() -> None:
    values = [str(each) for each in range(5000)]
    sentence = describe_definition(version(tag("1", values, "is in any")))
    assert sentence.endswith("4997, 4998 and 4999")
    assert sentence.count(",") == 4998


def test_odd_forms_are_described() -> None:
    odd = [
        "text",
        {"object_type": ["x"], "fields": {"name": 5, "operator": 7, "value": True}},
        [[{"object_type": "tag", "fields": ["14"]}]],
        {},
    ]
    assert describe_definition(version(*odd, operator="or")) == (
        '(an unnamed field) has no operator and the value "text"'
        ' or "[\\"x\\"]".5 "7" true'
        " or has a tag whose (an unnamed field) has no operator and the value 14"
        " or an unnamed object (no fields)"
    )
