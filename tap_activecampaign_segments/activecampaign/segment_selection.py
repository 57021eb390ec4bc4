"""Which segments the settings mean, by ids and by patterns on names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings


class Selection:
    """The segments that are read.

    Attributes:
        segments: Those, in the order of the listing.
        rebaselined: The ids of those whose next run is to be a baseline.
        unmatched: The patterns, by setting, that no segment matches.
    """

    def __init__(self, segments: Sequence[Segment], settings: ActiveCampaignSettings) -> None:
        """Find what the settings mean.

        Args:
            segments: All segments, listed or configured.
            settings: The tap's settings.
        """
        self._segments = segments
        self.unmatched: dict[str, list[str]] = {}
        saved = [each for each in segments if each.listed]
        names = [each.name for each in saved if each.name is not None]
        included = {*settings.segment_ids}
        for pattern in settings.segment_names:
            meant = matching(pattern, names)
            included |= {each.segment_id for each in saved if each.name in meant}
            if not meant:
                self.unmatched.setdefault("segment_names", []).append(pattern)
        excluded = self._meant_by("exclude_segments", settings.exclude_segments)
        is_narrow = settings.segment_ids or settings.segment_names
        self.segments = [
            each
            for each in segments
            if (each.segment_id in included or not is_narrow) and each.segment_id not in excluded
        ]
        self.rebaselined = self._meant_by("rebaseline", settings.rebaseline)

    def _meant_by(self, setting: str, entries: Sequence[str]) -> set[str]:
        """Return the ids of the segments that ids or patterns mean."""
        names = [each.name for each in self._segments if each.name is not None]
        found: set[str] = set()
        for entry in entries:
            meant = matching(entry, names)
            ids = {
                each.segment_id
                for each in self._segments
                if each.segment_id == entry or each.name in meant
            }
            if not ids:
                self.unmatched.setdefault(setting, []).append(entry)
            found |= ids
        return found


def matching(pattern: str, names: Sequence[str]) -> set[str]:
    """Return the names that a shell-style pattern matches, in any case.

    Brackets are common in names. So they stand for themselves wherever a name has them, and are
    a choice of characters only where none does.

    Example:
        >>> sorted(matching("[vip]*", ["[VIP] Buyers", "Prospects"]))
        ['[VIP] Buyers']
        >>> sorted(matching("[ab]*", ["Alpha", "Beta", "Gamma"]))
        ['Alpha', 'Beta']

    Args:
        pattern: The pattern.
        names: All names.
    """
    wanted = pattern.lower()
    for each in (wanted.replace("[", "[[]"), wanted):
        if found := {name for name in names if fnmatchcase(name.lower(), each)}:
            return found
    return set()
