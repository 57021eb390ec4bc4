"""What may go wrong, and when."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Stage = Literal["late", "instead", "start", "run", "page", "export", "envelope", "answer"]

OPERATIONS = (
    "list",
    "segment",
    "definition",
    "start",
    "read",
    "count_history",
    "recent_counts",
    "initiate",
    "status",
    "data",
    "commit",
    "token",
    "user",
)

STAGES: dict[str, Stage] = {
    "slow": "late",
    "status": "instead",
    "retry_after": "instead",
    "empty": "instead",
    "html": "instead",
    "redirect": "instead",
    "not_found": "instead",
    "gateway_404": "instead",
    "reset": "instead",
    "hang": "instead",
    "same_run": "start",
    "run_fails": "run",
    "run_never_ends": "run",
    "run_expires": "run",
    "total_changes": "page",
    "duplicate": "page",
    "missing_row": "page",
    "text_id": "page",
    "no_page": "page",
    "empty_result": "page",
    "total_is": "page",
    "last_page_is": "page",
    "per_page_is": "page",
    "export_fails": "export",
    "export_errors": "export",
    "export_never_ends": "export",
    "export_expires": "export",
    "export_retrieved": "export",
    "unknown_status": "envelope",
    "has_more_wrong": "envelope",
    "count_zero": "envelope",
    "nothing_found": "envelope",
    "total_wrong": "envelope",
    "repeats_profiles": "envelope",
    "lower_case_keys": "envelope",
    "not_object": "answer",
    "no_data": "answer",
    "data_object": "answer",
    "digits": "answer",
    "no_end": "answer",
    "edit": "answer",
    "cut": "answer",
}
"""The kinds of faults, and what each of them spoils."""

_HOME = {
    "run_fails": "start",
    "run_never_ends": "start",
    "run_expires": "read",
    "same_run": "start",
    "export_fails": "initiate",
    "export_errors": "initiate",
    "export_never_ends": "initiate",
    "export_expires": "status",
    "export_retrieved": "status",
    "unknown_status": "status",
    "has_more_wrong": "data",
    "count_zero": "data",
    "nothing_found": "data",
    "total_wrong": "data",
    "repeats_profiles": "data",
    "lower_case_keys": "data",
}


@dataclass(frozen=True)
class Occasion:
    """What a fault is looked up for: one request."""

    operation: str
    segment_id: str | None
    page: int | None


@dataclass
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: One of `STAGES`.
        operation: One of `OPERATIONS`; None for any, but some kinds have their own: runs and
            exports fail or never end from their start, runs expire when they are read, exports
            when their status is asked for, and pages of exports are spoilt when they are read.
        times: How often, None for ever.
        after: How many requests that match are spared first.
        segment_id: Only requests for this segment, or for the segment group of this name.
        page: Only requests for this page; of an export, by limit and offset.
        status: Of "status".
        headers: Of "status".
        body: Of "status"; the word of "unknown_status".
        value: The ``Retry-After`` of "retry_after": seconds or a date. The ``HasMore`` of
            "has_more_wrong": 1 if there is always more, 0 if there never is; pages on which it
            is right anyway do not count. The number, or text, that "total_is", "last_page_is" or
            "per_page_is" tells. How many fraction digits "digits" leaves or adds, 0 to 9.
        seconds: Of "slow" by the sandbox's clock, of "hang" in real time.
        location: Of "redirect".
        answer: Of "edit": makes another JSON document of the answer's, or the bytes to send.
        applied: How often so far.
    """

    kind: str
    operation: str | None = None
    times: int | None = 1
    after: int = 0
    segment_id: str | None = None
    page: int | None = None
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    value: str | int = 1
    seconds: float = 1.0
    location: str = "https://127.0.0.1/"
    answer: Callable[[dict[str, Any]], Any] | None = None
    applied: int = field(default=0, init=False)
    _spared: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what does not exist."""
        if self.kind not in STAGES:
            raise ValueError(f"no fault is called {self.kind!r}; known: {', '.join(STAGES)}")
        if self.operation is None:
            self.operation = _HOME.get(self.kind)
        elif self.operation not in OPERATIONS:
            raise ValueError(
                f"no operation is called {self.operation!r}; known: {', '.join(OPERATIONS)}"
            )
        if self.kind == "edit" and self.answer is None:
            raise ValueError("a fault 'edit' needs the function 'answer'")

    def concerns(self, occasion: Occasion) -> bool:
        """Whether the request is one of those it is meant for, were it its turn."""
        return (
            self.operation in (None, occasion.operation)
            and self.segment_id in (None, occasion.segment_id)
            and self.page in (None, occasion.page)
        )

    def strikes(self) -> bool:
        """Count a request that it concerns, and tell whether it goes wrong."""
        if self._spared < self.after:
            self._spared += 1
            return False
        if self.times is not None and self.applied >= self.times:
            return False
        self.applied += 1
        return True


class Faults:
    """All faults that are switched on, in the order in which they take their turn."""

    def __init__(self) -> None:
        """Begin without any."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all of them off."""
        with self._lock:
            self._faults.clear()

    def __len__(self) -> int:
        """How many there are, spent ones included."""
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        """Those that there are now, spent ones included."""
        with self._lock:
            return iter(list(self._faults))

    def take(
        self, stage: Stage, occasion: Occasion, matters: Callable[[Fault], bool] | None = None
    ) -> list[Fault]:
        """The faults of a request at one stage; of those that answer instead, only the first.

        Args:
            stage: What they spoil.
            occasion: The request.
            matters: Which of them would make a difference; all, if absent.
        """
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if STAGES[fault.kind] != stage or not fault.concerns(occasion):
                    continue
                if matters and not matters(fault):
                    continue
                if fault.strikes():
                    taken.append(fault)
                    if stage == "instead":
                        break
        return taken
