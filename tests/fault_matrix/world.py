"""An account whose second nightly sync the fault matrix repeats for each case."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox import Fault
from tests.fault_matrix.request_kinds import COMMIT, EVERYTHING, TOKEN
from tests.fault_matrix.truth import Truth, owners, partition
from tests.support.sync import RUN_STREAMS, catalog, everything, run_tap, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.fault_matrix.request_kinds import RequestKind
    from tests.fault_matrix.table import Case
    from tests.support.clocks import SharedClock
    from tests.support.sync import Sync

IN_FLIGHT = 5
"""Maximum concurrent requests."""
CHANGING = {
    *("listed_at", "last_used_date", "run_id_start", "run_id_end", "changed_at"),
    *("exported_at", "completed_at", "listing_size", "read_at"),
}
"""Fields that differ between equal syncs."""

Said = dict[tuple[str, str], list[str]]
"""Records by stream and owner (segment or group)."""


class World:
    """Accounts after a first sync and some changes; restored after every case.

    Attributes:
        sandbox: Serves the accounts.
        elsewhere: Another host, which must receive no request.
        clock: The clock of all.
        truth: Checks against the accounts.
        ids: Ids of segments and runs by their names in `RequestKind.url`.
    """

    def __init__(self, sandbox: Sandbox, elsewhere: Sandbox, clock: SharedClock) -> None:
        """Sync for the first time, and advance the clock by a day."""
        self.sandbox = sandbox
        self.elsewhere = elsewhere
        self.clock = clock
        self.truth = Truth(sandbox)
        self._usual: dict[tuple[RequestKind, bool], Said] = {}
        self._exports = 0
        # Otherwise every case would add to the count history.
        sandbox.account.records_runs = False
        self.ids: dict[str, str] = {}
        self._spans: dict[str, range] = {}
        # With those of the segments more than two pages.
        sandbox.account.add_contacts(range(1_000, 1_150))
        for place, name in enumerate(("bad", "good", "unlisted")):
            segment = sandbox.account.add_segment(name, range(100 * place + 1, 100 * place + 26))
            self.ids[name] = segment.segment_id
            sandbox.preferences.add_group(name, 25)
            self._spans[segment.segment_id] = range(100 * place + 1, 100 * place + 100)
            for hour in range(3):
                segment.add_count(clock.time() - 86_400 + 3600 * hour, 20 + hour)
        self.states: dict[str, dict[str, Any] | None] = {"first": None}
        self._remember()
        self._lifetimes = {
            run: run.expires_at for segment in sandbox.account.segments for run in segment.runs
        }

    def _remember(self) -> None:
        """Make the initial states."""
        bad = self.sandbox.account.segments[0]
        first = sync(self.sandbox, page_size=10)
        self.states["second"] = first.state
        self.states["groups"] = run_tap(self._config(COMMIT)).state
        self.clock.advance(86_400)
        for segment in self.sandbox.account.segments:
            segment.members = [*segment.members[2:], max(segment.members) + 1]
            segment.edit(name=None if segment.name == "unlisted" else segment.name)
            segment.add_count(self.clock.time(), 30)
        self.ids["previous"] = bad.runs[0].run_id
        whole = sync(self.sandbox, state=first.state, page_size=10)
        self.ids["paired"] = bad.runs[-1].run_id
        self.states["lost"] = next(
            state
            for state in whole.states
            if "pair" in partition(state, "match_all_runs", bad.segment_id)["match_all"]
        )
        bad.evaluation_seconds = 1000
        begun = sync(
            self.sandbox, state=first.state, streams=RUN_STREAMS, page_size=10, run_timeout=5
        )
        bad.evaluation_seconds = 0
        self.ids["running"] = bad.runs[-1].run_id
        self.states["resumed"] = begun.state
        self.clock.advance(1000)

    def sync(self, kind: RequestKind, *, is_whole: bool, **settings: Any) -> Sync:
        """Sync so that requests of a kind are sent.

        Args:
            kind: The kind.
            is_whole: Whether all streams are selected, or only those that need the kind.
            settings: Settings of the tap.
        """
        self.sandbox.clear_requests()
        self._exports = len(self.sandbox.preferences.exports)
        bad = self.sandbox.account.segments[0]
        bad.evaluation_seconds = kind.evaluation_seconds
        options: dict[str, Any] = {"--state": self.state(kind)}
        if not (is_whole or kind.is_of_groups):
            spoilt = frozenset() if kind.spoils == EVERYTHING else kind.spoils
            options["--catalog"] = catalog({"segments", *spoilt})
        config = {**self._config(kind), **settings}
        return run_tap(config, **{"--catalog": everything(config), **options})

    def check(self, kind: RequestKind, synced: Sync) -> None:
        """Check a sync against the accounts."""
        are_joined = kind.settings.get("contacts") != "all"
        self.truth.check(synced, self.state(kind), are_joined=are_joined)

    def state(self, kind: RequestKind) -> dict[str, Any] | None:
        """Return the initial state."""
        return self.states["groups" if kind.is_of_groups else kind.night]

    def usual(self, kind: RequestKind, *, is_whole: bool) -> Said:
        """Return the records of a sync without faults."""
        if (kind, is_whole) not in self._usual:
            synced = self.sync(kind, is_whole=is_whole)
            assert synced.exit_code == 0
            assert len(self.asked(kind)) == kind.usual
            self.check(kind, synced)
            self._usual[kind, is_whole] = self.said(synced)
        return self._usual[kind, is_whole]

    def said(self, synced: Sync) -> Said:
        """Return the records by stream and owner, without volatile fields."""
        found: Said = defaultdict(list)
        for message in synced.messages:
            if message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                kept = {name: each for name, each in record.items() if name not in CHANGING}
                if stream != "count_history":
                    for name in ("run_id", "baseline_run_id"):
                        kept.pop(name, None)
                owner = self._joined(record) if stream == "contacts" else owners(record)
                found[stream, owner].append(json.dumps(kept, sort_keys=True))
        return {key: sorted(set(rows)) for key, rows in found.items()}

    def _joined(self, contact: dict[str, Any]) -> str:
        """Return the segment that a contact joins, empty if none."""
        number = contact["contact_id"]
        return next((each for each, span in self._spans.items() if number in span), "")

    def asked(self, kind: RequestKind) -> list[float]:
        """Return the times of the requests of a kind."""
        tokens = (
            str(export.token)
            for export in self.sandbox.preferences.exports[self._exports :]
            if export.group_name == kind.who
        )
        url = re.compile(kind.url.format_map({**self.ids, "export": f"({'|'.join(tokens)})"}))
        return [
            request.at
            for request in self.sandbox.requests
            if url.match(f"{request.method} {request.path}?{request.raw_query}")
        ]

    def fault(self, case: Case) -> Fault:
        """Return the sandbox's fault of a case."""
        kind, details = case.kind, dict(case.trouble.details)
        known = {
            "in_10_seconds": format_datetime(self.clock.now() + timedelta(seconds=10), usegmt=True),
            "elsewhere": self.elsewhere.url,
        }
        for name, detail in details.items():
            if isinstance(detail, str):
                details[name] = detail.format_map(known)
            elif isinstance(detail, dict):
                details[name] = {key: value.format_map(known) for key, value in detail.items()}
        # These have operations of their own.
        is_elsewhere = case.trouble.fault.startswith("export_")
        return Fault(
            case.trouble.fault,
            operation=None if is_elsewhere else kind.operation,
            times=case.times,
            after=kind.after,
            segment_id=self.owner(kind) if kind.is_of_one else None,
            page=kind.page,
            contact=kind.contact,
            **details,
        )

    def owner(self, kind: RequestKind) -> str:
        """Return the owner that a kind strikes: a segment's id or a group's name."""
        return kind.who if kind.is_of_groups else self.ids.get(kind.who, kind.who)

    def restore(self) -> None:
        """Undo everything since the start of the second night."""
        self.sandbox.faults.clear()
        for segment in self.sandbox.account.segments:
            segment.runs[:] = [run for run in segment.runs if run in self._lifetimes]
        for run, expires_at in self._lifetimes.items():
            run.expires_at = expires_at

    def _config(self, kind: RequestKind) -> dict[str, Any]:
        common = {"run_timeout": 60, "request_timeout": 60}
        if kind.is_of_groups:
            preferences = self.sandbox.preferences
            authorization = {"shared_secret": preferences.shared_secret}
            if kind is TOKEN:
                authorization = {
                    "oauth_token_url": self.sandbox.oauth_token_url,
                    "oauth_client_id": preferences.oauth_client_id,
                    "oauth_client_secret": preferences.oauth_client_secret,
                }
            source = {
                "api_url": self.sandbox.mypreferences_url,
                "client_id": preferences.client_id,
                "user_id": preferences.user_id,
                "segment_groups": ["bad"] if kind is TOKEN else ["bad", "good"],
                "page_size": 10,
                **authorization,
            }
            return {**common, "mypreferences": source}
        settings = {
            name: value if isinstance(value, str) else [each.format_map(self.ids) for each in value]
            for name, value in kind.settings.items()
        }
        account = {"api_url": self.sandbox.url, "api_token": self.sandbox.token}
        rate = {"requests_per_second": 10_000, "max_concurrent_requests": IN_FLIGHT}
        return {**common, **account, **rate, "page_size": 10, **settings}
