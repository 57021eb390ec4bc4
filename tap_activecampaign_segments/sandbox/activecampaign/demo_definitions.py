"""The definitions of the demo's segments, as their names promise and as people edited them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .conditions import make_condition, make_field, make_groups

if TYPE_CHECKING:
    from .conditions import Document


def _tag(tag_id: int, *, has: bool = True) -> Document:
    return make_condition("tag", make_field("tagid", "=" if has else "!=", f"{tag_id}", "number"))


def _list(list_id: int, status: int) -> Document:
    return make_condition(
        "list",
        make_field("listid", "=", f"{list_id}", "number"),
        make_field("status", "=", f"{status}", "number"),
    )


def _within(operator: str, times: int, days: int) -> dict[str, Any]:
    return {
        "aggregate_field_operator": operator,
        "aggregate_field_value": f"{times}",
        "aggregate_field_time_within_unit": "days",
        "aggregate_field_time_within_value": days,
    }


def _opens(operator: str, times: int, days: int) -> Document:
    any_campaign = make_field("campaignid", "any", data_type="number")
    return make_condition("email_open", any_campaign, aggregate=_within(operator, times, days))


def _clicks(link_id: int, operator: str, times: int, days: int) -> Document:
    link = make_field("linkid", "=", f"{link_id}", "number")
    return make_condition("link_click", link, aggregate=_within(operator, times, days))


def _orders(amount: str, operator: str, times: int, days: int) -> Document:
    price = make_field("total_price", ">=", amount, "decimal")
    return make_condition("ecom_order", price, aggregate=_within(operator, times, days))


def _deal(amount: str) -> Document:
    won = {
        "aggregate_field_operator": "most_recent",
        "aggregate_most_recent_field": make_field("status", "=", "won"),
    }
    return make_condition("deal", make_field("value", ">=", amount, "decimal"), aggregate=won)


def _cart(age: str) -> Document:
    return make_condition("ecom_cart", make_field("abandoned_date", "<", age, "datetime"))


def _form(form_id: int) -> Document:
    return make_condition("form_submission", make_field("formid", "is", f"{form_id}", "number"))


def _field(field_id: int, operator: str, value: str, data_type: str = "string") -> Document:
    return make_condition("custom_field", make_field(f"{field_id}", operator, value, data_type))


_NO_TEST = make_condition("contact", make_field("email", "does not contain", "test@"))
_SCORE = make_condition("score", make_field("score", ">=", "80", "number"))
_OLD = make_condition("contact", make_field("cdate", "<", "90 days ago", "date"))
_TRIAL_OVER = _field(7, "<", "0 days ago", "date")
_NO_PLAN = _field(4, "empty", "")
_REGULAR = _orders("25.00", ">=", 5, 90)
_EITHER = {"operator": "or"}

DEFINITIONS: dict[str | None, tuple[dict[str, Any], ...]] = {
    "Newsletter": (
        make_groups(("and", [_list(1, 1)])),
        make_groups(("and", [_list(1, 1), _tag(31, has=False)])),
        make_groups(("and", [_list(1, 1), _tag(31, has=False), _NO_TEST])),
    ),
    "VIP customers": (
        make_groups(("and", [_orders("0.01", ">=", 5, 90)])),
        make_groups(("and", [_REGULAR])),
        make_groups(("and", [_REGULAR]), ("or", [_tag(12), _deal("5000")])) | _EITHER,
        make_groups(("and", [_REGULAR]), ("or", [_tag(12), _deal("5000"), _SCORE])) | _EITHER,
    ),
    "Trial expired": (
        make_groups(("and", [_TRIAL_OVER])),
        make_groups(("and", [_TRIAL_OVER, _NO_PLAN])),
    ),
    "Webinar sign-ups": (make_groups(("or", [_form(14), _tag(47)])),),
    "Abandoned basket": (
        make_groups(("and", [_cart("1 day ago")])),
        make_groups(("and", [_cart("1 day ago"), _list(1, 1)])),
        make_groups(("and", [_cart("1 day ago"), _list(1, 1), _orders("0.01", "=", 0, 7)])),
        make_groups(("and", [_cart("2 days ago"), _list(1, 1), _orders("0.01", "=", 0, 7)])),
        make_groups(("and", [_cart("2 days ago"), _orders("0.01", "=", 0, 7)])),
    ),
    "Opened nothing for 90 days": (
        make_groups(("and", [_list(1, 1), _opens("=", 0, 90)])),
        make_groups(("and", [_list(1, 1), _opens("=", 0, 90), _OLD])),
    ),
    "Beta testers": (make_groups(("and", [_tag(63)])),),
    "Win-back (paused)": (
        make_groups(("and", [_tag(8), _opens("<", 2, 60)])),
        make_groups(("and", [_tag(8), _opens("<", 2, 60), _clicks(205, "=", 0, 60)])),
    ),
    None: (make_groups(("and", [_clicks(311, ">=", 1, 14)])),),
}
"""The versions of each segment, oldest first: the fields that make up their logic."""
