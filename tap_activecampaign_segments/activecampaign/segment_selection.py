"""Segment selection by ids and name patterns in the settings."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings


class Selection:
    """The segments to sync.

    Attributes:
        segments: The selected segments, in the order of the listing.
        rebaseline_ids: Ids of the segments whose next run must be a baseline.
        unmatched: Ids and patterns that match no segment, by setting.
    """

    def __init__(self, segments: Sequence[Segment], settings: ActiveCampaignSettings) -> None:
        """Apply the settings.

        Args:
            segments: All segments, listed or configured.
            settings: The tap's settings.
        """
        self._segments = segments
        self.unmatched: dict[str, list[str]] = {}
        saved = [each for each in segments if each.is_listed]
        names = [each.name for each in saved if each.name is not None]
        included = {*settings.segment_ids}
        for pattern in settings.segment_names:
            matches = matching_names(pattern, names)
            included |= {each.segment_id for each in saved if each.name in matches}
            if not matches:
                self.unmatched.setdefault("segment_names", []).append(pattern)
        excluded = self._matching_ids("exclude_segments", settings.exclude_segments)
        is_narrow = settings.segment_ids or settings.segment_names
        self.segments = [
            each
            for each in segments
            if (each.segment_id in included or not is_narrow) and each.segment_id not in excluded
        ]
        self.rebaseline_ids = self._matching_ids("rebaseline", settings.rebaseline)

    def _matching_ids(self, setting: str, entries: Sequence[str]) -> set[str]:
        """Return the ids of all segments that any entry, an id or a pattern, matches."""
        names = [each.name for each in self._segments if each.name is not None]
        found: set[str] = set()
        for entry in entries:
            matches = matching_names(entry, names)
            ids = {
                each.segment_id
                for each in self._segments
                if each.segment_id == entry or each.name in matches
            }
            if not ids:
                self.unmatched.setdefault(setting, []).append(entry)
            found |= ids
        return found


def matching_names(pattern: str, names: Sequence[str]) -> set[str]:
    """Return the names that a shell-style pattern matches, ignoring case.

    Brackets are common in names. They are taken literally if any name matches that way, and as a
    character class otherwise.

    Example:
        >>> sorted(matching_names("[vip]*", ["[VIP] Buyers", "Prospects"]))
        ['[VIP] Buyers']
        >>> sorted(matching_names("[ab]*", ["Alpha", "Beta", "Gamma"]))
        ['Alpha', 'Beta']

    Args:
        pattern: A pattern of `fnmatch`.
        names: The names to search.
    """
    lowered = pattern.lower()
    for each in (lowered.replace("[", "[[]"), lowered):
        if found := {name for name in names if fnmatchcase(name.lower(), each)}:
            return found
    return set()
