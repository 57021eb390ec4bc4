"""Thirty nights in which everything happens that may happen between two evaluations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox.activecampaign.conditions import (
    make_condition,
    make_field,
    make_groups,
)
from tests.dbt.nights import DAY, Nights, quick_nights
from tests.dbt.truth import MAILABLE_MAX_AGE_DAYS, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_activecampaign_segments.sandbox import Segment

HOUR = 3600.0
GROUP = "Newsletter consents"
LEAVES = 1_001
"""A profile whose refusal counts after it has left the group."""
UNSAVED = "unsaved segment"
BROKEN = {"broken", "compared with another run, without its log"}
"""Chapters after which runs lack log rows."""
AT = 2 * HOUR
"""Since midnight, when the syncs begin."""


@dataclass
class Chapter:
    """Some nights, and what is true after them.

    Attributes:
        title: What happened last.
        loads: What the loader gets, by night.
        truth: Of the rows that it holds then.
    """

    title: str
    loads: list[list[dict[str, Any]]]
    truth: Truth


@dataclass
class Story:
    """Writes the history.

    Attributes:
        nights: The account and its syncs.
        chapters: So far.
    """

    nights: Nights
    chapters: list[Chapter] = field(default_factory=list)
    _told: int = 0

    def end_chapter(self, title: str) -> None:
        """Note what is true now."""
        loads = self.nights.loads[self._told :]
        self._told = len(self.nights.loads)
        self.chapters.append(Chapter(title, loads, Truth.of(self.nights, MAILABLE_MAX_AGE_DAYS)))

    def tell(self) -> list[Chapter]:
        """Let everything happen."""
        self._furnish()
        for write in PLOT:
            write(self)
        return self.chapters

    def segment(self, name: str) -> Segment:
        """Return a segment by its first name."""
        return self._segments[name]

    def move(self, name: str, leave: int, join: int) -> None:
        """Let the lowest ids leave a segment, and new ones join."""
        segment = self.segment(name)
        members = sorted(segment.members)
        first = max(members, default=0) + 1
        segment.members = [*members[leave:], *range(first, first + join)]

    def return_to(self, name: str, contacts: Sequence[int]) -> None:
        """Let contacts join that have been members before."""
        segment = self.segment(name)
        segment.members = sorted({*segment.members, *contacts})

    def ordinary(self, nights: int = 1, **settings: Any) -> None:
        """Let some join and some leave, and sync."""
        for _ in range(nights):
            self._change()
            self.nights.night(**settings)

    def _change(self) -> None:
        self.move("Buyers", 4, 6)
        self.move("VIP", 1, 1)
        number = len(self.nights.loads)
        # Contact 150 comes and goes.
        readers = {*self.segment("Readers").members} ^ {150, 100 + number}
        self.segment("Readers").members = sorted(readers)

    def _furnish(self) -> None:
        account = self.nights.account
        self.nights.pass_time(DAY + AT - self.nights.now() % DAY)
        names = {
            "Buyers": range(1, 301),
            "Readers": range(100, 331),
            "VIP": range(20, 60),
            "Nobody": (),
            "Twin": range(100, 190),
            "Renamed": range(40, 90),
            "Deleted": range(1, 121),
            "Recorded": range(200, 320),
            "Excluded": range(1, 30),
            "Forgotten": range(1, 30),
            UNSAVED: range(5, 25),
        }
        self._segments = {
            name: account.add_segment(None if name is UNSAVED else name, members)
            for name, members in names.items()
        }
        same = self.segment("Readers").versions[0].segment_hash
        self.segment("Twin").versions[0].segment_hash = same
        self.segment("Forgotten").add_count(self.nights.now() - 120 * DAY, 29)
        tag = make_condition("tag", make_field("tagid", "=", "14"), make_field("date", ">", "2020"))
        mail = make_condition("contact", make_field("email", "contains", "example.com"))
        logic = make_groups(("and", [tag, mail]), ("or", [tag]))
        first = self.segment("VIP").versions[0]
        first.conditions, first.groups = logic["conditions"], logic["groups"]
        self.nights.settings = {
            "segment_names": ["*"],
            "segment_ids": [self.segment(UNSAVED).segment_id],
            "exclude_segments": ["Excluded", "Forgotten"],
        }
        self._add_profiles()
        self._change_contacts()

    def _add_profiles(self) -> None:
        permits = {"Channel": "Email", "Purpose": "Marketing", "Status": "OptIn"}
        profiles: list[dict[str, Any]] = [
            {
                "ProfileId": contact,
                "IsActive": contact % 11 > 0,
                "Emails": [{"Value": f" Contact{contact}@example.com"}],
                "Consents": [permits] if contact % 5 else None,
            }
            for contact in range(1, 360)
        ]
        # Of two opinions the worse counts; a consent for something else is none.
        profiles[40]["Consents"] = [permits, permits | {"Status": "OptOut"}]
        profiles[41]["Consents"] = [permits | {"Channel": "Text"}]
        profiles[42]["Emails"] = [{"Value": "a43@example.com"}, {"Value": "contact43@example.com"}]
        profiles[43] = {**profiles[43], "ReasonCode": "Duplicate"}
        profiles[45]["Emails"] = None
        profiles[47]["Consents"] = [permits | {"Channel": "email", "Purpose": "MARKETING"}]
        unnamed = {"Channel": None, "Purpose": None, "Status": "OptOut"}
        profiles[51]["Consents"] = [permits, unnamed]
        others = [
            {"ProfileId": number, "IsActive": True, "Emails": profiles[place]["Emails"]}
            for number, place in ((1_000, 46), (LEAVES, 52))
        ]
        others[1]["Consents"] = [permits | {"Status": "OptOut"}]
        group = self.nights.preferences.add_group(GROUP, [*profiles, *others])
        group.delete(49)
        self.nights.preferences.add_group("Loyalty club", 5)

    def _change_contacts(self) -> None:
        account = self.nights.account
        account.update_contact(20, email="  Mixed.Case@Example.COM ", phone="+1 (555) 010-0199")
        account.update_contact(21, bounced_hard="1")
        account.update_contact(22, bounced_soft="1")
        account.update_contact(23, email="", phone="+15550100177")
        account.update_contact(24, email="", phone="")
        account.anonymize_contact(25)
        account.mark_contact_deleted(26)
        account.subscribe(27, list_id=1, status=2)
        account.subscribe(28, list_id=1, status=3)
        account.subscribe(29, list_id=9, status=1)


def _first_weeks(story: Story) -> None:
    nights = story.nights
    story.ordinary()
    story.end_chapter("first")
    story.ordinary(2)
    story.move("Buyers", 3, 3)
    nights.lost_night()
    story.end_chapter("lost")
    story.move("Buyers", 2, 2)
    story.return_to("Buyers", [5, 6])
    story.ordinary()
    story.move("Readers", 5, 5)
    nights.broken_night({"segments", "membership_changes", "memberships", "contacts"})
    story.end_chapter("log rows without run rows")
    story.ordinary()
    story.move("Readers", 5, 5)
    story.move("VIP", 3, 4)
    nights.broken_night({"match_all_runs", "membership_changes", "contacts"}, cut=-4)
    story.end_chapter("broken")
    story.ordinary()
    story.end_chapter("healed")


def _edits(story: Story) -> None:
    nights = story.nights
    [group] = (each for each in nights.preferences.groups if each.name == GROUP)
    group.delete(LEAVES)
    story.segment("VIP").edit()
    story.move("VIP", 10, 20)
    story.segment("Readers").edit(segment_hash="another")
    story.ordinary()
    story.segment("Renamed").edit(name="Given another name")
    nights.account.update_contact(305, email="contact305@example.com", bounced_hard="1")
    nights.account.anonymize_contact(306)
    nights.account.mark_contact_deleted(307)
    nights.account.subscribe(308, list_id=1, status=2)
    story.ordinary()
    story.end_chapter("edited")
    # A run that is lost had another definition, and the next one has that too.
    story.segment("Twin").edit()
    story.move("Twin", 7, 9)
    nights.lost_night()
    story.move("Twin", 2, 2)
    nights.restore(3)
    story.ordinary()
    story.end_chapter("restored")
    story.ordinary()


def _baselines(story: Story) -> None:
    nights = story.nights
    new = nights.account.add_segment("New", range(1, 40), created=nights.now())
    story._segments["New"] = new
    nights.pass_time(2 * DAY)
    story.ordinary()
    nights.account.expire_runs()
    story.segment("VIP").edit()
    story.move("VIP", 4, 4)
    story.move("Readers", 20, 20)
    story.ordinary()
    story.end_chapter("expired")
    story.move("Buyers", 3, 9)
    story.ordinary(rebaseline=["Buyers", "Recorded"])
    # The previous result has changed.
    nights.account.delete_contact(50)
    story.ordinary()
    story.end_chapter("rebaselined")


def _recorded_runs(story: Story) -> None:
    nights = story.nights
    segment = story.segment("Recorded")
    for _ in range(3):
        nights.pass_time()
        story.move("Recorded", 5, 7)
        segment.record_run(nights.now() - 2 * HOUR, segment.members, seconds=5)
    story.ordinary(backfill_days=10)
    story.end_chapter("backfilled")
    for age in (2 * HOUR, HOUR / 2):
        nights.pass_time(DAY / 2)
        story.move("Recorded", 3, 2)
        segment.record_run(nights.now() - age, segment.members)
    nights.keep(nights.sync(reuse_runs_within=int(HOUR)))
    story.end_chapter("reused")
    # After this sync's state is lost, what it evaluated is read as recorded runs, and so are
    # evaluations between its own.
    for _ in range(2):
        story.ordinary()
        nights.pass_time(HOUR)
        story.move("Buyers", 1, 1)
        segment = story.segment("Buyers")
        segment.record_run(nights.now(), segment.members)
        nights.pass_time(DAY / 2)
    nights.restore(3)
    story.ordinary(backfill_days=10)
    story.end_chapter("restored and backfilled")


def _same_run_twice(story: Story) -> None:
    nights = story.nights
    story.ordinary(2)
    segment = story.segment("Recorded")
    nights.pass_time()
    story.move("Recorded", 4, 4)
    segment.record_run(nights.now() - HOUR / 2, segment.members)
    nights.keep(nights.sync(reuse_runs_within=int(HOUR)))
    story.end_chapter("reused again")
    # The same run once more, compared with another one; the target breaks, so that it is no longer
    # whole, and neither are those after it.
    nights.restore(2)
    synced = nights.sync(reuse_runs_within=int(HOUR))
    nights.load([each for each in synced.messages if each.get("stream") == "match_all_runs"])
    story.end_chapter("compared with another run, without its log")
    nights.keep(nights.sync(reuse_runs_within=int(HOUR)))
    story.end_chapter("compared with another run")


def _last_week(story: Story) -> None:
    nights = story.nights
    nights.account.remove(story.segment("Deleted"))
    story.ordinary()
    story.end_chapter("deleted")
    nights.pass_time(3 * DAY)
    # A listing of which rows are missing says nothing about which segments exist.
    synced = nights.sync()
    of_segments = [each for each in synced.messages if each.get("stream") == "segments"]
    nights.load(of_segments[:4])
    story.end_chapter("broken listing")
    nights.state = None
    story.ordinary()
    story.end_chapter("no state")
    nights.restore(1)
    story.ordinary()
    nights.restore(9)
    story.ordinary()
    story.end_chapter("restored across a baseline")
    story.segment("Forgotten").members = ()
    story.segment("New").members = ()
    story.ordinary(2)
    story.end_chapter("end")


PLOT: tuple[Callable[[Story], None], ...] = (
    _first_weeks,
    _edits,
    _baselines,
    _recorded_runs,
    _same_run_twice,
    _last_week,
)


@cache
def hard_history() -> list[Chapter]:
    """Return the history, which is the same in all tests of a session."""
    with quick_nights() as nights:
        return Story(nights).tell()
