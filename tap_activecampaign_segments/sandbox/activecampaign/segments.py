"""Segments: their definitions, members, runs and counts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from tap_activecampaign_segments.sandbox.seeded import count_moves, make_id, make_random

from .counts import Count, find_latest
from .definitions import Version
from .logic import edit_logic, make_logic
from .runs import Run
from .users import User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.sandbox.clock import Clock

    from .timestamps import Timestamps


class SegmentOwner(Protocol):
    """What a segment needs to know of its account."""

    seed: int
    clock: Clock
    timestamps: Timestamps
    edits_seem: bool
    filters_when_made: bool

    def settle(self) -> None:
        """Record the counts of runs that have ended by now."""


class Segment:
    """A segment of an account; created by `Account.add_segment`.

    Example:
        >>> segment = account.add_segment("VIP", range(1, 101))
        >>> segment.members = [*segment.members, 500]  # one joins
        >>> segment.edit(description="Five orders or more")  # a new version

    Attributes:
        segment_id: Unique in the account.
        evaluation_seconds: Duration of a run.
        churn: Share of the members that changes after every run, 0 to 1.
        versions: Versions of the definition, oldest first.
        runs: Runs in order of their start.
    """

    def __init__(
        self, account: SegmentOwner, segment_id: str, name: str | None, created: float
    ) -> None:
        """Create a segment with its first version.

        Args:
            account: The owner.
            segment_id: Unique in the account.
            name: None if it is not saved.
            created: Epoch seconds.
        """
        self._account = account
        self._members: Sequence[int] = ()
        self._counts: list[Count] = []
        self._count_ids: set[str] = set()
        self.segment_id = segment_id
        self.evaluation_seconds = 0.0
        self.churn = 0.0
        self.runs: list[Run] = []
        logic = make_logic(account.seed, segment_id, 1)
        created = account.timestamps.truncate(created)
        self.versions = [Version(created=created, name=name, **logic)]

    @property
    def name(self) -> str | None:
        """Name in the newest version; None if the segment is not saved."""
        return self.versions[-1].name

    @property
    def members(self) -> Sequence[int]:
        """Contact ids that match now, as a range or a tuple."""
        return self._members

    @members.setter
    def members(self, members: Sequence[int]) -> None:
        # A range stays a range, so that millions of members cost nothing.
        self._members = members if isinstance(members, range) else tuple(members)

    @property
    def external(self) -> bool:
        """Whether the newest version needs an external id, so that no run can start."""
        return self.versions[-1].external

    @external.setter
    def external(self, external: bool) -> None:
        self.versions[-1].external = external

    @property
    def counts(self) -> list[Count]:
        """Counts in order of recording. The list itself, which may be mutated."""
        self._account.settle()
        return self._counts

    @property
    def latest_count(self) -> Count | None:
        """The count with the latest time."""
        return find_latest(self.counts)

    @property
    def updated_at(self) -> float:
        """Epoch seconds of the latest version or count."""
        last = self.latest_count
        return max(self.versions[-1].created, last.at if last else 0.0)

    @property
    def last_used_at(self) -> float:
        """Epoch seconds at which the last run began, 0 without one."""
        last = self.latest_count
        run_started = self.runs[-1].started if self.runs else 0.0
        return max(run_started, last.started if last else 0.0)

    def edit(self, at: float | None = None, **changes: Any) -> Version:
        """Add a version of the definition.

        Args:
            at: Epoch seconds; now by default.
            changes: Fields of `Version`. A part of the logic changes unless it is given.

        Returns:
            The new version.

        Raises:
            ValueError: A segment that is not saved was given a name.
        """
        if changes.get("name") is not None and self.name is None:
            raise ValueError("a segment that is not saved cannot be given a name")
        at = self._account.clock.time() if at is None else at
        number = len(self.versions) + 1
        logic = edit_logic(self.versions[-1], self._account.seed, self.segment_id, number)
        version = dataclasses.replace(
            self.versions[-1],
            created=self._account.timestamps.truncate(at),
            **(logic | changes),
        )
        self.versions.append(version)
        self.versions.sort(key=lambda version: version.created)
        return version

    def find_version(self, at: float) -> Version | None:
        """Return the version in force at an instant (epoch seconds), None before the first."""
        earlier = [version for version in self.versions if version.created <= at]
        return earlier[-1] if earlier else None

    def add_count(  # noqa: PLR0913 (all but two by name)
        self,
        at: float,
        result_count: int,
        *,
        run_id: str | None = None,
        segment_hash: str | None = None,
        active_result_count: int | None = None,
        count_updating_with_runid: str | None = None,
        started: float | None = None,
    ) -> Count:
        """Record a size; see `Count`.

        Args:
            at: Epoch seconds.
            result_count: The size.
            run_id: Generated by default.
            segment_hash: By default that of the version then in force.
            active_result_count: None: left out of responses.
            count_updating_with_runid: None: left out of responses.
            started: Epoch seconds at which the run began; `at` by default.
        """
        at = self._account.timestamps.truncate(at)
        milliseconds = round(at * 10_000) // 10
        while str(milliseconds) in self._count_ids:
            milliseconds += 1
        count_id = str(milliseconds)
        self._count_ids.add(count_id)
        count = Count(
            at=at,
            count_id=count_id,
            run_id=run_id or make_id(self._account.seed, self.segment_id, "count", count_id),
            result_count=result_count,
            segment_hash=segment_hash or (self.find_version(at) or self.versions[0]).segment_hash,
            active_result_count=active_result_count,
            count_updating_with_runid=count_updating_with_runid,
            started=at if started is None else started,
        )
        self._counts.append(count)
        return count

    def record_run(
        self,
        at: float,
        members: Sequence[int],
        *,
        seconds: float = 0.0,
        sort: str = "id",
        is_kept: bool = True,
    ) -> Run:
        """Add an evaluation of the past that nobody asked for, with its count.

        Example:
            >>> segment.record_run(clock.time() - 86_400, range(1, 90), seconds=2)

        Args:
            at: Epoch seconds at which it began.
            members: Contact ids that matched then.
            seconds: Duration.
            sort: Order of the result.
            is_kept: Whether the result can still be read; the count stays in any case.
        """
        at = self._account.timestamps.truncate(at)
        number = sum(1 for run in self.runs if run.is_recorded)
        run = Run(make_id(self._account.seed, self.segment_id, "recorded", number), self.segment_id)
        run.is_recorded = True
        run.seen_by = User("1") if self._account.filters_when_made else None
        version = self.find_version(at) or self.versions[0]
        run.start(at, seconds, sort, members, version.created)
        if not is_kept:
            run.expires_at = at
        self.runs.append(run)
        self.runs.sort(key=lambda run: run.started)
        size = len(members)
        self.add_count(
            run.ended,
            size,
            run_id=run.run_id,
            segment_hash=version.segment_hash,
            active_result_count=size * 9 // 10,
            started=at,
        )
        return run

    def start_run(self, run: Run, sort: str) -> None:
        """Evaluate with `run`. Afterwards the members change by `churn`."""
        now = self._account.clock.time()
        run.start(
            at=self._account.timestamps.truncate(now),
            seconds=self.evaluation_seconds,
            sort=sort,
            members=self._members,
            version=now if self._account.edits_seem else self.versions[-1].created,
        )
        if run not in self.runs:
            self.runs.append(run)
        if self.churn:
            number = sum(not run.is_recorded for run in self.runs)
            self._members = _change_members(
                self._members, self.churn, (self._account.seed, self.segment_id, number)
            )


def _change_members(
    members: Sequence[int], churn: float, seed: tuple[object, ...]
) -> Sequence[int]:
    """Return as many contact ids, ascending, of which some have left and others joined."""
    if not members:
        return members
    generator = make_random(*seed, "drift")
    moves = count_moves(generator, len(members), churn)
    remaining = set(members)
    remaining.difference_update(
        members[index] for index in generator.sample(range(len(members)), moves)
    )
    former, highest = set(members), max(members) + len(members)
    while len(remaining) < len(former):
        contact = generator.randrange(1, highest + 1)
        if contact not in former:
            remaining.add(contact)
    return tuple(sorted(remaining))
