"""Segment groups: their profiles and exports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.seeded import count_moves, make_random

from .exports import LIFETIME, Export
from .profiles import (
    FIRST_ID,
    Profile,
    Row,
    generate_deleted,
    generate_profile,
    make_deleted,
    make_row,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .export_requests import ExportRequest

# By default profiles are older than the start of any test's clock.
_CHANGED = 1_577_836_800.0
_CHANGED_STEP = 3_601.027


class Group:
    """A segment group; created by `Preferences.add_group`.

    Example:
        >>> group = preferences.add_group("Newsletter", [{"ProfileId": 1}, {"ProfileId": 2}])
        >>> group.touch(1)  # it has changed
        >>> group.delete(2)  # its id, the date and a reason code stay

    Attributes:
        name: Unique.
        processing_seconds: Duration of an export.
        lifetime: Seconds from the end of an export until it expires.
        churn: Share of the profiles that changes after every export, 0 to 1.
        fails: Whether new exports end as ``Failed``.
        errors: Whether new exports end as ``Error``.
        exports: Exports in order of their start.
    """

    def __init__(self, name: str, seed: int, get_time: Callable[[], float]) -> None:
        """Create a group without profiles.

        Args:
            name: Unique.
            seed: What generated profiles depend on.
            get_time: Returns epoch seconds by the vendor's clock.
        """
        self._seed = seed
        self._get_time = get_time
        self._rows: list[Row] = []
        self._generated = 0
        self._generates_deleted = False
        self.name = name
        self.processing_seconds = 0.0
        self.lifetime = LIFETIME
        self.churn = 0.0
        self.fails = False
        self.errors = False
        self.exports: list[Export] = []

    @property
    def profiles(self) -> Sequence[Profile]:
        """Copies of the profiles. On assignment, new and different ones count as changed now."""
        return tuple(json.loads(row.document) for row in self._rows)

    @profiles.setter
    def profiles(self, profiles: Sequence[Profile]) -> None:
        now = self._get_time()
        former = {(row.profile_id, row.document): row.changed for row in self._rows}
        rows = [make_row(profile, now) for profile in profiles]
        self._rows = [
            row._replace(changed=former.get((row.profile_id, row.document), now)) for row in rows
        ]

    def fill(
        self, profiles: Sequence[Profile] | int, changed: float | None, *, deleted: bool
    ) -> None:
        """Set the first profiles; see `Preferences.add_group`."""
        self._generates_deleted = deleted
        if isinstance(profiles, int):
            self._rows = [self._generate_row(changed) for _ in range(profiles)]
        else:
            self._rows = [
                make_row(profile, _CHANGED if changed is None else changed) for profile in profiles
            ]

    def touch(self, profile_id: int, at: float | None = None) -> None:
        """Mark a profile as changed.

        Args:
            profile_id: The ``ProfileId``.
            at: Epoch seconds; now by default.

        Raises:
            KeyError: The profile is not in the group.
        """
        at = self._get_time() if at is None else at
        index = self._find_index(profile_id)
        self._rows[index] = self._rows[index]._replace(changed=at)

    def delete(
        self, profile_id: int, at: float | None = None, reason: str = "CustomerRequest"
    ) -> None:
        """Reduce a profile to its id, the date of deletion and a reason code.

        Args:
            profile_id: The ``ProfileId``.
            at: Epoch seconds; now by default.
            reason: The ``ReasonCode``.

        Raises:
            KeyError: The profile is not in the group.
        """
        at = self._get_time() if at is None else at
        self._rows[self._find_index(profile_id)] = make_row(
            make_deleted(profile_id, at, reason), at
        )

    def initiate(self, token: int, request: ExportRequest) -> Export:
        """Start an export. Afterwards the profiles change by `churn`."""
        rows = tuple(row for row in self._rows if request.selects(row))
        export = Export(token, self.name, request.body, rows, self._get_time)
        export.ended += self.processing_seconds
        export.expires_at = export.ended + self.lifetime
        export.fails, export.errors = self.fails, self.errors
        self.exports.append(export)
        if self.churn:
            self._change_profiles()
        return export

    def _find_index(self, profile_id: int) -> int:
        for index, row in enumerate(self._rows):
            if row.profile_id == profile_id:
                return index
        raise KeyError(f"no profile {profile_id} in the group {self.name!r}")

    def _generate_row(self, changed: float | None) -> Row:
        profile_id = FIRST_ID + self._generated
        at = _CHANGED + _CHANGED_STEP * self._generated if changed is None else changed
        self._generated += 1
        generate = generate_deleted if self._generates_deleted else generate_profile
        return make_row(generate((self._seed, self.name), profile_id, at), at)

    def _change_profiles(self) -> None:
        """Remove some profiles, add as many, and touch as many."""
        now = self._get_time()
        generator = make_random(self._seed, self.name, len(self.exports), "drift")
        moves = count_moves(generator, len(self._rows), self.churn)
        removed = set(generator.sample(range(len(self._rows)), moves))
        self._rows = [row for index, row in enumerate(self._rows) if index not in removed]
        for index in generator.sample(range(len(self._rows)), min(moves, len(self._rows))):
            self._rows[index] = self._rows[index]._replace(changed=now)
        self._rows += [self._generate_row(now) for _ in range(moves)]
