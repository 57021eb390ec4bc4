"""The fault matrix: what goes wrong with which request, how often, and what follows.

`CASES` is the table, one row a case: the product of the kinds of requests and the troubles by the
rules that both state, but for `EXCEPTIONS`; and the rows of `OF_THEIR_OWN`, which follow no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.fault_matrix.request_kinds import (
    COMMIT,
    CONFIRMATION,
    COUNT_HISTORY,
    DATA,
    DEFINITION,
    FIRST_PAGE,
    INITIATE,
    LIST,
    LOOK_UP,
    OPERATIONS,
    PAGE,
    PAIR,
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
from tests.fault_matrix.troubles import DATA_OBJECT, NONSENSE, TROUBLES, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PASSES, WARNS, BASELINE, FAILS, ENDS = Outcome


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        kind: What is asked.
        trouble: What goes wrong.
        times: How often, None for ever.
        outcome: What follows.
        requests: How many requests of the kind arrive, None where chance decides.
        says: What the error line or the warning says.
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
    # Whatever answers a commit with 200 has taken note of it.
    **{
        (COMMIT, trouble.name): {"times": None, "outcome": PASSES, "requests": 1}
        for trouble in (*TROUBLES, *NONSENSE)
        if trouble.fault in {"edit", "empty", "html"}
    },
    # Taken note of as well, though nobody heard it; the second try is one too many.
    (COMMIT, "body cut off"): {"times": 1, "outcome": WARNS, "requests": 2, "says": "answered 400"},
    # The rows of the group are out by then; it is the next one that cannot be read.
    (COMMIT, "401"): {"outcome": ENDS},
    (COMMIT, "402"): {"outcome": ENDS},
    # A status that is none of those known is one of a work that goes on.
    **{
        (STATUS, trouble.name): {"requests": None, "says": "see run_timeout"}
        for trouble in NONSENSE
    },
    # A run that cannot be taken up again is not worth more than a new one.
    **{
        (RESUMED, trouble.name): {"times": 1, "outcome": PASSES, "requests": 1}
        for trouble in NONSENSE
    },
    # A segment exists when there is an answer, and nothing in a definition is compulsory.
    (LOOK_UP, "fields missing"): None,
    (LOOK_UP, "nulls"): None,
    (LOOK_UP, "wrong types"): None,
    (CONFIRMATION, "nulls"): {"outcome": PASSES},
}
"""What the rules do not say; None leaves a row out."""


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
        if case.kind.is_of_groups and case.trouble.is_of_data:
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
    """Pages that do not add up: read once more, then evaluated again, three times in all."""
    # The answer to the start is one look of two at the first page.
    yield _own(START, fault, fault, None, PASSES, 1)
    for kind in (PAGE, FIRST_PAGE):
        yield _own(kind, fault, fault, 5, PASSES, 6)
        yield _own(kind, fault, fault, None, FAILS, 6, _RUNS_OUT)
    for kind in (PREVIOUS, PREVIOUS_PAGE):
        if fault == "total_changes":
            # The ids are proved by their digest.
            yield _own(kind, fault, fault, None, PASSES, 1)
            continue
        yield _own(kind, fault, fault, 1, PASSES, 2)
        if fault in {"missing_row", "duplicate"}:
            # The same twice: contacts may have been deleted, or merged, since.
            yield _own(kind, fault, fault, None, BASELINE, 2, _BEGINS_ANEW)
        else:
            yield _own(kind, fault, fault, None, FAILS, 2, PREVIOUS.nonsense)


OF_THEIR_OWN = (
    # A listing that is suddenly empty.
    _own(LIST, "404", "status", None, ENDS, 1, _NO_LISTING, status=404),
    _own(LIST, "no segments", "edit", None, ENDS, 1, _NO_LISTING, answer=lambda _: {"data": []}),
    # An object where there should be an array, as was seen.
    *(
        Case(kind, DATA_OBJECT, None, PASSES, kind.usual)
        for kind in (LOOK_UP, DEFINITION, START, PAGE, POLL, PREVIOUS, RESUMED, PAIR)
    ),
    # What becomes of a run.
    _own(START, "run fails", "run_fails", 2, PASSES, 3),
    _own(START, "run fails", "run_fails", None, FAILS, 3, _RUNS_OUT),
    _own(START, "run never ends", "run_never_ends", None, FAILS, 1, "see run_timeout"),
    # It is not missed for half a minute after its start.
    _own(PAGE, "run expires", "run_expires", 2, PASSES, None),
    _own(PAGE, "run expires", "run_expires", None, FAILS, None, _RUNS_OUT),
    # It is not missed for half a minute after its start.
    _own(POLL, "run expires", "run_expires", 2, PASSES, None),
    _own(POLL, "run expires", "run_expires", None, FAILS, None, _RUNS_OUT),
    # Each is asked for once more.
    _own(RESUMED, "run expires", "run_expires", 1, PASSES, 2),
    _own(PREVIOUS, "run expires", "run_expires", 1, BASELINE, 2, _BEGINS_ANEW),
    _own(PREVIOUS_PAGE, "run expires", "run_expires", None, BASELINE, 2, _BEGINS_ANEW),
    _own(PAIR, "run expires", "run_expires", 1, BASELINE, 2, _BEGINS_ANEW),
    # A 404 that does not last.
    *(
        _own(kind, "404 for a moment", "not_found", 1, PASSES, kind.usual + 1)
        for kind in (DEFINITION, START, PAGE, POLL, PREVIOUS, PREVIOUS_PAGE, RESUMED, PAIR)
    ),
    _own(COUNT_HISTORY, "404 for a moment", "not_found", 1, PASSES, 2),
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
        )
        for times, outcome, requests, says in (
            (4, PASSES, kind.usual + 4, ""),
            (None, lasting, 5, "not the API's own"),
        )
    ),
    # Pages that repeat a contact, miss one, hold something else, or tell another total or none.
    *_spoilt("duplicate"),
    *_spoilt("missing_row"),
    *_spoilt("text_id"),
    *_spoilt("total_changes"),
    *_spoilt("no_page"),
    # What becomes of an export.
    _own(INITIATE, "export fails", "export_fails", 1, FAILS, 1, "may not read"),
    _own(INITIATE, "export errors", "export_errors", 1, FAILS, 1, "check the configuration"),
    _own(INITIATE, "export never ends", "export_never_ends", 1, FAILS, 1, "see run_timeout"),
    _own(STATUS, "export expires", "export_expires", 2, PASSES, 3),
    _own(STATUS, "export expires", "export_expires", None, FAILS, 3, _RUNS_OUT),
    _own(STATUS, "export spent", "export_retrieved", 2, PASSES, 3),
    _own(STATUS, "export spent", "export_retrieved", None, FAILS, 3, _RUNS_OUT),
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
    # It is another export then, and never read again.
    _own(DATA, "another total", "total_wrong", 2, PASSES, 3),
    _own(DATA, "another total", "total_wrong", None, FAILS, 3, _RUNS_OUT),
    _own(DATA, "keys in lower case", "lower_case_keys", None, PASSES, 1),
    # Silence: each costs a second of real time a try.
    *(_own(kind, "hangs", "hang", 1, PASSES, 2, seconds=5) for kind in (LIST, DATA, TOKEN)),
    _own(PAGE, "hangs", "hang", None, FAILS, 5, "see request_timeout", seconds=5),
)

CASES = (*_with_exceptions(_by_rule()), *OF_THEIR_OWN)
