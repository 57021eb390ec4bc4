"""The kinds of requests that the fault matrix strikes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNS = frozenset({"match_all_runs", "match_all_results", "membership_changes", "memberships"})
COUNTS = frozenset({"count_history"})
DEFINITIONS = frozenset({"segment_definitions"})
GROUPS = frozenset({"segment_group_exports", "segment_group_profiles"})
EVERYTHING = frozenset({"segments"}) | DEFINITIONS | COUNTS | RUNS


class Outcome(Enum):
    """What follows of a fault."""

    PASSES = "passes"
    """Exit 0, and the rows of a sync without the fault."""
    WARNS = "warns"
    """The same, and a warning that names the segment or group and the cause."""
    BASELINE = "begins anew"
    """The same, but the segment begins anew with a baseline, as a warning says."""
    FAILS = "fails"
    """Exit 1, one line that names the segment or group and the cause; all others as without."""
    ENDS = "ends the sync"
    """Exit 1, one line that names the cause, and nothing more is asked."""


@dataclass(frozen=True, eq=False)
class RequestKind:
    """A kind of request.

    Attributes:
        name: What it asks for.
        operation: What the sandbox calls it; several kinds may share one.
        url: Its method and address, and no other's: a regular expression.
        lasting: What follows when it fails for good.
        night: What the state holds when the sync begins: nothing ("first"), a result ("second"),
            also a run in progress ("resumed"), or also a pair of which rows are out ("lost").
        who: The segment or the group that is struck.
        spoils: The streams that then have nothing of it.
        page: The page that is struck.
        after: How many requests of the operation are spared, because they are of another kind.
        usual: How many arrive in a sync without faults.
        anew: How many arrive if their answers never make sense.
        nonsense: What the error line then says.
        evaluation_seconds: Of the segment.
        settings: Of the tap.
    """

    name: str
    operation: str
    url: str
    lasting: Outcome = Outcome.FAILS
    night: str = "second"
    who: str = "bad"
    spoils: frozenset[str] = RUNS
    page: int | None = None
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
        """Whether a request is for one segment, or group, alone."""
        return self.operation not in {"list", "recent_counts", "token"}


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
POLL = replace(PAGE, name="look at a run", url=f"{_NEW}1&", page=1, evaluation_seconds=5)
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
    "run of a pair begun",
    "read",
    rf"{_RUN}/{{paired}}\?.*&page=1&",
    night="lost",
    page=1,
    nonsense="the API answered with",
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
    # Merely a short cut.
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
"""Asked for once a sync: for the first group, here the only one."""

OPERATIONS = (
    *(LIST, LOOK_UP, DEFINITION, START, PAGE, COUNT_HISTORY, RECENT_COUNTS),
    *(INITIATE, STATUS, DATA, COMMIT, TOKEN),
)
"""One kind for each operation: all troubles."""
SITUATIONS = (CONFIRMATION, FIRST_PAGE, POLL, PREVIOUS, PREVIOUS_PAGE, RESUMED, PAIR)
"""The same operations on other occasions: some troubles."""
