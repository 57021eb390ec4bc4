"""Checks that a sync emits nothing but what the sandbox knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox.activecampaign import documents
from tap_activecampaign_segments.timestamps import normalize
from tests.support.sync import RUN_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.sync import Sync

State = dict[str, Any]

PARTIAL = (RUN_STREAMS - {"match_all_runs"}) | {"contacts", "segment_group_profiles"}
"""Streams that may have incomplete, but true rows; a commit marks them as complete."""


class Truth:
    """Checks syncs against the sandbox's accounts."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Use a sandbox."""
        self._account = sandbox.account
        self._preferences = sandbox.preferences

    def check(self, synced: Sync, before: State | None, *, are_joined: bool) -> None:
        """Check that every row is true, and no STATE is ahead of the rows.

        Args:
            synced: The sync.
            before: Its initial state.
            are_joined: Whether `contacts`, if selected, has those that joined.
        """
        for row in synced.records("segments"):
            segment = self._account.find_segment(row["segment_id"])
            assert segment
            assert row["name"] in {None, segment.name}
        for row in synced.records("segment_definitions"):
            assert row["segment_hash"] in {
                version.segment_hash for version in self._segment(row).versions
            }
        for row in synced.records("count_history"):
            assert (row["run_id"], row["result_count"]) in {
                (count.run_id, count.result_count) for count in self._segment(row).counts
            }
        for row in synced.records("segment_conditions"):
            assert (row["created_date"], row["condition_id"]) in set(self._conditions(row))
        self._check_members(synced)
        self._check_contacts(synced, before)
        self._check_runs(synced)
        if are_joined and ("SCHEMA", "contacts") in synced.types:
            self._check_joined(synced)
        self._check_exports(synced)
        _check_states(synced, before)

    def _segment(self, row: dict[str, Any]) -> Any:
        return self._account.find_segment(row["segment_id"])

    def _members(self, segment_id: str, run_id: str | None) -> frozenset[int]:
        segment = self._account.find_segment(segment_id)
        runs = segment.runs if segment else []
        return frozenset().union(*(run.members for run in runs if run.run_id == run_id))

    def _conditions(self, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
        segment = self._segment(row)
        for version in segment.versions:
            document = documents.build_definition(self._account, segment, version)["attributes"]
            created = normalize(document["created_date"])
            for condition in document["segment_conditions"]:
                yield created, condition["id"]

    def _check_contacts(self, synced: Sync, before: State | None) -> None:
        """Check each contact, and that no walk is ahead of the contacts."""
        store, after = self._account.contacts, _walked_to(before)
        found: set[int] = set()
        for message in synced.messages:
            if message["type"] == "STATE":
                walked = range(after + 1, _walked_to(message["value"]) + 1)
                assert {each for each in self.contact_ids if each in walked} <= found
            if message["type"] != "RECORD" or message["stream"] != "contacts":
                continue
            row = message["record"]
            assert row["contact_id"] not in found
            found.add(row["contact_id"])
            contact = store.build_contact(row["contact_id"])
            lists = [each["list"] for each in store.build_subscriptions(row["contact_id"])]
            assert row["is_found"]
            assert row["email"] == contact["email"]
            assert [each["list_id"] for each in row["subscriptions"]] == lists

    @property
    def contact_ids(self) -> set[int]:
        """The ids of all contacts."""
        segments = self._account.segments
        members = [each.members for each in segments]
        members += [run.members for segment in segments for run in segment.runs]
        return set().union(*self._account.contacts.added, *members)

    def _check_members(self, synced: Sync) -> None:
        for row in synced.records("match_all_results"):
            assert row["contact_id"] in self._members(row["segment_id"], row["run_id"])
        for row in synced.records("memberships"):
            is_member = row["contact_id"] in self._members(row["segment_id"], row["run_id"])
            assert row["is_member"] == is_member
        for row in synced.records("membership_changes"):
            now = self._members(row["segment_id"], row["run_id"])
            before = self._members(row["segment_id"], row["previous_run_id"])
            changed = now - before if row["change"] == "joined" else before - now
            assert row["contact_id"] in changed

    def _check_runs(self, synced: Sync) -> None:
        """Check that all rows of the child streams precede a run's row."""
        for row in synced.records("match_all_runs"):
            segment_id, run_id = row["segment_id"], row["run_id"]
            now = self._members(segment_id, run_id)
            before = self._members(segment_id, row["previous_run_id"])
            changes = {"joined": now - before, "left": before - now}
            assert row["total"] == len(now)
            assert row["is_baseline"] == (row["previous_run_id"] is None)
            assert [row["joined_count"], row["left_count"]] == [*map(len, changes.values())]
            assert _contacts(synced, "match_all_results", row) == now
            assert _contacts(synced, "memberships", row) == now ^ before
            for change, contacts in changes.items():
                assert _contacts(synced, "membership_changes", row, change=change) == contacts

    def _check_joined(self, synced: Sync) -> None:
        """Check that the contacts that joined precede a run's row."""
        found: set[int] = set()
        for message in synced.messages:
            if message["type"] == "RECORD" and message["stream"] == "contacts":
                found.add(message["record"]["contact_id"])
            elif message["type"] == "RECORD" and message["stream"] == "match_all_runs":
                row = message["record"]
                now, before = (
                    self._members(row["segment_id"], row[name])
                    for name in ("run_id", "previous_run_id")
                )
                assert now - before <= found

    def _check_exports(self, synced: Sync) -> None:
        profiles = synced.records("segment_group_profiles")
        for group in self._preferences.groups:
            known = {profile["ProfileId"] for profile in group.profiles}
            rows = [row for row in profiles if row["segment_group_name"] == group.name]
            assert {row["ProfileId"] for row in rows} <= known
            for row in synced.records("segment_group_exports"):
                if row["segment_group_name"] == group.name:
                    at = row["exported_at"]
                    found = {each["ProfileId"] for each in rows if each["exported_at"] == at}
                    assert found == known
                    assert row["total_results"] == len(known)


def partition(state: State | None, stream: str, owner: str) -> State:
    """Return the partition of a segment or group in a stream's state, or the stream's entry."""
    entry = (state or {}).get("bookmarks", {}).get(stream, {})
    if owner == stream:
        return dict(entry)
    for each in entry.get("partitions", []):
        if owner in each["context"].values():
            return dict(each)
    return {}


def _walked_to(state: State | None) -> int:
    """Return the id up to which a state claims that all contacts are emitted."""
    walk = (state or {}).get("bookmarks", {}).get("contacts", {}).get("walk", {})
    return int(walk.get("after", 0))


def owners(record: dict[str, Any]) -> str:
    """Return the segment or the group of a record, or the contact."""
    names = ("segment_id", "segment_group_name", "contact_id")
    return str(next(record[name] for name in names if name in record))


def _contacts(synced: Sync, stream: str, run: dict[str, Any], **also: str) -> set[int]:
    keys = {"segment_id": run["segment_id"], "run_id": run["run_id"], **also}
    return {row["contact_id"] for row in synced.records(stream) if keys.items() <= row.items()}


def _check_states(synced: Sync, before: State | None) -> None:
    said: set[tuple[str, str, str]] = set()
    named: set[str] = set()
    for message in synced.messages:
        if message["type"] == "STATE":
            for fact in _facts(message["value"]):
                assert fact in said or fact in set(_facts(before))
            named |= _pairs(message["value"])
        elif message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            if stream == "membership_changes" and not record["is_baseline"]:
                assert record["run_id"] in named | _pairs(before)
            said |= {
                (stream, owners(record), value) for value in record.values() if _is_text(value)
            }


def _facts(state: State | None) -> Iterable[tuple[str, str, str]]:
    """Return (stream, owner, value of one of its rows) that a state claims to be emitted."""
    for stream, kept in (state or {}).get("bookmarks", {}).items():
        for each in kept.get("partitions", []):
            owner = owners(each["context"])
            if "replication_key_value" in each and stream not in RUN_STREAMS:
                yield stream, owner, each["replication_key_value"]
            facts = each.get("match_all", {})
            if "predecessor" in facts:
                yield stream, owner, facts["predecessor"]["run_id"]
            if "committed" in facts:
                yield stream, owner, facts["committed"]["run_id_start"]


def _pairs(state: State | None) -> set[str]:
    partitions = (state or {}).get("bookmarks", {}).get("match_all_runs", {}).get("partitions", [])
    facts = [each.get("match_all", {}) for each in partitions]
    return {each["pair"]["run_id"] for each in facts if "pair" in each}


def _is_text(value: object) -> bool:
    return isinstance(value, str)
