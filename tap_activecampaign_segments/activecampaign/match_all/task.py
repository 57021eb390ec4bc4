"""What is to be done: a segment to be evaluated, and what is wanted of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.run_state import RunFacts
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser


@dataclass(frozen=True)
class Wishes:
    """What is wanted of a segment's runs.

    Attributes:
        contacts: Whether the ids of the contacts are needed, or the total alone.
        streams: The streams of differences that are wanted, and with them that of the runs, if it
            is selected; empty where no differences are wanted.
        viewer: The user who sees the results.
        glimpse: Whether the first page is enough: a connection test.
    """

    contacts: bool
    streams: tuple[str, ...]
    viewer: TokenUser
    glimpse: bool = False


@dataclass(frozen=True)
class Task:
    """One segment to be evaluated.

    Attributes:
        segment: The segment.
        facts: What the state knows of its runs.
        is_rebaselined: Whether its next run is to be a baseline.
        name: Puts facts into the state, and returns when they are in a STATE message.
        tell: Told of each page: how many ids it has, and with the first how many there are.
    """

    segment: Segment
    facts: RunFacts
    is_rebaselined: bool
    name: Callable[..., None]
    tell: Callable[[int, int], None]
