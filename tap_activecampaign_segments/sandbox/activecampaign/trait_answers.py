"""An answer that a trait may change, and the account that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .counts import Count
    from .definitions import Version
    from .runs import Run
    from .timestamps import Timestamps
    from .users import User


class TraitSegment(Protocol):
    """The attributes of a segment that traits use; see `Segment`."""

    runs: list[Run]
    versions: list[Version]

    @property
    def counts(self) -> list[Count]:
        """Counts in order of recording."""


class TraitAccount(Protocol):
    """The attributes of an account that traits use; see `Account`."""

    seed: int
    timestamps: Timestamps
    first_user: User
    listing_meta: bool | Literal["text", "total"]
    omits_empty: Literal["keep", "matches", "both"]
    edits_seem: bool
    runs_appear_after: float
    clock_ahead: float
    tells_limit: bool
    ignored_parameters: set[str]
    otherwise: set[str]

    @property
    def segments(self) -> Sequence[TraitSegment]:
        """All segments."""

    def find_segment(self, segment_id: str) -> TraitSegment | None:
        """Return the segment with that id, None without one."""


@dataclass
class Answer:
    """An answer that a trait may change.

    Attributes:
        account: The account.
        operation: One of `faults.kinds.OPERATIONS`.
        url_path: Path of the request.
        path: Decoded path parameters.
        query: Query parameters.
        repetitions: How often the same was requested before.
        status: HTTP status.
        content: The JSON document.
    """

    account: TraitAccount
    operation: str
    url_path: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    repetitions: int
    status: int
    content: dict[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether the operation succeeded."""
        return self.status == HTTPStatus.OK

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The resources under ``data``."""
        rows: list[dict[str, Any]] = self.content.get("data", [])
        return rows

    @property
    def segment(self) -> TraitSegment | None:
        """The segment of the request."""
        return self.account.find_segment(self.path.get("segment_id", ""))

    @property
    def run(self) -> Run | None:
        """The run that is answered."""
        if not self.is_ok or self.operation not in {"start", "read"} or not self.segment:
            return None
        run_id = self.rows[0]["attributes"]["run_id"]
        return next((run for run in self.segment.runs if run.run_id == run_id), None)

    @property
    def is_recorded(self) -> bool:
        """Whether a run is answered that nobody asked for."""
        return self.run is not None and self.run.is_recorded

    @property
    def is_own(self) -> bool:
        """Whether a run is answered that a request started."""
        return self.run is not None and not self.run.is_recorded

    @property
    def page(self) -> int:
        """The page that was requested."""
        return int(self.query.get("page", "1"))

    def replace(self, status: int, content: dict[str, Any]) -> None:
        """Answer something else."""
        self.status, self.content = status, content
