"""A segment: its definitions, its members, its runs and its sizes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from .chance import identifier
from .definition import Version, logic
from .history import Count
from .membership import drifted, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .account import Account
    from .evaluation import Run


class Segment:
    """One segment of an account; made by `Account.add_segment`.

    Attributes:
        segment_id: Unique in the account.
        evaluation_seconds: How long an evaluation takes.
        churn: Share of the members that is others after every run, 0 to 1.
        versions: Definitions, oldest first.
        runs: Evaluations in order of their start.
    """

    def __init__(self, account: Account, segment_id: str, name: str | None, created: float) -> None:
        """Define the segment for the first time.

        Args:
            account: Where it lives.
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
        first = logic(account.seed, segment_id, 1)
        created = account.timestamps.kept(created)
        self.versions = [Version(created=created, name=name, **first)]

    @property
    def name(self) -> str | None:
        """The name of a saved segment."""
        return self.versions[-1].name

    @property
    def members(self) -> Sequence[int]:
        """Contact ids that match now, as a range or a tuple."""
        return self._members

    @members.setter
    def members(self, members: Sequence[int]) -> None:
        self._members = settled(members)

    @property
    def external(self) -> bool:
        """Whether the newest definition needs an id from outside, so that no run can start."""
        return self.versions[-1].external

    @external.setter
    def external(self, external: bool) -> None:
        self.versions[-1].external = external

    @property
    def counts(self) -> list[Count]:
        """Recorded sizes in order of recording; the list itself, to be changed at will."""
        self._account.settle()
        return self._counts

    def edit(self, at: float | None = None, **changes: Any) -> Version:
        """Define the segment anew.

        Args:
            at: Epoch seconds; now, if absent.
            changes: Fields of `Version`; without any, the conditions become others.

        Returns:
            The new version.
        """
        if changes.get("name") is not None and self.name is None:
            raise ValueError("a segment that is not saved cannot be given a name")
        created = self._account.timestamps.kept(self._account.clock.time() if at is None else at)
        fresh = logic(self._account.seed, self.segment_id, len(self.versions) + 1)
        version = dataclasses.replace(self.versions[-1], created=created, **(fresh | changes))
        self.versions.append(version)
        self.versions.sort(key=lambda each: each.created)
        return version

    def version(self, at: float) -> Version | None:
        """The definition in force at an instant (epoch seconds), None before the first."""
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
            run_id: Made up, if absent.
            segment_hash: That of the definition then in force, if absent.
            active_result_count: Left out of the answers, if absent.
            count_updating_with_runid: Left out of the answers, if absent.
            started: Epoch seconds at which the evaluation began; `at`, if absent.
        """
        at = self._account.timestamps.kept(at)
        milliseconds = round(at * 10_000) // 10
        while str(milliseconds) in self._count_ids:
            milliseconds += 1
        count_id = str(milliseconds)
        self._count_ids.add(count_id)
        count = Count(
            at=at,
            count_id=count_id,
            run_id=run_id or identifier(self._account.seed, self.segment_id, "count", count_id),
            result_count=result_count,
            segment_hash=segment_hash or (self.version(at) or self.versions[0]).segment_hash,
            active_result_count=active_result_count,
            count_updating_with_runid=count_updating_with_runid,
            started=at if started is None else started,
        )
        self._counts.append(count)
        return count

    def begin(self, run: Run, sort: str) -> None:
        """Evaluate with that run; afterwards the members are slightly others."""
        run.begin(
            at=self._account.timestamps.kept(self._account.clock.time()),
            seconds=self.evaluation_seconds,
            sort=sort,
            members=self._members,
            version=self._account.clock.time()
            if self._account.edits_seem
            else self.versions[-1].created,
        )
        if run not in self.runs:
            self.runs.append(run)
        if self.churn:
            self._members = drifted(
                self._members, self.churn, (self._account.seed, self.segment_id, len(self.runs))
            )
