"""What the probes of one check share: the client, the findings, and what was read so far."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.check.findings import Findings, NotSeenError
from tap_activecampaign_segments.activecampaign.count_history import count_row
from tap_activecampaign_segments.errors import NotFoundError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.api import ContactsApi
    from tap_activecampaign_segments.activecampaign.check.results import Result
    from tap_activecampaign_segments.activecampaign.check.traffic import Traffic
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock

NO_EVALUATION = "--no-evaluation"


@dataclass
class Session:
    """One check. Later probes use what earlier ones read.

    Attributes:
        client: The API client, observed by `traffic`.
        traffic: What was sent, and what the responses told.
        clock: Time source.
        segment_id: The segment that the user named, None to choose one.
        may_evaluate: Whether a segment may be evaluated.
        findings: The verdicts so far.
        listed: The segments on the first page of the listing.
        chosen: The segment that is looked into.
        definitions: Attributes of the newest definitions that were read, by segment.
        history: The newest page of the chosen segment's count history, before any evaluation.
        started: The run that this check started, as the start was answered; None without one.
        own: The same run once it is ready.
        recorded: Recorded runs of the chosen segment that could be read, newest first.
        has_contacts: Whether the account has shown a contact.
    """

    client: ContactsApi
    traffic: Traffic
    clock: Clock
    segment_id: str | None
    may_evaluate: bool
    findings: Findings = field(default_factory=Findings)
    listed: list[Segment] = field(default_factory=list)
    chosen: Segment | None = None
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    started: Result | None = None
    own: Result | None = None
    recorded: list[Result] = field(default_factory=list)
    has_contacts: bool = False

    @property
    def segment(self) -> Segment:
        """The segment that is looked into.

        Raises:
            NotSeenError: There is none.
        """
        if self.chosen is None:
            msg = "the account has no segment to look into"
            raise NotSeenError(msg)
        return self.chosen

    @property
    def own_run(self) -> Result:
        """The ready run that this check started.

        Raises:
            NotSeenError: There is none.
        """
        if self.own is None:
            msg = "no run was ready" if self.may_evaluate else NO_EVALUATION
            raise NotSeenError(msg)
        return self.own

    @property
    def any_run(self) -> Result:
        """A ready run: the own one, or the newest recorded one if there is no own run.

        Raises:
            NotSeenError: There is none.
        """
        if self.own is None and self.recorded:
            return self.recorded[0]
        return self.own_run

    def read_definition(self, segment: Segment) -> dict[str, Any]:
        """Return the attributes of a segment's newest definition; each is requested once.

        Returns:
            Nothing if there is no such definition.

        Raises:
            TapError: It could not be read.
        """
        known = self.definitions.get(segment.segment_id)
        if known is None:
            found = []
            with suppress(NotFoundError):
                found = resources(self.client.get("segmentsV2", segment.segment_id))
            known = attributes(found[0]) if found else {}
            self.definitions[segment.segment_id] = known
        return known

    def read_counts(self, before: int | None = None) -> list[dict[str, Any]]:
        """Return one page of the chosen segment's count history, in the order of the answer.

        Args:
            before: Seconds since the epoch, exclusive; None for the newest page.

        Raises:
            TapError: It could not be read.
        """
        segment_id = self.segment.segment_id
        cursor = () if before is None else (str(before),)
        answer = self.client.get("segmentsV2", segment_id, "count-history", *cursor)
        return [count_row(segment_id, each) for each in resources(answer)]
