"""Nights of an account: syncs, what a target stored of them, and the state that was kept."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.e2e.truth import contact_row, instant, listed
from tests.support.clocks import SharedClock
from tests.support.mypreferences import signed_config
from tests.support.sync import DEFAULT_STREAMS, Sync, catalog, config_of, run_tap
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_activecampaign_segments.sandbox import Segment

    Message = dict[str, Any]
    State = dict[str, Any] | None

DAY = 86_400.0
PREFERENCE_STREAMS = {"segment_group_profiles", "segment_group_exports"}
IDENTITY = ("email", "phone", "first_name", "last_name")
"""Columns of `contacts` that are null where identifiers are hashed."""


@dataclass
class Known:
    """What the sandbox knew when its rows were read.

    Attributes:
        segments: All that ever were, by id.
        listed: Rows of the listing, by id, as they were last listed.
        contacts: By id, as they were last read.
        profiles: By group and id, as they were last exported.
    """

    segments: dict[str, Segment] = field(default_factory=dict)
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[int, dict[str, Any]] = field(default_factory=dict)
    profiles: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)


class Nights:
    """Syncs of one account, one after another.

    Attributes:
        account: Change it between two nights.
        preferences: Likewise; its groups are exported if there are any.
        streams: Selected ones.
        settings: Of the tap.
        state: Given to the next sync.
        states: Those that were kept, oldest first.
        loads: The messages that reached the target, by night.
        warehouse: The rows that a target holds then.
        known: What is true of them.
    """

    def __init__(self, sandbox: Sandbox, clock: SharedClock) -> None:
        """Begin without state or rows."""
        self._sandbox = sandbox
        self._clock = clock
        self.account = sandbox.account
        self.preferences = sandbox.preferences
        self.streams = {*DEFAULT_STREAMS, "contacts", *PREFERENCE_STREAMS}
        self.settings: dict[str, Any] = {}
        self.state: State = None
        self.states: list[State] = [None]
        self.loads: list[list[Message]] = []
        self.warehouse = Warehouse()
        self.known = Known()
        self._listing: dict[str, dict[str, Any]] = {}
        self._is_hashed = False

    def pass_time(self, seconds: float = DAY) -> None:
        """Let time pass without a sync."""
        self._clock.advance(seconds)

    def now(self) -> float:
        """Epoch seconds."""
        return self._clock.time()

    def sync(self, *, exit_code: int = 0, **settings: Any) -> Sync:
        """Sync, without delivering anything."""
        config = config_of(self._sandbox, max_left_share=1, **(self.settings | settings))
        streams = self.streams
        if self.preferences.groups:
            config["mypreferences"] = signed_config(self._sandbox)
        else:
            streams = streams - PREFERENCE_STREAMS
        self._listing = {each["segment_id"]: _shown(each) for each in listed(self.account)}
        chosen = catalog(streams, both_sources=bool(self.preferences.groups))
        synced = run_tap(config, **{"--state": self.state, "--catalog": chosen})
        assert synced.exit_code == exit_code, synced.log
        self._is_hashed = config.get("contact_identifiers") == "hashed"
        return synced

    def load(self, messages: list[Message]) -> None:
        """Let the target store messages."""
        self.loads.append(messages)
        self.warehouse.load(messages)
        self.known.segments |= {each.segment_id: each for each in self.account.segments}
        exports = {
            (group.name, profile["ProfileId"]): profile
            for group in self.preferences.groups
            if group.exports
            for profile in (json.loads(row.document) for row in group.exports[-1].rows)
        }
        for message in messages:
            record = message.get("record", {})
            stream = message.get("stream") if message["type"] == "RECORD" else None
            if stream == "segments":
                self.known.listed[record["segment_id"]] = self._listing[record["segment_id"]]
            elif stream == "contacts":
                self.known.contacts[record["contact_id"]] = self._contact(record["contact_id"])
            elif stream == "segment_group_profiles":
                key = record["segment_group_name"], record["ProfileId"]
                self.known.profiles[key] = exports[key]

    def exported(self, since: datetime | None = None) -> set[tuple[str, int]]:
        """Return groups and ids of the profiles of each group's latest complete export.

        Args:
            since: Older exports do not count.
        """
        rows = self.warehouse.rows("segment_group_profiles")
        latest: dict[str, str] = {}
        for export in self.warehouse.rows("segment_group_exports"):
            group, at = export["segment_group_name"], export["exported_at"]
            stored = [
                row
                for row in rows
                if row["segment_group_name"] == group and row["exported_at"] >= at
            ]
            if since and instant(at) < since:
                continue
            if export["is_full"] and export["total_results"] <= len(stored):
                latest[group] = max(at, latest.get(group, ""))
        return {
            (row["segment_group_name"], row["ProfileId"])
            for row in rows
            if row["exported_at"] >= latest.get(row["segment_group_name"], "~")
        }

    def _contact(self, contact_id: int) -> dict[str, Any]:
        row = contact_row(self.account, contact_id)
        return row | dict.fromkeys(IDENTITY) if self._is_hashed else row

    def night(self, **settings: Any) -> Sync:
        """Let a day pass, sync, load everything and keep the state."""
        self.pass_time()
        return self.keep(self.sync(**settings))

    def keep(self, synced: Sync) -> Sync:
        """Load everything and keep the state."""
        self.load(synced.messages)
        self.state = synced.state
        self.states.append(self.state)
        return synced

    def lost_night(self, **settings: Any) -> Sync:
        """Likewise, but the state is lost after the rows were stored."""
        self.pass_time()
        synced = self.sync(**settings)
        self.load([message for message in synced.messages if message["type"] != "STATE"])
        return synced

    def broken_night(
        self, stored: Collection[str], cut: int | None = None, **settings: Any
    ) -> Sync:
        """Likewise, but the target fails between two tables.

        Args:
            stored: The streams whose rows are stored; of `membership_changes` only those before
                `cut`.
            cut: None for no limit; negative to count from the end.
            settings: Of the tap.
        """
        self.pass_time()
        synced = self.sync(**settings)
        of_log = synced.records("membership_changes")[:cut]
        self.load(
            [
                message
                for message in synced.messages
                if message["type"] == "SCHEMA"
                or (
                    (message["type"] == "RECORD" and message["stream"] in stored)
                    and (message["stream"] != "membership_changes" or message["record"] in of_log)
                )
            ]
        )
        return synced

    def restore(self, nights: int) -> None:
        """Restore the state that was kept some nights before the last one."""
        self.state = json.loads(json.dumps(self.states[-1 - nights]))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the listing; of a segment that is in none, what a lookup tells."""
    if row["name"] is not None:
        return row
    unknown = ("category", "counts", "updated_date", "last_used_date")
    return row | dict.fromkeys(unknown)


@contextmanager
def quick_nights(seed: int = 1) -> Iterator[Nights]:
    """Serve an empty account whose nights take no time."""
    clock = SharedClock()
    account, preferences = Account(seed, clock), Preferences(seed, clock)
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(account, clock, preferences=preferences, requests_per_second=None) as sandbox,
    ):
        patch.setattr(TapActiveCampaignSegments, "clock", clock)
        patch.setattr(time, "sleep", clock.sleep)
        yield Nights(sandbox, clock)
