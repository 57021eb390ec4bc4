"""What changed since the previous run: its result read again, and the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import MalformedAnswerError, TapError
from tap_activecampaign_segments.results import IncompleteResultError
from tap_activecampaign_segments.roster import Roster, difference
from tap_activecampaign_segments.runs import RunFailedError, RunLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_activecampaign_segments.bookmarks import Predecessor
    from tap_activecampaign_segments.results import Reading, Result, Results
    from tap_activecampaign_segments.runs import MatchAll, Run

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
        previous = self._previous(predecessor.run, tell)
        joined, left = difference(previous, result.roster)
        return Difference(joined, left, len(previous))

    def _previous(self, run: Run, tell: Callable[[int, int], None]) -> Roster:
        """Return the previous contact ids, as they were when they were committed.

        The digest in the state proves them, whatever else the answers tell.
        """
        readings: list[Reading] = []
        flaw = f"run {run.run_id} is not ready any more"
        for _ in range(2):
            try:
                look = self._match_all.read(run)
                if not look.is_ready:
                    continue
                reading = self._results.read(look, tell)
            except (RunLostError, RunFailedError) as error:
                raise PredecessorLostError(str(error)) from error
            except IncompleteResultError as error:
                flaw = str(error)
                continue
            except MalformedAnswerError as error:
                raise _unreadable(str(error)) from error
            roster = reading.result.roster
            if run.digest == roster.digest or (run.digest is None and _is_as_it_was(run, reading)):
                return roster
            # Twice without a word on the total is no proof that it has become empty.
            if not reading.is_sized and run.digest != EMPTY:
                raise _unreadable(f"run {run.run_id} does not say how many contacts it found")
            flaw = reading.flaw or flaw
            readings.append(reading)
        if _are_the_same(readings):
            msg = (
                f"run {run.run_id} holds other contacts than when it was committed "
                "(some were deleted since, or it was evaluated again)"
            )
            raise PredecessorLostError(msg)
        raise _unreadable(flaw)


def _unreadable(flaw: str) -> TapError:
    return TapError(f"the previous run cannot be read: {flaw}; name the segment in rebaseline once")


def _is_as_it_was(run: Run, reading: Reading) -> bool:
    """Tell whether a result seems to be the committed one, where no digest was kept."""
    return not reading.flaw and timestamps.agree(run.run_id_end, reading.result.run.run_id_end)


def _are_the_same(readings: Sequence[Reading]) -> bool:
    """Tell whether two readings found the same contacts, and nothing else speaks against them."""
    digests = {each.result.roster.digest for each in readings}
    is_sound = all(each.flaw is None or each.is_thinned for each in readings)
    return len(readings) > 1 and len(digests) == 1 and is_sound
