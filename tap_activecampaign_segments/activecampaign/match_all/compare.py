"""What changed since the previous run: its result read again, and the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import Roster, difference
from tap_activecampaign_segments.activecampaign.match_all.prove import IncompleteResultError
from tap_activecampaign_segments.activecampaign.match_all.runs import RunFailedError, RunLostError
from tap_activecampaign_segments.errors import MalformedResponseError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_activecampaign_segments.activecampaign.match_all.prove import Result, Results
    from tap_activecampaign_segments.activecampaign.match_all.runs import MatchAll, Run
    from tap_activecampaign_segments.activecampaign.run_state import Predecessor

EMPTY = Roster().digest
"""The digest of a result without contacts."""


class PredecessorLostError(TapError):
    """The run to compare with is gone: a baseline follows."""


@dataclass(frozen=True)
class Difference:
    """How a result differs from the previous one.

    Attributes:
        joined: Contacts that joined, ascending.
        left: Contacts that left, ascending.
        members: How many the previous result had.
    """

    joined: Sequence[int]
    left: Sequence[int]
    members: int


class Comparison:
    """Compares results with previous ones; may be used by several threads at once."""

    def __init__(self, match_all: MatchAll, results: Results) -> None:
        """Read nothing yet."""
        self._match_all = match_all
        self._results = results

    def difference(
        self, predecessor: Predecessor, result: Result, tell: Callable[[int, int], None]
    ) -> Difference:
        """Return how a result differs from the previous one.

        Args:
            predecessor: The previous run.
            result: The new result, proved complete.
            tell: Told of each page, see `Results.read`.

        Raises:
            PredecessorLostError: The previous result is gone, or is another one by now.
            TapError: It could not be read.
        """
        if predecessor.run.digest == result.roster.digest:
            return Difference((), (), len(result.roster))
        previous = self.as_it_was(predecessor.run, tell)
        joined, left = difference(previous, result.roster)
        return Difference(joined, left, len(previous))

    def as_it_was(self, run: Run, tell: Callable[[int, int], None]) -> Roster:
        """Return the contact ids of a run of before, as they were then.

        The digest in the state proves them, whatever else the answers tell.

        Args:
            run: The run, as the state has it.
            tell: Told of each page, see `Results.read`.

        Raises:
            PredecessorLostError: Its result is gone, or is another one by now.
            TapError: It could not be read.
        """
        attempts: list[_Attempt] = []
        for _ in range(2):
            attempt = self._attempt(run, tell)
            if attempt.roster is not None and attempt.is_proved:
                return attempt.roster
            attempts.append(attempt)
        first, second = attempts
        if first.is_gone and second.is_gone:
            raise PredecessorLostError(second.flaw)
        if _are_the_same(first.roster, second.roster):
            msg = (
                f"run {run.run_id} holds other contacts than it did "
                "(some were deleted since, or it was evaluated again)"
            )
            raise PredecessorLostError(msg)
        raise _unreadable(second.flaw)

    def _attempt(self, run: Run, tell: Callable[[int, int], None]) -> _Attempt:
        try:
            look = self._match_all.read(run)
        except RunLostError as error:
            raise PredecessorLostError(str(error)) from error
        except RunFailedError as error:
            return _Attempt(str(error), is_gone=True)
        except MalformedResponseError as error:
            raise _unreadable(str(error)) from error
        if not look.is_ready:
            return _Attempt(f"run {run.run_id} is not ready any more", is_gone=True)
        try:
            reading = self._results.read(look, tell)
        except (IncompleteResultError, RunLostError, RunFailedError) as error:
            return _Attempt(str(error))
        except MalformedResponseError as error:
            raise _unreadable(str(error)) from error
        roster = reading.result.roster
        # Twice without a word on the total is no proof that it has become empty.
        if not reading.is_sized and run.digest != EMPTY:
            raise _unreadable(f"run {run.run_id} does not say how many contacts it found")
        if run.digest is None:
            end = reading.result.run.run_id_end
            is_proved = not reading.flaw and timestamps.may_be_equal(run.run_id_end, end)
        else:
            is_proved = run.digest == roster.digest
        if reading.is_torn and not is_proved:
            return _Attempt(reading.flaw or "")
        return _Attempt(reading.flaw or "", roster, is_proved=is_proved)


@dataclass(frozen=True)
class _Attempt:
    """One attempt to read a run of before.

    Attributes:
        flaw: What is wrong with what was read.
        roster: The contact ids, None where there are none to speak of.
        is_proved: Whether they are those that they were.
        is_gone: Whether ActiveCampaign says that there is no result any more.
    """

    flaw: str
    roster: Roster | None = None
    is_proved: bool = False
    is_gone: bool = False


def _unreadable(flaw: str) -> TapError:
    return TapError(f"the previous run cannot be read: {flaw}; name the segment in rebaseline once")


def _are_the_same(one: Roster | None, other: Roster | None) -> bool:
    return one is not None and other is not None and one.digest == other.digest
