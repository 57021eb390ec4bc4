"""The kinds of requests in the fault matrix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTACTS = frozenset({"contacts"})
RUNS = CONTACTS | {"match_all_runs", "match_all_results", "membership_changes", "memberships"}
COUNTS = frozenset({"count_history"})
DEFINITIONS = frozenset({"segment_definitions", "segment_conditions"})
GROUPS = frozenset({"segment_group_exports", "segment_group_profiles"})
EVERYTHING = frozenset({"segments"}) | DEFINITIONS | COUNTS | RUNS


class Outcome(Enum):
    """Outcome of a sync with a fault."""

    PASSES = "passes"
    """Exit code 0, and the rows of a sync without the fault."""
    WARNS = "warns"
    """As `PASSES`, with a warning that names the segment or group and the cause."""
    BASELINE = "new baseline"
    """As `WARNS`, but the segment starts with a new baseline."""
    FAILS = "fails"
    """Exit code 1, one error that names the segment or group and the cause; others unaffected."""
    FORBIDDEN = "fails all that need it"
    """As `FAILS`, for every segment that needs the request."""
    ENDS = "ends the sync"
    """Exit code 1, one error that names the cause, and no further request."""


@dataclass(frozen=True, eq=False)
class RequestKind:
    """A kind of request.

    Attributes:
        name: Name in test ids.
        operation: The sandbox's operation; several kinds may share one.
        url: Regular expression for method and URL; matches no other kind.
        lasting: Outcome of permanent failure.
        night: Initial state: none ("first"), a result ("second"), also a run in progress
            ("resumed"), or also an unfinished difference ("lost").
        who: The segment or group with the fault.
        spoils: Streams without rows of it after a failure.
        page: The page with the fault.
        contact: The contact whose requests have the fault.
        after: Requests of the operation to spare, because they are of another kind.
        usual: Number of requests in a sync without faults.
        anew: Number of requests if the answers never make sense.
        nonsense: Part of the error line in that case.
        evaluation_seconds: Duration of the segment's evaluation.
        settings: Settings of the tap.
    """

    name: str
    operation: str
    url: str
    lasting: Outcome = Outcome.FAILS
    night: str = "second"
    who: str = "bad"
    spoils: frozenset[str] = RUNS
    page: int | None = None
    contact: int | None = None
    after: int = 0
    usual: int = 1
    anew: int = 1
    nonsense: str = ""
    evaluation_seconds: float = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_of_groups(self) -> bool:
        """Whether it goes to MyPreferences."""
        return self.spoils == GROUPS

    @property
    def is_of_one(self) -> bool:
        """Whether a request is for a single segment or group."""
        return self.operation not in {"list", "recent_counts", "token", "contacts"}

    @property
    def has_data(self) -> bool:
        """Whether the answers have `data`."""
        return not self.is_of_groups and self.operation != "contacts"


_RUN = "GET /api/3/segmentMatchAll/{bad}"
_NEW = rf"{_RUN}/(?!{{previous}})[^/]+\?.*&page="
_EXPORT = "/Profiles/v4/Async/[^/]+/Export"
_ATTEMPTS = "attempt 3 of 3, see run_attempts"

LIST = RequestKind(
    "listing",
    "list",
    r"GET /api/3/audiences\?",
    Outcome.ENDS,
    spoils=EVERYTHING,
    nonsense="the segments cannot be listed",
)
LOOK_UP = RequestKind(
    "look-up",
    "segment",
    r"GET /api/3/segmentsV2/{unlisted}\?",
    who="unlisted",
    spoils=EVERYTHING,
    nonsense="the API answered with",
    settings={"segment_ids": ["{bad}", "{good}", "{unlisted}"]},
)
CONFIRMATION = replace(
    LOOK_UP, name="confirmation that a segment is gone", lasting=Outcome.WARNS, settings={}
)
DEFINITION = RequestKind(
    "definition",
    "definition",
    "GET /api/3/segmentsV2/{bad}/createdDate/",
    spoils=DEFINITIONS,
    # The second is for the version before.
    usual=2,
)
START = RequestKind("start of a run", "start", rf"{_RUN}\?", anew=3, nonsense=_ATTEMPTS)
PAGE = RequestKind("page of a run", "read", f"{_NEW}2&", page=2, anew=3, nonsense=_ATTEMPTS)
FIRST_PAGE = replace(PAGE, name="page of a first run", night="first")
POLL = replace(PAGE, name="poll of a run", url=f"{_NEW}1&", page=1, evaluation_seconds=5)
PREVIOUS = RequestKind(
    "previous run",
    "read",
    rf"{_RUN}/{{previous}}\?.*&page=1&",
    page=1,
    nonsense="name the segment in rebaseline once",
)
PREVIOUS_PAGE = replace(
    PREVIOUS,
    name="page of the previous run",
    url=rf"{_RUN}/{{previous}}\?.*&page=2&",
    page=2,
    after=1,
)
RESUMED = RequestKind(
    "run in progress", "read", rf"{_RUN}/{{running}}\?.*&page=1&", night="resumed", page=1
)
PAIR = RequestKind(
    "run of an unfinished pair",
    "read",
    rf"{_RUN}/{{paired}}\?.*&page=1&",
    night="lost",
    page=1,
    nonsense="the API answered with",
)
LOOK_UP_CONTACTS = RequestKind(
    "contacts by their ids",
    "contacts",
    # Contacts of other segments may share the request.
    r"GET /api/3/contacts\?(.*&)?ids(\[\]|%5B%5D)=26&",
    contact=26,
    nonsense="that have no id",
    anew=2,
)
BASELINE_CONTACTS = replace(
    LOOK_UP_CONTACTS,
    name="contacts of a baseline",
    url=LOOK_UP_CONTACTS.url.replace("26", "25"),
    contact=25,
    night="first",
)
PAIR_CONTACTS = replace(LOOK_UP_CONTACTS, name="contacts of an unfinished pair", night="lost")
ALL_CONTACTS = RequestKind(
    "contacts after an id",
    "contacts",
    r"GET /api/3/contacts\?(.*&)?id_greater=[1-9]",
    spoils=CONTACTS,
    who="contacts",
    night="first",
    # The first is for those after 0.
    after=1,
    usual=2,
    nonsense="that have no id",
    settings={"contacts": "all"},
)
COUNT_HISTORY = RequestKind(
    "count history",
    "count_history",
    r"GET /api/3/segmentsV2/{bad}/count-history\?",
    spoils=COUNTS,
)
RECENT_COUNTS = RequestKind(
    "recent counts",
    "recent_counts",
    r"GET /api/3/segmentsV2/count-history\?",
    # Only a shortcut.
    Outcome.PASSES,
    spoils=COUNTS,
)
INITIATE = RequestKind(
    "initiation",
    "initiate",
    f"POST {_EXPORT}/SegmentGroup/bad",
    spoils=GROUPS,
    nonsense="no AccessToken",
)
STATUS = RequestKind("status", "status", f"GET {_EXPORT}/{{export}}/Status", spoils=GROUPS)
DATA = RequestKind(
    "page of an export",
    "data",
    rf"GET {_EXPORT}/SegmentGroup/{{export}}\?.*offset=11&",
    spoils=GROUPS,
    page=2,
    anew=3,
    nonsense=_ATTEMPTS,
)
COMMIT = RequestKind(
    "commit",
    "commit",
    f"POST {_EXPORT}/SegmentGroup/Commit/{{export}}",
    Outcome.WARNS,
    spoils=GROUPS,
)
TOKEN = RequestKind("token", "token", "POST /oauth2/token", spoils=GROUPS, nonsense="access_token")
"""Requested once per sync, for the first group, here the only one."""

OPERATIONS = (
    *(LIST, LOOK_UP, DEFINITION, START, PAGE, COUNT_HISTORY, RECENT_COUNTS),
    *(LOOK_UP_CONTACTS, ALL_CONTACTS),
    *(INITIATE, STATUS, DATA, COMMIT, TOKEN),
)
"""One kind per operation, with all troubles."""
SITUATIONS = (
    *(CONFIRMATION, FIRST_PAGE, POLL, PREVIOUS, PREVIOUS_PAGE, RESUMED, PAIR),
    *(BASELINE_CONTACTS, PAIR_CONTACTS),
)
"""The same operations in other situations, with typical troubles only."""
