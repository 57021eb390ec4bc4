"""An ActiveCampaign account: its users, segments and running evaluations."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from tap_activecampaign_segments.sandbox.clock import Clock
from tap_activecampaign_segments.sandbox.seeded import make_digest, make_id

from .contact_store import ContactStore
from .counts import PAGE_SIZE
from .demo import fill_account
from .runs import Run
from .segments import Segment
from .timestamps import Timestamps
from .traits import TRAITS
from .users import User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# By default segments are older than the start of any test's clock.
_CREATED = 1_577_836_800.0
_CREATED_STEP = 3601.0277


class Account:
    """The segments of one account, and the traits of its API.

    Example:
        >>> account = Account(seed=1)
        >>> vip = account.add_segment("VIP", [3, 5, 8], evaluation_seconds=2)
        >>> with Sandbox(account) as sandbox:
        ...     print(sandbox.url, sandbox.token)

    Attributes:
        seed: Determines ids, hashes, tokens and everything else that looks random.
        clock: The account's time source.
        timestamps: How timestamps are written.
        records_runs: Whether a finished run appears in the count history.
        listing_meta: Paging information of the listing. True: ``meta.page``; "text": the same
            with numbers as text; "total": ``meta.total`` only; False: none.
        omits_empty: What an empty result leaves out. "keep": nothing; "matches"; "both":
            ``page`` as well.
        refusal_status: Status for a missing or wrong token.
        names_user: Whether ``users/me`` is allowed.
        listing_cap: Maximum rows per page of the listing, whatever is requested; None: no cap.
        deleted: Contacts that were deleted.
        counts_per_answer: Maximum rows of the count history per response.
        runs_appear_after: Seconds after its start in which a run is answered with 404.
        edits_seem: Whether each run reports its start as the segment's last change.
        filters_when_made: Whether a result has the contacts that the user who started the run may
            see, whoever reads it; otherwise those that its reader may see. Recorded runs then have
            all contacts.
        first_user: The user of `token`.
        clock_ahead: Seconds by which the ``Date`` of responses is ahead of the clock.
        tells_limit: Whether responses have the ``RateLimit`` headers, if there is a limit.
        ignored_parameters: Query parameters of ``contacts`` that have no effect.
        contacts: The contacts of no segment, and what was changed in contacts.
        otherwise: The assumptions that do not hold; see `set_otherwise`.
    """

    def __init__(self, seed: int = 1, clock: Clock | None = None) -> None:
        """Create an empty account.

        Args:
            seed: See the attribute.
            clock: Real time by default.
        """
        self.seed = seed
        self.clock = clock or Clock()
        self.timestamps = Timestamps()
        self.records_runs = True
        self.listing_meta: bool | Literal["text", "total"] = True
        self.names_user = True
        self.listing_cap: int | None = None
        self.counts_per_answer = PAGE_SIZE
        self.runs_appear_after = 0.0
        self.edits_seem = False
        self.filters_when_made = False
        self.omits_empty: Literal["keep", "matches", "both"] = "keep"
        self.refusal_status = 403
        self.deleted: set[int] = set()
        self.first_user = User("1")
        self.clock_ahead = 0.0
        self.tells_limit = True
        self.ignored_parameters: set[str] = set()
        self.contacts = ContactStore()
        self.otherwise: set[str] = set()
        self._users: dict[str, User] = {}
        self._segments: dict[str, Segment] = {}
        self._created_segments = 0
        self._started_runs = 0
        self._running: list[Run] = []
        self._lock = threading.RLock()

    @classmethod
    def demo(cls, seed: int = 1, now: float | None = None) -> Account:
        """Create the demo account: nine segments with versions and counts.

        Args:
            seed: See the attribute.
            now: Epoch seconds at which the past of the segments ends; the present by default.
        """
        account = cls(seed)
        fill_account(account, account.clock.time() if now is None else now)
        return account

    @property
    def token(self) -> str:
        """API token of the first user, who sees all contacts."""
        return make_digest(self.seed, "token")

    @property
    def segments(self) -> list[Segment]:
        """All segments, saved or not, in order of creation."""
        return list(self._segments.values())

    @property
    def fraction_digits(self) -> int | None:
        """Fraction digits of timestamps, 0 to 6; None for a mix of 3 and 4."""
        return self.timestamps.digits

    @fraction_digits.setter
    def fraction_digits(self, digits: int | None) -> None:
        self.timestamps.digits = digits

    def add_token(self, user_id: str = "1", hides: Callable[[int], bool] | None = None) -> str:
        """Issue another API token.

        Args:
            user_id: Its user; the first one by default.
            hides: Returns whether the user does not see a contact; None: sees everyone.

        Returns:
            The token.
        """
        token = make_digest(self.seed, "token", len(self._users) + 1)
        self._users[token] = User(user_id, hides)
        return token

    def find_user(self, token: str | None) -> User | None:
        """Return the user of an API token, None if the token is unknown."""
        return self.first_user if token == self.token else self._users.get(token or "")

    def set_otherwise(self, *names: str) -> None:
        """Make assumptions about the API otherwise, once all segments were added.

        Example:
            >>> account.set_otherwise("empty_listing_is_404", "data_is_array")

        Args:
            names: See `traits.TRAITS`.

        Raises:
            KeyError: One is unknown.
        """
        for name in names:
            prepare = TRAITS[name].prepare
            if prepare:
                prepare(self)
            self.otherwise.add(name)

    def add_contacts(self, ids: Sequence[int]) -> None:
        """Add contacts that need be in no segment.

        Args:
            ids: Contact ids. A range costs nothing, however long.
        """
        self.contacts.added.append(ids if isinstance(ids, range) else tuple(ids))

    def update_contact(self, contact: int, at: float | None = None, **fields: Any) -> None:
        """Change fields of a contact, and when it was updated. Segments stay as they are.

        Example:
            >>> account.update_contact(7, email="seven@example.com", bounced_hard="1")

        Args:
            contact: Its id.
            at: Epoch seconds; now by default.
            fields: As the API names and shows them.

        Raises:
            ValueError: Contacts have no such field.
        """
        self.contacts.update(contact, self._get_instant(at), **fields)

    def anonymize_contact(self, contact: int, at: float | None = None) -> None:
        """Replace what identifies a person; `at` in epoch seconds, now by default."""
        self.contacts.anonymize(contact, self._get_instant(at))

    def mark_contact_deleted(self, contact: int, at: float | None = None) -> None:
        """Mark a contact as deleted. It is still listed, unlike after `delete_contact`."""
        self.contacts.mark_deleted(contact, self._get_instant(at))

    def subscribe(self, contact: int, list_id: int, status: int, at: float | None = None) -> None:
        """Set a contact's status on a list. This updates the contact too.

        Args:
            contact: Its id.
            list_id: Need not exist yet.
            status: 0 unconfirmed, 1 active, 2 unsubscribed, 3 bounced.
            at: Epoch seconds; now by default.

        Raises:
            ValueError: There is no such status.
        """
        self.contacts.subscribe(contact, list_id, status, self._get_instant(at))

    def delete_contact(self, contact: int) -> None:
        """Delete a contact, also from all segments and earlier results. Earlier totals stay."""
        with self._lock:
            for segment in self.segments:
                if contact in segment.members:
                    segment.members = [member for member in segment.members if member != contact]
                for run in segment.runs:
                    run.deleted.add(contact)
            self.deleted.add(contact)

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
        """Create a segment.

        Args:
            name: None if it is not saved, and so not listed.
            members: Contact ids. A range costs nothing, however long.
            segment_id: Generated by default.
            evaluation_seconds: Duration of a run.
            churn: Share of the members that changes after every run, 0 to 1.
            created: Epoch seconds; in 2020 by default.

        Raises:
            ValueError: The id is taken.
        """
        with self._lock:
            self._created_segments += 1
            segment_id = segment_id or make_id(self.seed, "segment", self._created_segments)
            if segment_id in self._segments:
                raise ValueError(f"there is a segment {segment_id!r} already")
            if created is None:
                created = _CREATED + _CREATED_STEP * self._created_segments
            segment = Segment(self, segment_id, name, created)
            segment.members = members
            segment.evaluation_seconds = evaluation_seconds
            segment.churn = churn
            self._segments[segment_id] = segment
        return segment

    def find_segment(self, segment_id: str) -> Segment | None:
        """Return the segment with that id, None without one."""
        return self._segments.get(segment_id)

    def remove(self, segment: Segment) -> None:
        """Delete a segment with its runs and counts."""
        with self._lock:
            del self._segments[segment.segment_id]
            self._running = [run for run in self._running if run not in segment.runs]

    def start(self, segment: Segment, sort: str, user: User | None = None) -> Run:
        """Start a run of a segment.

        Args:
            segment: The segment.
            sort: Order of the result.
            user: Who starts it; the first user by default.
        """
        with self._lock:
            self._started_runs += 1
            run = Run(make_id(self.seed, "run", self._started_runs), segment.segment_id)
            run.seen_by = (user or self.first_user) if self.filters_when_made else None
            self._evaluate(segment, run, sort)
        return run

    def restart(self, segment: Segment, run: Run, sort: str) -> None:
        """Drop a run's result, and evaluate again under the same id."""
        with self._lock:
            self._evaluate(segment, run, sort)

    def find_running(self, segment: Segment) -> Run | None:
        """Return a run of the segment that has not ended, None without one."""
        self.settle()
        return next((run for run in self._running if run.segment_id == segment.segment_id), None)

    def expire_runs(self) -> None:
        """Expire all runs now."""
        now = self.clock.time()
        for segment in self.segments:
            for run in segment.runs:
                run.expires_at = now

    def settle(self) -> None:
        """Record the counts of runs that have ended by now."""
        with self._lock:
            now = self.clock.time()
            over = [run for run in self._running if run.is_over(now)]
            self._running = [run for run in self._running if run not in over]
            for run in sorted(over, key=lambda run: run.ended):
                if self.records_runs and not run.fails:
                    _record_count(self._segments[run.segment_id], run)

    def _get_instant(self, at: float | None) -> float:
        return self.clock.time() if at is None else at

    def _evaluate(self, segment: Segment, run: Run, sort: str) -> None:
        self.settle()
        segment.start_run(run, sort)
        if run not in self._running:
            self._running.append(run)


def _record_count(segment: Segment, run: Run) -> None:
    version = segment.find_version(run.segment_timestamp)
    size = len(run.members)
    segment.add_count(
        run.ended,
        size,
        run_id=run.run_id,
        segment_hash=version.segment_hash if version else None,
        active_result_count=size * 9 // 10,
        started=run.started,
    )
