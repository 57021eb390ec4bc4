"""Random histories: nights with faults of vendor, tap, target, states, users and clocks.

The sandbox knows what is true. A history fails if the log contradicts it, or if another table does
and no documented query detects it.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.activecampaign import serve_empty_account
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, Sync, sync
from tests.support.warehouse import FULL, INCOMPLETE, LOG, PAST, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

STALE = ("stale rows in memberships", "memberships against the log")
SELECTIONS = [
    *[RUN_STREAMS] * 5,
    *[CHANGE_STREAMS] * 5,
    {"match_all_runs", "membership_changes"},
    {"match_all_runs", "memberships"},
    {"match_all_runs", "match_all_results"},
    {"membership_changes", "memberships"},
    {"match_all_runs"},
]
FLICKERS = [
    *("not_found", "gateway_404", "empty", "cut", "run_fails", "run_expires", "same_run"),
    *("no_page", "duplicate", "missing_row", "text_id", "total_changes"),
    *("total_is", "last_page_is", "per_page_is", "digits", "no_end"),
]
NIGHT = 20 * 3600.0


class History:
    """One history, determined by a seed."""

    def __init__(self, seed: int, sandbox: Sandbox, clock: SharedClock) -> None:
        """Create an account with segments."""
        self.chance = random.Random(seed)
        self.sandbox = sandbox
        self.account = sandbox.account
        self.clock = clock
        self.warehouse = Warehouse()
        self.states: list[dict[str, Any] | None] = [None]
        self.said: list[str] = []
        self.found: dict[str, list[set[int]]] = {}
        """Members found by each run, one set per evaluation."""
        self.past: list[tuple[str, dict[str, set[int]]]] = []
        self.tokens = [self.account.token]
        self.account.records_runs = self.chance.random() < 0.7
        for name in ("one", "two", None)[: self.chance.randint(1, 3)]:
            segment = self.account.add_segment(name, self._crowd())
            segment.add_count(clock.time() - NIGHT, max(len(segment.members), 1))
        self.ids = [each.segment_id for each in self.account.segments if each.name is None]

    def run(self, nights: int) -> None:
        """Run nightly syncs."""
        for _ in range(nights):
            self._change()
            self._disturb()
            synced = self._sync()
            self.sandbox.faults.clear()
            is_whole = self._deliver(synced)
            self.check()
            if is_whole:
                self._check_latest(synced)
            self._restore()
            self.clock.advance(self.chance.choice([2, 600, NIGHT]))

    def _crowd(self) -> list[int]:
        size = self.chance.choice([0, 3, 12, 25, 40, 130])
        return sorted(self.chance.sample(range(1, 200), size))

    def _change(self) -> None:
        """Change contacts, segments, runs, tokens and the vendor's behaviour."""
        for segment in self.account.segments:
            what = self.chance.random()
            if what < 0.6:
                now = {*segment.members}
                now ^= {*self.chance.sample(range(1, 200), self.chance.randint(0, 12))}
                segment.members = sorted(now)
            elif what < 0.75:
                segment.members = self._crowd()
            if self.chance.random() < 0.1:
                segment.edit()
            segment.evaluation_seconds = self.chance.choice([0, 0, 0, 2, 90])
        what = self.chance.random()
        if what < 0.05:
            self.account.expire_runs()
        elif what < 0.1:
            self.account.delete_contact(self.chance.randint(1, 199))
        elif what < 0.15:
            run = self.chance.choice([None, *self.account.segments[0].runs])
            if run:
                self.account.restart(self.account.segments[0], run, "email")
        elif what < 0.2:
            digit = self.chance.randint(0, 9)
            user_id = self.chance.choice(["1", "2"])
            hides = (lambda contact: contact % 10 == digit) if user_id == "2" else None
            self.tokens.append(self.account.add_token(user_id, hides))
        self.account.names_user = self.chance.random() < 0.9
        self.account.edits_seem = self.chance.random() < 0.05
        self.account.timestamps.digits = self.chance.choice([None, None, None, 6])
        self.account.runs_appear_after = self.chance.choice([0.0, 0.0, 0.0, 1.5])

    def _disturb(self) -> None:
        """Add faults."""
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 3])):
            kind = self.chance.choice(FLICKERS)
            if kind == "same_run" and len(self.tokens) > 1:
                # Without a state, the same run for another user cannot be detected.
                continue
            operation = {"run_fails": "start", "run_expires": "read", "same_run": "start"}.get(
                kind, self.chance.choice(["start", "read", "read", "segment"])
            )
            numbers: list[int | str] = [0, 1, 2, 5, 7, 20, "3", "11"]
            digits = self.chance.randint(0, 9)
            times = self.chance.choice([1, 1, 2, None])
            if kind == "no_page":
                # Repeated answers without numbers are an empty result by the API's design.
                times = 1 if all(each.kind != kind for each in self.sandbox.faults) else 0
            fault = Fault(
                kind,
                operation,
                times=times,
                after=self.chance.randint(0, 3),
                value=digits if kind == "digits" else self.chance.choice(numbers),
            )
            self.sandbox.faults.add(fault)
            self.said.append(f"{fault.kind} {fault.operation} {fault.times} {fault.value}")
        if self._has_witness() and self.chance.random() < 0.1:
            self.sandbox.faults.add(Fault("empty_result", "start"))
            self.said.append("empty_result start 1")

    def _has_witness(self) -> bool:
        """Whether the state contradicts an empty result of every segment."""
        state = self.warehouse.state or {}
        entries = state.get("bookmarks", {}).get("match_all_runs", {}).get("partitions", [])
        totals = [each.get("match_all", {}).get("committed", {}).get("total") for each in entries]
        is_known = len(totals) == len(self.account.segments) and all(totals)
        return is_known and len(self.tokens) == 1

    def _sync(self) -> Sync:
        self.clock.skew = self.chance.choice([0, 0, 0, 900, -900])
        settings: dict[str, Any] = {
            "streams": {"segments", *self.chance.choice(SELECTIONS)},
            "page_size": self.chance.choice([7, 10, 50, 10_000]),
            "sort": self.chance.choice(["id", "id", "id", "email"]),
            "resume_within": self.chance.choice([21_600, 21_600, 0, 10**8]),
            "run_timeout": self.chance.choice([3600, 3600, 3]),
            "max_left_share": self.chance.choice([0.5, 0.5, 0.1, 1]),
            "api_token": self.chance.choice([self.account.token, self.tokens[-1]]),
            "run_attempts": self.chance.choice([1, 3]),
        }
        if self.ids:
            listed = [each.segment_id for each in self.account.segments if each.name]
            settings["segment_ids"] = [*self.ids, *listed]
        if self.chance.random() < 0.07:
            settings["rebaseline"] = ["*", *self.ids]
        synced = sync(self.sandbox, state=self.warehouse.state, **settings)
        self.clock.skew = 0
        self._note(synced, settings["api_token"])
        self.said.append(f"{settings} -> {synced.exit_code} {synced.errors}")
        assert "Traceback" not in synced.log
        return synced

    def _deliver(self, synced: Sync) -> bool:
        """Load all messages or a part; return whether a complete sync was loaded."""
        how = self.chance.random()
        if how < 0.65:
            self.warehouse.load(synced.messages)
            self.states.append(self.warehouse.state)
            return synced.exit_code == 0
        if how < 0.8:
            # The tap, or a streaming target, is killed.
            self.warehouse.load(synced.messages[: self.chance.randint(0, len(synced.messages))])
            self.states.append(self.warehouse.state)
            self.said.append("killed")
            return False
        # A target that loads table by table fails midway.
        self.said.append("broken between tables")
        streams = [message["stream"] for message in synced.messages if message["type"] == "SCHEMA"]
        if self.chance.random() < 0.5:
            self.chance.shuffle(streams)
        whole = self.chance.randint(0, len(streams))
        for place, stream in enumerate(streams):
            rows = [message for message in synced.messages if message.get("stream") == stream]
            if place == whole:
                rows = rows[: self.chance.randint(0, len(rows))]
            if place <= whole:
                self.warehouse.load(rows)
        self.warehouse.load(
            message
            for message in synced.messages
            if message["type"] == "SCHEMA" and message["stream"] not in streams[:whole]
        )
        return False

    def _restore(self) -> None:
        """Lose the state, or restore an earlier one."""
        if self.chance.random() < 0.15:
            self.warehouse.state = json.loads(json.dumps(self.chance.choice(self.states)))
            self.said.append("restored")

    def _note(self, synced: Sync, token: str) -> None:
        """Record what the emitted runs found, and check the log against it."""
        user = self.account.find_user(token)
        assert user
        runs = {run.run_id: run for segment in self.account.segments for run in segment.runs}
        emitted = {row["run_id"] for stream in RUN_STREAMS for row in synced.records(stream)}
        for run_id, run in runs.items():
            if run_id in emitted or run_id not in self.found:
                found = {each for each in run.members if user.sees(each)}
                self.found.setdefault(run_id, []).append(found)
        for row in synced.records("membership_changes"):
            now = row["contact_id"] in self.found[row["run_id"]][-1]
            previous = self.found.get(row["previous_run_id"], [set()])
            before = row["contact_id"] in previous[-1]
            joined = row["change"] == "joined"
            assert (before, now) == (not joined, joined), row

    def check(self) -> None:
        """Check the tables.

        Raises:
            AssertionError: The log is wrong, or another table is and no query detects it.
        """
        streams = self.warehouse.streams
        if {"match_all_runs", "membership_changes"} <= streams:
            self._check_members(LOG, self.warehouse.heads(), set())
        if {"match_all_runs", "memberships"} <= streams:
            queries = STALE if "membership_changes" in streams else STALE[:1]
            flagged = {row[0] for query in queries for row in self.warehouse.query(query)}
            self._check_members(TABLE, self.warehouse.heads(), flagged)
        if {"match_all_runs", "match_all_results"} <= streams:
            latest: dict[str, dict[str, Any]] = {}
            for row in self.warehouse.rows("match_all_runs"):
                other = latest.setdefault(row["segment_id"], row)
                if row["run_id_start"] > other["run_id_start"]:
                    latest[row["segment_id"]] = row
            flagged = {row[0] for row in self.warehouse.query(INCOMPLETE)}
            self._check_members(FULL, list(latest.values()), flagged)
        if "segments" in streams:
            existing = {row[0] for row in self.warehouse.query("segments that exist")}
            listed = {each.segment_id for each in self.account.segments if each.name}
            # The API may deny a configured id.
            assert existing == set() or existing - {*self.ids} == listed, existing

    def _members(self, query: str, **replacements: str) -> dict[str, set[int]]:
        return self.warehouse.members(query, **replacements)

    def _check_members(self, query: str, runs: list[dict[str, Any]], flagged: set[str]) -> None:
        """Check a query against the latest runs, except flagged segments."""
        found = self._members(query)
        for run in runs:
            segment_id = run["segment_id"]
            members = found.pop(segment_id, set())
            is_true = members in self.found[run["run_id"]]
            assert is_true or segment_id in flagged, (query, segment_id, members)
        assert {*found} <= flagged, (query, found)

    def _check_latest(self, synced: Sync) -> None:
        """Check that the log has the runs of a complete sync, and note it for past dates."""
        said = {message["stream"] for message in synced.messages if message["type"] == "SCHEMA"}
        if not {"match_all_runs", "membership_changes"} <= said:
            return
        starts = {
            row["run_id"]: row["run_id_start"] for row in self.warehouse.rows("match_all_runs")
        }
        heads = {run["segment_id"]: starts[run["run_id"]] for run in self.warehouse.heads()}
        for row in synced.records("match_all_runs"):
            # A restored state may emit an older run again: the log keeps the newer one.
            assert heads[row["segment_id"]] >= row["run_id_start"], (heads, row)
        now = self.clock.now().replace(tzinfo=None).isoformat(" ")
        self.past.append((now, self._members(LOG)))

    def check_past(self) -> None:
        """Check the members at past dates."""
        for at, members in self.past:
            assert self._members(PAST, at=at) == members, at


def run(seed: int, clock: SharedClock, nights: int = 7) -> None:
    """Run one history.

    Raises:
        AssertionError: A check failed; the message has the whole history.
    """
    with serve_empty_account(clock) as sandbox:
        history = History(seed, sandbox, clock)
        try:
            history.run(nights)
            history.check_past()
        except AssertionError as error:
            said = "\n".join(history.said)
            raise AssertionError(f"seed {seed}: {error}\n{said}") from error
