"""The difference between the members of two results."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
    from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor


@dataclass(frozen=True)
class MembershipDiff:
    """Who joined and who left between a run and its predecessor.

    Attributes:
        predecessor: The run that was compared with.
        previous_total: The number of its members.
        joined: Ids of the contacts that joined, ascending.
        left: Ids of the contacts that left, ascending.
    """

    predecessor: Predecessor
    previous_total: int
    joined: Sequence[int] = ()
    left: Sequence[int] = ()

    def compact(self) -> MembershipDiff:
        """Return the same with eight bytes an id, for differences that wait to be emitted."""
        return replace(self, joined=array("q", self.joined), left=array("q", self.left))


def diff_contact_ids(previous: ContactIds, new: ContactIds) -> tuple[list[int], list[int]]:
    """Return the ids that joined and the ids that left, each ascending.

    Both sides are read at the same pace by id. If both ascend, only the ids still without a
    counterpart are held in memory. In any other order the result is the same, but needs more of
    it.

    Args:
        previous: The ids before, each once.
        new: The ids now, each once.
    """
    left, joined = _Unmatched(previous), _Unmatched(new)
    while min(left.reached, joined.reached) < math.inf:
        behind, ahead = sorted((left, joined), key=lambda side: side.reached)
        page = behind.next_page()
        matched = page & ahead.ids
        ahead.ids -= matched
        behind.ids |= page - matched
    return sorted(joined.ids), sorted(left.ids)


class _Unmatched:
    """The ids of one side that were read and have no counterpart yet."""

    def __init__(self, contact_ids: ContactIds) -> None:
        self.ids: set[int] = set()
        self.reached: float = -1
        self._pages = iter(contact_ids)

    def next_page(self) -> set[int]:
        page = next(self._pages, None)
        self.reached = math.inf if page is None else page[-1]
        return set(page or ())
