"""The table: `CASES`, one per row.

CASES = OPERATIONS × (TROUBLES + NONSENSE)            by rule
      + SITUATIONS × (typical TROUBLES + NONSENSE)    by rule
      + EXCEPTIONS                                    replace or omit cases of the product
      + OF_THEIR_OWN                                  faults that only one request can have
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.fault_matrix.request_kinds import (
    ALL_CONTACTS,
    BASELINE_CONTACTS,
    COMMIT,
    CONFIRMATION,
    COUNT_HISTORY,
    DATA,
    DEFINITION,
    FIRST_PAGE,
    INITIATE,
    LIST,
    LOOK_UP,
    LOOK_UP_CONTACTS,
    OPERATIONS,
    PAGE,
    PAIR,
    PAIR_CONTACTS,
    POLL,
    PREVIOUS,
    PREVIOUS_PAGE,
    RESUMED,
    SITUATIONS,
    START,
    STATUS,
    TOKEN,
    Outcome,
    RequestKind,
)
from tests.fault_matrix.troubles import DATA_OBJECT, NONSENSE, TROUBLES, Trouble, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PASSES, WARNS, BASELINE, FAILS, FORBIDDEN, ENDS = Outcome


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        kind: The request.
        trouble: The fault.
        times: Number of failures; None for ever.
        outcome: Expected outcome.
        requests: Expected number of requests of the kind; None if it varies.
        says: Part of the error line or the warning.
    """

    kind: RequestKind
    trouble: Trouble
    times: int | None
    outcome: Outcome
    requests: int | None
    says: str = ""

    def __str__(self) -> str:
        """Return it as one line."""
        times = "for ever" if self.times is None else f"{self.times} times"
        return f"{self.kind.name}: {self.trouble.name}, {times}: {self.outcome.value}"


EXCEPTIONS: dict[tuple[RequestKind, str], dict[str, Any] | None] = {
    # Any 200 acknowledges a commit.
    **{
        (COMMIT, trouble.name): {"times": None, "outcome": PASSES, "requests": 1}
        for trouble in (*TROUBLES, *NONSENSE)
        if trouble.fault in {"edit", "empty", "html"}
    },
    # Committed although the answer was lost; the retry fails.
    (COMMIT, "body cut off"): {"times": 1, "outcome": WARNS, "requests": 2, "says": "answered 400"},
    # The rows of the group have been emitted by then; the next group fails.
    (COMMIT, "401"): {"outcome": ENDS},
    (COMMIT, "402"): {"outcome": ENDS},
    # An unknown status means that the export is still in progress.
    **{
        (STATUS, trouble.name): {"requests": None, "says": "see run_timeout"}
        for trouble in NONSENSE
    },
    # A run that cannot be resumed is replaced by a new one.
    **{
        (RESUMED, trouble.name): {"times": 1, "outcome": PASSES, "requests": 1}
        for trouble in NONSENSE
    },
    # Any answer confirms that a segment exists; no field of a definition is required.
    (LOOK_UP, "fields missing"): None,
    (LOOK_UP, "nulls"): None,
    (LOOK_UP, "wrong types"): None,
    (CONFIRMATION, "nulls"): {"outcome": PASSES},
    # A right that the token's user lacks concerns all contacts.
    **{
        (kind, "403"): {"times": None, "outcome": FORBIDDEN}
        for kind in (LOOK_UP_CONTACTS, BASELINE_CONTACTS, PAIR_CONTACTS)
    },
}
"""Changes to cases of the product; None omits a case."""


def _by_rule() -> Iterator[Case]:
    for kind, trouble in product((*OPERATIONS, *SITUATIONS), TROUBLES):
        tries, passes = trouble.tries, kind.usual + trouble.tries - 1
        outcome = ENDS if trouble.ends else kind.lasting
        if tries > 1:
            yield Case(kind, trouble, tries - 1, PASSES, passes)
        yield Case(kind, trouble, None, outcome, tries, trouble.says)
    for kind, trouble in product((*OPERATIONS, *SITUATIONS), NONSENSE):
        if kind.anew > 1:
            yield Case(kind, trouble, kind.anew - 1, PASSES, kind.usual + kind.anew - 1)
        yield Case(kind, trouble, None, kind.lasting, kind.anew, kind.nonsense)


def _with_exceptions(cases: Iterable[Case]) -> Iterator[Case]:
    for case in cases:
        if case.trouble.is_of_data and not case.kind.has_data:
            continue
        if case.kind in SITUATIONS and not case.trouble.is_typical:
            continue
        exception = EXCEPTIONS.get((case.kind, case.trouble.name), {})
        if case.times is not None and exception:
            continue
        if exception is not None:
            yield replace(case, **exception)


def _own(
    kind: RequestKind,
    name: str,
    fault: str,
    times: int | None,
    outcome: Outcome,
    requests: int | None,
    says: str = "",
    **details: Any,
) -> Case:
    return Case(kind, Trouble(name, fault, details=details), times, outcome, requests, says)


_RUNS_OUT = "attempt 3 of 3, see run_attempts"
_BEGINS_ANEW = "a baseline follows"
_NO_LISTING = "the account lists no segments, but 3 were synced before"


def _spoilt(fault: str) -> Iterator[Case]:
    """Contradictory pages: read once more, then evaluated again, three evaluations in all."""
    # The first page is read again after the answer to the start.
    yield _own(START, fault, fault, None, PASSES, 1)
    for kind in (PAGE, FIRST_PAGE):
        yield _own(kind, fault, fault, 5, PASSES, 6)
        yield _own(kind, fault, fault, None, FAILS, 6, _RUNS_OUT)
    for kind in (PREVIOUS, PREVIOUS_PAGE):
        if fault == "total_changes":
            # The digest proves the ids.
            yield _own(kind, fault, fault, None, PASSES, 1)
            continue
        yield _own(kind, fault, fault, 1, PASSES, 2)
        if fault in {"missing_row", "duplicate"}:
            # The same twice: contacts may have been deleted or merged since.
            yield _own(kind, fault, fault, None, BASELINE, 2, _BEGINS_ANEW)
        else:
            yield _own(kind, fault, fault, None, FAILS, 2, PREVIOUS.nonsense)


def _of_contacts() -> Iterator[Case]:
    for kind in (LOOK_UP_CONTACTS, ALL_CONTACTS):
        for name, edit in (
            ("no contacts", lambda content: {"meta": content["meta"]}),
            ("contacts null", lambda content: content | {"contacts": None}),
            ("contacts an object", lambda content: content | {"contacts": content["contacts"][0]}),
        ):
            trouble = unusable(name, edit)
            yield Case(kind, trouble, 4, PASSES, kind.usual + 4)
            yield Case(kind, trouble, None, FAILS, 5, trouble.says)
        yield _own(kind, "404", "not_found", None, FAILS, 1, "answered 404")
        yield _own(kind, "400", "status", None, FAILS, 1, "answered 400", status=400)
        yield _own(kind, "hangs", "hang", 1, PASSES, kind.usual + 1, seconds=5)
    yield _own(LOOK_UP_CONTACTS, "403", "status", 2, PASSES, 3, status=403)
    # Contacts that do not come are asked for once more.
    yield _own(
        LOOK_UP_CONTACTS,
        "none found",
        "edit",
        1,
        PASSES,
        2,
        answer=lambda _: {"contacts": [], "meta": {"total": "0"}},
    )
    for kind, says in ((LOOK_UP_CONTACTS, "answers with others"), (ALL_CONTACTS, "order of ids")):
        yield _own(kind, "other contacts", "edit", None, FAILS, kind.anew, says, answer=_others)
    yield _own(
        LOOK_UP_CONTACTS,
        "fewer than there are",
        "edit",
        None,
        FAILS,
        3,
        "answered with none",
        answer=lambda content: content | {"contacts": []},
    )


def _others(content: dict[str, Any]) -> dict[str, Any]:
    """Replace the first contact by one that was not asked for."""
    [first, *rest] = content["contacts"]
    return content | {"contacts": [first | {"id": "7"}, *rest]}


OF_THEIR_OWN = (
    *_of_contacts(),
    # An unexpectedly empty listing.
    _own(LIST, "404", "status", None, ENDS, 1, _NO_LISTING, status=404),
    _own(LIST, "no segments", "edit", None, ENDS, 1, _NO_LISTING, answer=lambda _: {"data": []}),
    # An object instead of an array, as seen in practice.
    *(
        Case(kind, DATA_OBJECT, None, PASSES, kind.usual)
        for kind in (LOOK_UP, DEFINITION, START, PAGE, POLL, PREVIOUS, RESUMED, PAIR)
    ),
    # Runs.
    _own(START, "run fails", "run_fails", 2, PASSES, 3),
    _own(START, "run fails", "run_fails", None, FAILS, 3, _RUNS_OUT),
    _own(START, "run never ends", "run_never_ends", None, FAILS, 1, "see run_timeout"),
    # An unknown run is awaited for half a minute after its start.
    _own(PAGE, "run expires", "run_expires", 2, PASSES, None),
    _own(PAGE, "run expires", "run_expires", None, FAILS, None, _RUNS_OUT),
    # An unknown run is awaited for half a minute after its start.
    _own(POLL, "run expires", "run_expires", 2, PASSES, None),
    _own(POLL, "run expires", "run_expires", None, FAILS, None, _RUNS_OUT),
    # A 404 is confirmed by a second request.
    _own(RESUMED, "run expires", "run_expires", 1, PASSES, 2),
    _own(PREVIOUS, "run expires", "run_expires", 1, BASELINE, 2, _BEGINS_ANEW),
    _own(PREVIOUS_PAGE, "run expires", "run_expires", None, BASELINE, 2, _BEGINS_ANEW),
    _own(PAIR, "run expires", "run_expires", 1, BASELINE, 2, _BEGINS_ANEW),
    # A transient 404.
    *(
        _own(kind, "transient 404", "not_found", 1, PASSES, kind.usual + 1)
        for kind in (DEFINITION, START, PAGE, POLL, PREVIOUS, PREVIOUS_PAGE, RESUMED, PAIR)
    ),
    _own(COUNT_HISTORY, "transient 404", "not_found", 1, PASSES, 2),
    *(
        _own(kind, "JSON 404 of a gateway", "gateway_404", times, outcome, requests, says)
        for kind, lasting in (
            (LIST, ENDS),
            (LOOK_UP, FAILS),
            (DEFINITION, FAILS),
            (COUNT_HISTORY, FAILS),
            (START, FAILS),
            (PAGE, FAILS),
            (POLL, FAILS),
            (PREVIOUS, FAILS),
            (CONFIRMATION, WARNS),
            (LOOK_UP_CONTACTS, FAILS),
            (ALL_CONTACTS, FAILS),
        )
        for times, outcome, requests, says in (
            (4, PASSES, kind.usual + 4, ""),
            (None, lasting, 5, "not the API's own"),
        )
    ),
    # Pages with a repeated or missing contact, another type, or another or no total.
    *_spoilt("duplicate"),
    *_spoilt("missing_row"),
    *_spoilt("text_id"),
    *_spoilt("total_changes"),
    *_spoilt("no_page"),
    # Exports.
    _own(INITIATE, "export fails", "export_fails", 1, FAILS, 1, "may not read"),
    _own(INITIATE, "export errors", "export_errors", 1, FAILS, 1, "check the configuration"),
    _own(INITIATE, "export never ends", "export_never_ends", 1, FAILS, 1, "see run_timeout"),
    _own(STATUS, "export expires", "export_expires", 2, PASSES, 3),
    _own(STATUS, "export expires", "export_expires", None, FAILS, 3, _RUNS_OUT),
    _own(STATUS, "export already retrieved", "export_retrieved", 2, PASSES, 3),
    _own(STATUS, "export already retrieved", "export_retrieved", None, FAILS, 3, _RUNS_OUT),
    _own(STATUS, "unknown word", "unknown_status", 2, PASSES, 3),
    _own(STATUS, "unknown word", "unknown_status", None, FAILS, None, "see run_timeout"),
    *(
        _own(DATA, name, fault, times, outcome, 6, says, **details)
        for name, fault, details in (
            ("profiles repeated", "repeats_profiles", {}),
            ("no profiles", "count_zero", {}),
            ("no more", "has_more_wrong", {"value": 0}),
        )
        for times, outcome, says in ((5, PASSES, ""), (None, FAILS, _RUNS_OUT))
    ),
    # It is another export then, which is never read again.
    _own(DATA, "another total", "total_wrong", 2, PASSES, 3),
    _own(DATA, "another total", "total_wrong", None, FAILS, 3, _RUNS_OUT),
    _own(DATA, "keys in lower case", "lower_case_keys", None, PASSES, 1),
    # No answer: each try takes a second of real time.
    *(_own(kind, "hangs", "hang", 1, PASSES, 2, seconds=5) for kind in (LIST, DATA, TOKEN)),
    _own(PAGE, "hangs", "hang", None, FAILS, 5, "see request_timeout", seconds=5),
)

CASES = (*_with_exceptions(_by_rule()), *OF_THEIR_OWN)
