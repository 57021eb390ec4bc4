"""A segment group: profiles, and the exports of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .chance import generator
from .export import LIFETIME, Export
from .profiles import Profile, Row, deleted, made_up, made_up_deletion, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .order import Order
    from .preferences import Preferences

# Profiles without a date of their own are older than any clock a test may come with.
_CHANGED = 1_577_836_800.0
_STEP = 3_601.027
_FIRST_ID = 100_001


class Group:
    """One segment group; made by `Preferences.add_group`.

    Attributes:
        name: Unique.
        processing_seconds: How long an export takes.
        lifetime: Seconds from an export's end until it expires.
        churn: Share of the profiles that is others after every export, 0 to 1.
        fails: Whether exports begun from now on end as ``Failed``.
        errors: Whether exports begun from now on end as ``Error``.
        exports: In order of their start.
    """

    def __init__(self, preferences: Preferences, name: str) -> None:
        """Define a group without profiles."""
        self._preferences = preferences
        self._rows: list[Row] = []
        self._made = 0
        self._gone = False
        self.name = name
        self.processing_seconds = 0.0
        self.lifetime = LIFETIME
        self.churn = 0.0
        self.fails = False
        self.errors = False
        self.exports: list[Export] = []

    @property
    def profiles(self) -> Sequence[Profile]:
        """Copies of the profiles in the group now."""
        return tuple(json.loads(each.document) for each in self._rows)

    @profiles.setter
    def profiles(self, profiles: Sequence[Profile]) -> None:
        now = self._preferences.time()
        former = {(each.profile_id, each.document): each.changed for each in self._rows}
        fresh = [row(profile, now) for profile in profiles]
        self._rows = [
            each._replace(changed=former.get((each.profile_id, each.document), now))
            for each in fresh
        ]

    def fill(self, profiles: Sequence[Profile] | int, changed: float | None, *, gone: bool) -> None:
        """Put the first profiles in; see `Preferences.add_group`."""
        self._gone = gone
        if isinstance(profiles, int):
            self._rows = [self._made_up(changed) for _ in range(profiles)]
        else:
            self._rows = [
                row(profile, _CHANGED if changed is None else changed) for profile in profiles
            ]

    def touch(self, profile_id: int, at: float | None = None) -> None:
        """Let a profile have changed at an instant (epoch seconds); now, if absent."""
        at = self._preferences.time() if at is None else at
        place = self._place(profile_id)
        self._rows[place] = self._rows[place]._replace(changed=at)

    def delete(
        self, profile_id: int, at: float | None = None, reason: str = "CustomerRequest"
    ) -> None:
        """Leave nothing of a profile but its id, the date and a reason code."""
        at = self._preferences.time() if at is None else at
        self._rows[self._place(profile_id)] = row(deleted(profile_id, at, reason), at)

    def initiate(self, token: int, order: Order) -> Export:
        """Begin an export; afterwards the profiles are slightly others."""
        rows = tuple(each for each in self._rows if order.wants(each))
        export = Export(token, self.name, order.body, rows, self._preferences.time)
        export.ended += self.processing_seconds
        export.expires_at = export.ended + self.lifetime
        export.fails, export.errors = self.fails, self.errors
        self.exports.append(export)
        if self.churn:
            self._drift()
        return export

    def _place(self, profile_id: int) -> int:
        for place, each in enumerate(self._rows):
            if each.profile_id == profile_id:
                return place
        raise KeyError(f"no profile {profile_id} in the group {self.name!r}")

    def _made_up(self, changed: float | None) -> Row:
        profile_id = _FIRST_ID + self._made
        at = _CHANGED + _STEP * self._made if changed is None else changed
        self._made += 1
        seed = (self._preferences.seed, self.name)
        return row((made_up_deletion if self._gone else made_up)(seed, profile_id, at), at)

    def _drift(self) -> None:
        """Let some leave, as many join, and as many change."""
        now = self._preferences.time()
        chance = generator(self._preferences.seed, self.name, len(self.exports), "drift")
        exact = len(self._rows) * self.churn / 2
        moves = int(exact) + (chance.random() < exact % 1)
        left = set(chance.sample(range(len(self._rows)), moves))
        self._rows = [each for place, each in enumerate(self._rows) if place not in left]
        for place in chance.sample(range(len(self._rows)), min(moves, len(self._rows))):
            self._rows[place] = self._rows[place]._replace(changed=now)
        self._rows += [self._made_up(now) for _ in range(moves)]
