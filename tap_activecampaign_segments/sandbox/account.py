"""An ActiveCampaign account with nothing but segments in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from .chance import digest, identifier
from .clock import Clock
from .demo import furnish
from .evaluation import Run
from .history import PAGE
from .segment import Segment
from .timestamps import Timestamps
from .user import User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Segments without a date of their own are older than any clock a test may come with.
_CREATED = 1_577_836_800.0


class Account:
    """The segments of one account, and how it answers.

    Attributes:
        seed: What ids, hashes, the token and every seeming accident follow from.
        clock: The account's time.
        timestamps: How instants are written.
        records_runs: Whether a finished run appears in the count history.
        listing_meta: Whether the listing comes with ``meta.page``; or ``text``: with its numbers
            as text; or ``total``: with ``meta.total`` alone.
        omits_empty: What an empty result leaves out: nothing, ``matches``, or ``page`` as well.
        refusal_status: The status for a missing or wrong token.
        names_user: Whether ``users/me`` tells who asks.
        listing_cap: Rows of a page of the listing at most, whatever is asked for; None for any.
        counts_per_answer: Rows of the count history in one answer at most.
        runs_appear_after: Seconds after its start in which a run is unknown.
        edits_seem: Whether each evaluation tells the present as the segment's last change.
    """

    def __init__(self, seed: int = 1, clock: Clock | None = None) -> None:
        """Open an empty account."""
        self.seed = seed
        self.clock = clock or Clock()
        self.timestamps = Timestamps()
        self.records_runs = True
        self.listing_meta: bool | Literal["text", "total"] = True
        self.names_user = True
        self.listing_cap: int | None = None
        self.counts_per_answer = PAGE
        self.runs_appear_after = 0.0
        self.edits_seem = False
        self.omits_empty: Literal["keep", "matches", "both"] = "keep"
        self.refusal_status = 403
        self._users: dict[str, User] = {}
        self._segments: dict[str, Segment] = {}
        self._made = 0
        self._started = 0
        self._running: list[Run] = []
        self._lock = threading.RLock()

    @classmethod
    def demo(cls, seed: int = 1, now: float | None = None) -> Account:
        """Open an account in which there is something to see.

        Args:
            seed: Another seed, another account.
            now: Epoch seconds at which its past ends; now, if absent.
        """
        account = cls(seed)
        furnish(account, account.clock.time() if now is None else now)
        return account

    @property
    def token(self) -> str:
        """The API token of the first user, who sees everybody."""
        return digest(self.seed, "token")

    def add_token(self, user_id: str = "1", hides: Callable[[int], bool] | None = None) -> str:
        """Issue a further API token.

        Args:
            user_id: Whose; that of the first user, if absent.
            hides: Tells which contacts the user does not see; sees all, if absent.

        Returns:
            The token.
        """
        token = digest(self.seed, "token", len(self._users) + 1)
        self._users[token] = User(user_id, hides)
        return token

    def user(self, token: str | None) -> User | None:
        """The user of an API token."""
        return User("1") if token == self.token else self._users.get(token or "")

    def delete_contact(self, contact: int) -> None:
        """Delete a contact: it is in no segment any more, and missing in the results of before.

        Their totals stay.
        """
        with self._lock:
            for segment in self.segments:
                segment.members = [each for each in segment.members if each != contact]
                for run in segment.runs:
                    run.deleted.add(contact)

    @property
    def segments(self) -> list[Segment]:
        """All segments, saved or not, in order of their making."""
        return list(self._segments.values())

    @property
    def fraction_digits(self) -> int | None:
        """Fraction digits of timestamps: 3, 4, or None for a mix."""
        return self.timestamps.digits

    @fraction_digits.setter
    def fraction_digits(self, digits: int | None) -> None:
        self.timestamps.digits = digits

    def add_segment(  # noqa: PLR0913 (all but two by name)
        self,
        name: str | None,
        members: Sequence[int] = (),
        *,
        segment_id: str | None = None,
        evaluation_seconds: float = 0.0,
        churn: float = 0.0,
        created: float | None = None,
    ) -> Segment:
        """Make a segment.

        Args:
            name: None if it is not saved, and so in no listing.
            members: Contact ids; a range costs nothing, however long.
            segment_id: Made up, if absent.
            evaluation_seconds: How long an evaluation takes.
            churn: Share of the members that is others after every run, 0 to 1.
            created: Epoch seconds; long ago, if absent.
        """
        with self._lock:
            self._made += 1
            segment_id = segment_id or identifier(self.seed, "segment", self._made)
            if segment_id in self._segments:
                raise ValueError(f"there is a segment {segment_id!r} already")
            created = _CREATED + 3601.0277 * self._made if created is None else created
            segment = Segment(self, segment_id, name, created)
            segment.members = members
            segment.evaluation_seconds = evaluation_seconds
            segment.churn = churn
            self._segments[segment_id] = segment
        return segment

    def segment(self, segment_id: str) -> Segment | None:
        """The segment with that id."""
        return self._segments.get(segment_id)

    def remove(self, segment: Segment) -> None:
        """Delete a segment with all that hangs on it."""
        with self._lock:
            del self._segments[segment.segment_id]
            self._running = [run for run in self._running if run not in segment.runs]

    def start(self, segment: Segment, sort: str) -> Run:
        """Start an evaluation of a segment."""
        with self._lock:
            self._started += 1
            run = Run(identifier(self.seed, "run", self._started), segment.segment_id)
            self._evaluate(segment, run, sort)
        return run

    def restart(self, segment: Segment, run: Run, sort: str) -> None:
        """Drop a run's result and evaluate again under the same id."""
        with self._lock:
            self._evaluate(segment, run, sort)

    def running(self, segment: Segment) -> Run | None:
        """The segment's evaluation that is still going on, if any."""
        self.settle()
        return next((run for run in self._running if run.segment_id == segment.segment_id), None)

    def expire_runs(self) -> None:
        """Forget the results of all runs."""
        now = self.clock.time()
        for segment in self.segments:
            for run in segment.runs:
                run.expires_at = now

    def settle(self) -> None:
        """Record the sizes found by runs that have ended by now."""
        with self._lock:
            now = self.clock.time()
            over = [run for run in self._running if run.is_over(now)]
            self._running = [run for run in self._running if run not in over]
            for run in sorted(over, key=lambda run: run.ended):
                if self.records_runs and not run.fails:
                    self._record(self._segments[run.segment_id], run)

    def _evaluate(self, segment: Segment, run: Run, sort: str) -> None:
        self.settle()
        segment.begin(run, sort)
        if run not in self._running:
            self._running.append(run)

    @staticmethod
    def _record(segment: Segment, run: Run) -> None:
        version = segment.version(run.segment_timestamp)
        size = len(run.members)
        segment.add_count(
            run.ended,
            size,
            run_id=run.run_id,
            segment_hash=version.segment_hash if version else None,
            active_result_count=size * 9 // 10,
            started=run.started,
        )
