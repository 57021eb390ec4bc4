"""Assumptions about the API, and how an account makes each of them otherwise.

Most change the answers of an operation; the others change the account itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.seeded import make_id

from .users import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from .runs import Run
    from .trait_answers import Answer, TraitAccount

_AHEAD = 90.0
_UNKNOWN_FOR = 3.0
_KEPT = 20 * 86_400.0
_LATE = 2 * 3600.0
_START_BEFORE = 1_500_000_000.0
_FOREIGN_404 = {"message": "no Route matched with those values"}


@dataclass(frozen=True)
class Trait:
    """How an account makes an assumption otherwise.

    Attributes:
        meaning: What is otherwise.
        prepare: Changes the account.
        alter: Changes an answer.
    """

    meaning: str
    prepare: Callable[[TraitAccount], None] | None = None
    alter: Callable[[Answer], None] | None = None


def _hide_user(answer: Answer) -> None:
    if answer.operation == "user" and answer.is_ok:
        answer.content["user"].pop("id")


def _forbid_contacts(answer: Answer) -> None:
    if answer.operation == "contacts":
        answer.replace(HTTPStatus.FORBIDDEN, {"message": "the plan has no contacts"})


def _hide_limit(account: TraitAccount) -> None:
    account.tells_limit = False


def _advance_clock(account: TraitAccount) -> None:
    account.clock_ahead = _AHEAD


def _write_foreign_404(answer: Answer) -> None:
    if answer.status == HTTPStatus.NOT_FOUND:
        answer.content = dict(_FOREIGN_404)


def _unwrap_data(answer: Answer) -> None:
    if answer.operation == "segment" and answer.rows:
        answer.content["data"] = answer.rows[0]


def _list_nothing(answer: Answer) -> None:
    if answer.operation == "list" and answer.status == HTTPStatus.NOT_FOUND:
        answer.replace(HTTPStatus.OK, {"data": []})


def _tell_total_only(account: TraitAccount) -> None:
    account.listing_meta = "total"


def _repeat_version(answer: Answer) -> None:
    if answer.operation == "definition" and answer.is_ok and answer.segment:
        created = answer.account.timestamps.format(answer.segment.versions[-1].created)
        answer.rows[0]["attributes"]["created_date"] = created


def _edit_with_each_run(account: TraitAccount) -> None:
    account.edits_seem = True


def _reverse_counts(answer: Answer) -> None:
    if answer.operation == "count_history" and answer.is_ok:
        answer.rows.reverse()


def _repeat_count_ids(answer: Answer) -> None:
    if answer.operation == "count_history" and answer.is_ok:
        for row in answer.rows:
            row["id"] = "1"


def _know_any_history(answer: Answer) -> None:
    if answer.operation == "count_history" and answer.status == HTTPStatus.NOT_FOUND:
        answer.replace(HTTPStatus.OK, {"data": []})


def _update_old_count(answer: Answer) -> None:
    if answer.operation == "count_history" and answer.rows:
        run_id = make_id(answer.account.seed, "update")
        answer.rows[-1]["attributes"]["count_updating_with_runid"] = run_id


def _count_only_recorded(answer: Answer) -> None:
    if answer.operation == "count_history" and answer.is_ok and answer.segment:
        own = {run.run_id for run in answer.segment.runs if not run.is_recorded}
        rows = [row for row in answer.rows if row["attributes"]["run_id"] not in own]
        answer.content["data"] = rows


def _keep_last_total(answer: Answer) -> None:
    if answer.operation == "segment" and answer.is_ok and answer.segment:
        last = answer.rows[0]["attributes"].get("counts", {}).get("last_total")
        if last:
            last["run_id"] = answer.segment.counts[0].run_id


def _delay_runs(account: TraitAccount) -> None:
    account.runs_appear_after = _UNKNOWN_FOR


def _hide_end(answer: Answer) -> None:
    if answer.run and answer.rows[0]["attributes"]["is_ready"]:
        answer.rows[0]["attributes"].pop("run_id_end")


def _start_before(answer: Answer) -> None:
    if answer.is_own:
        start = answer.account.timestamps.format(_START_BEFORE)
        answer.rows[0]["attributes"]["run_id_start"] = start


def _add_page_number(answer: Answer) -> None:
    if answer.run and "page" in answer.rows[0]["attributes"]:
        answer.rows[0]["attributes"]["page"]["last_page"] += 1


def _reverse_every_other(answer: Answer) -> None:
    if answer.run and answer.repetitions % 2:
        answer.rows[0]["attributes"].get("matches", []).reverse()


def _cap_result(answer: Answer) -> None:
    if answer.run and answer.page > 1:
        answer.rows[0]["attributes"]["matches"] = []


def _add_page(answer: Answer) -> None:
    attributes = answer.rows[0]["attributes"] if answer.run else {}
    if "page" in attributes and answer.page > attributes["page"]["last_page"]:
        attributes["matches"] = [10**9 + answer.page]


def _omit_page(account: TraitAccount) -> None:
    account.omits_empty = "both"


def _reject_external_otherwise(answer: Answer) -> None:
    if answer.operation == "start" and answer.status == HTTPStatus.BAD_REQUEST:
        answer.status = HTTPStatus.UNPROCESSABLE_ENTITY


def _match_others(answer: Answer) -> None:
    matches = answer.rows[0]["attributes"].get("matches") if answer.is_own else None
    if matches and "/segmentMatchSome/" in answer.url_path:
        matches[0] = 10**9


def _forget_recorded(account: TraitAccount) -> None:
    _expire_recorded(account, before=float("inf"))


def _forget_early(account: TraitAccount) -> None:
    newest = [run.started for run in _recorded(account)]
    _expire_recorded(account, before=max(newest, default=0.0) - _KEPT)


def _end_late(answer: Answer) -> None:
    if answer.is_recorded and answer.run:
        end = answer.account.timestamps.format(answer.run.ended + _LATE)
        answer.rows[0]["attributes"]["run_id_end"] = end


def _lose_one(answer: Answer) -> None:
    attributes = answer.rows[0]["attributes"] if answer.is_recorded else {}
    if attributes.get("matches"):
        attributes["matches"].pop()
        attributes["page"]["total"] -= 1


def _hide_contacts(account: TraitAccount) -> None:
    account.first_user = User("1", hides=lambda contact: contact % 2 == 0)
    for run in _recorded(account):
        run.seen_by = User("1")


def _delete_from_results(account: TraitAccount) -> None:
    for segment in account.segments:
        recorded = [run for run in segment.runs if run.is_recorded]
        for run in recorded[:-1]:
            run.deleted |= set(run.members[:1])


def _drop_lists(answer: Answer) -> None:
    if answer.operation == "contacts" and answer.is_ok:
        answer.content.pop("contactLists", None)


def _ignore_ids(answer: Answer) -> None:
    if answer.operation == "contacts" and answer.is_ok and "ids[]" in answer.query:
        for number, contact in enumerate(answer.content["contacts"], start=1):
            contact["id"] = str(number)


def _ignore_updated_after(account: TraitAccount) -> None:
    account.ignored_parameters.add("filters[updated_after]")


def _ignore_id_greater(account: TraitAccount) -> None:
    account.ignored_parameters.add("id_greater")


def _recorded(account: TraitAccount) -> list[Run]:
    return [run for segment in account.segments for run in segment.runs if run.is_recorded]


def _expire_recorded(account: TraitAccount, before: float) -> None:
    for run in _recorded(account):
        if run.started < before:
            run.expires_at = run.started


TRAITS = {
    "user_is_told": Trait("`users/me` has a user without an id", alter=_hide_user),
    "forbidden_is_intermittent": Trait("`contacts` always answers 403", alter=_forbid_contacts),
    "rate_limit_is_told": Trait("no `RateLimit` headers", _hide_limit),
    "clocks_agree": Trait("`Date` is 90 s ahead", _advance_clock),
    "not_found_has_known_form": Trait("a 404 is a gateway's", alter=_write_foreign_404),
    "data_is_array": Trait("`data` of a definition is an object", alter=_unwrap_data),
    "empty_listing_is_404": Trait("an empty listing is an empty list", alter=_list_nothing),
    "listing_tells_last_page": Trait("the listing has `meta.total` only", _tell_total_only),
    "version_before_is_found": Trait("the newest version at any date", alter=_repeat_version),
    "run_names_definition": Trait("each run seems to follow an edit", _edit_with_each_run),
    "history_is_newest_first": Trait("counts come oldest first", alter=_reverse_counts),
    "count_id_is_unique": Trait("all counts have one id", alter=_repeat_count_ids),
    "unknown_history_is_404": Trait("an empty history of any segment", alter=_know_any_history),
    "count_settles_in_a_day": Trait("an old count is updated", alter=_update_old_count),
    "own_run_is_counted": Trait("only recorded runs are counted", alter=_count_only_recorded),
    "own_run_is_last_total": Trait("`last_total` stays as it was", alter=_keep_last_total),
    "new_run_is_known_at_once": Trait("a new run is unknown for 3 s", _delay_runs),
    "ready_run_has_end": Trait("a ready run has no `run_id_end`", alter=_hide_end),
    "run_starts_later": Trait("a run starts in 2017", alter=_start_before),
    "layout_agrees": Trait("`last_page` is one too high", alter=_add_page_number),
    "page_order_is_kept": Trait(
        "a page that is read again is reversed", alter=_reverse_every_other
    ),
    "result_can_be_paged": Trait("pages after the first are empty", alter=_cap_result),
    "nothing_after_last_page": Trait("an id on the page after the last", alter=_add_page),
    "empty_result_has_total": Trait("an empty result has no `page`", _omit_page),
    "external_is_rejected": Trait(
        "422 for an external condition", alter=_reject_external_otherwise
    ),
    "match_some_has_same_ids": Trait("another id by `segmentMatchSome`", alter=_match_others),
    "recorded_run_is_readable": Trait("no recorded run is kept", _forget_recorded),
    "recorded_run_is_kept": Trait("recorded runs are kept for 20 days", _forget_early),
    "recorded_run_ended_with_count": Trait("recorded runs end 2 h later", alter=_end_late),
    "recorded_run_has_counted_ids": Trait("recorded runs lack an id", alter=_lose_one),
    "token_sees_recorded_runs": Trait("the user does not see even ids", _hide_contacts),
    "deleted_contact_stays": Trait(
        "all but the newest recorded run lack one", _delete_from_results
    ),
    "contact_lists_are_included": Trait("no `contactLists`", alter=_drop_lists),
    "ids_select_contacts": Trait("`ids[]` is ignored", alter=_ignore_ids),
    "updated_after_selects_contacts": Trait(
        "`filters[updated_after]` is ignored", _ignore_updated_after
    ),
    "id_greater_pages_contacts": Trait("`id_greater` is ignored", _ignore_id_greater),
}
"""How each assumption is made otherwise; its name is that of the check's fact."""
