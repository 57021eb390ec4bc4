"""A fault, and the set of faults that is switched on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .kinds import DEFAULT_OPERATIONS, OPERATIONS, STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .kinds import Stage


@dataclass(frozen=True)
class RequestKey:
    """What faults are matched against.

    Attributes:
        operation: One of `OPERATIONS`.
        segment_id: Id of the segment, or name of the segment group; None without one.
        page: Number of the page, from 1; None if it cannot be told.
        contacts: The texts in ``ids[]``.
    """

    operation: str
    segment_id: str | None
    page: int | None
    contacts: frozenset[str] = frozenset()


@dataclass
class Fault:
    """A failure to inject.

    Example:
        >>> sandbox.faults.add(Fault("status", "list", status=503, times=2))
        >>> sandbox.faults.add(Fault("run_fails", segment_id="17"))
        >>> sandbox.faults.clear()

    Attributes:
        kind: One of `STAGES`.
        operation: One of `OPERATIONS`. None means the default of the kind, see
            `DEFAULT_OPERATIONS`, or else every operation.
        times: How often it applies; None for no limit.
        after: How many matching requests pass first.
        segment_id: Only requests for this segment, or for the segment group of this name.
        page: Only requests for this page. Of an export, the page follows from limit and offset.
        contact: Only requests with this contact in ``ids[]``.
        status: Of "status".
        headers: Of "status".
        body: Of "status"; the word of "unknown_status".
        value: Of "retry_after": seconds or an HTTP date. Of "has_more_wrong": 1 for always more,
            0 for never; pages on which that is right do not count. Of "total_is", "last_page_is"
            and "per_page_is": the number or text to send. Of "digits": the number of fraction
            digits, 0 to 9.
        seconds: Of "slow", by the sandbox's clock. Of "hang", in real time.
        location: Of "redirect".
        answer: Of "edit": takes the JSON document, returns another one, or the bytes to send.
        applied: How often it has applied so far.
    """

    kind: str
    operation: str | None = None
    times: int | None = 1
    after: int = 0
    segment_id: str | None = None
    page: int | None = None
    contact: int | None = None
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    value: str | int = 1
    seconds: float = 1.0
    location: str = "https://127.0.0.1/"
    answer: Callable[[dict[str, Any]], Any] | None = None
    applied: int = field(default=0, init=False)
    _skipped: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Set the default operation; raises ValueError for an unknown kind or operation."""
        if self.kind not in STAGES:
            raise ValueError(f"no fault is called {self.kind!r}; known: {', '.join(STAGES)}")
        if self.operation is None:
            self.operation = DEFAULT_OPERATIONS.get(self.kind)
        elif self.operation not in OPERATIONS:
            raise ValueError(
                f"no operation is called {self.operation!r}; known: {', '.join(OPERATIONS)}"
            )
        if self.kind == "edit" and self.answer is None:
            raise ValueError("a fault 'edit' needs the function 'answer'")

    def matches(self, key: RequestKey) -> bool:
        """Return whether the fault is meant for the request, spent or not."""
        return (
            self.operation in (None, key.operation)
            and self.segment_id in (None, key.segment_id)
            and self.page in (None, key.page)
            and (self.contact is None or str(self.contact) in key.contacts)
        )

    def apply(self) -> bool:
        """Count a matching request, and return whether the fault applies to it."""
        if self._skipped < self.after:
            self._skipped += 1
            return False
        if self.times is not None and self.applied >= self.times:
            return False
        self.applied += 1
        return True


class Faults:
    """The faults that are switched on, in order of addition. Thread-safe."""

    def __init__(self) -> None:
        """Create an empty set."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on, and return it."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()

    def __len__(self) -> int:
        """Return the number of faults, spent ones included."""
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over a snapshot of the faults, spent ones included."""
        with self._lock:
            return iter(list(self._faults))

    def take(
        self, stage: Stage, key: RequestKey, is_effective: Callable[[Fault], bool] | None = None
    ) -> list[Fault]:
        """Return the faults that apply to a request, and count them as applied.

        Of the stage ``instead``, only the first is taken.

        Args:
            stage: When the faults act.
            key: The request.
            is_effective: Whether a fault would change anything; others are not counted.
        """
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if STAGES[fault.kind] != stage or not fault.matches(key):
                    continue
                if is_effective and not is_effective(fault):
                    continue
                if fault.apply():
                    taken.append(fault)
                    if stage == "instead":
                        break
        return taken
