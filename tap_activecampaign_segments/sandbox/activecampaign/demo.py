"""The segments of the demo account."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_activecampaign_segments.sandbox.seeded import make_random

from .demo_definitions import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .segments import Segment

_DAY = 86_400.0
_CONTACTS = 60_000
_CHURN = 0.01
_RECORDED_DAYS = 90
"""Age in days up to which the demo's counts have a result that can be read."""


class DemoAccount(Protocol):
    """An account that can be filled."""

    seed: int

    def add_segment(
        self,
        name: str | None,
        members: Sequence[int] = ...,
        *,
        evaluation_seconds: float = ...,
        churn: float = ...,
        created: float | None = ...,
    ) -> Segment:
        """Add a segment."""


class Plan(NamedTuple):
    """A segment of the demo.

    Attributes:
        name: None if it is not saved.
        size: Number of members now.
        seconds: Duration of a run.
        counts: Number of recorded sizes.
        days: Age in days.
        description: Of the first version.
    """

    name: str | None
    size: int
    seconds: float
    counts: int
    days: int
    description: str = ""


_PLANS = (
    Plan("Newsletter", 25_118, 6.0, 168, 240, "Everybody who confirmed the newsletter"),
    Plan("VIP customers", 41, 0.2, 122, 200, "Five orders or more"),
    Plan("Trial expired", 903, 0.4, 97, 150, "Trial over, no plan yet"),
    Plan("Webinar sign-ups", 4_021, 0.8, 74, 110),
    Plan("Abandoned basket", 386, 0.3, 140, 180, "Basket older than a day"),
    Plan("Opened nothing for 90 days", 7_740, 1.5, 110, 220, "Candidates for a goodbye"),
    Plan("Beta testers", 1, 0.1, 60, 90),
    Plan("Win-back (paused)", 0, 0.1, 66, 130, "Switched off for the summer"),
    Plan(None, 212, 0.2, 0, 30),
)


def fill_account(account: DemoAccount, now: float) -> None:
    """Add the demo's segments to an empty account.

    Args:
        account: The account; its seed decides about members and counts.
        now: Epoch seconds at which the past of the segments ends.
    """
    for plan in _PLANS:
        generator = make_random(account.seed, plan.name, "demo")
        segment = account.add_segment(
            plan.name,
            sorted(generator.sample(range(1, _CONTACTS), plan.size)),
            evaluation_seconds=plan.seconds,
            churn=_CHURN,
            created=now - plan.days * _DAY + 0.2718,
        )
        _add_versions(segment, plan, now)
        _add_counts(account.seed, segment, plan, now)


def _add_versions(segment: Segment, plan: Plan, now: float) -> None:
    """Define the segment, and edit it at uneven intervals."""
    first, *edits = DEFINITIONS[plan.name]
    segment.versions[0] = dataclasses.replace(
        segment.versions[0], description=plan.description, operator="and", **first
    )
    step = plan.days * _DAY / (len(edits) + 1)
    for number, changes in enumerate(edits, start=1):
        at = now - (len(edits) + 1 - number) * step + number * 4567.8913
        segment.edit(at, **changes)


def _add_counts(seed: int, segment: Segment, plan: Plan, now: float) -> None:
    """Record sizes on a growth curve with a weekly cycle and noise."""
    generator = make_random(seed, plan.name, "counts")
    step = (plan.days - 1) * _DAY / max(plan.counts, 1)
    peak = plan.size or 64
    arrivals = _order_of_arrival(seed, segment, plan)
    for number in range(plan.counts):
        left = plan.counts - number
        age = left / plan.counts
        growth = (1 + math.exp(-4)) / (1 + math.exp(7 * age - 4))
        week = 1 + 0.03 * math.sin(2 * math.pi * left * step / (7 * _DAY))
        noise = generator.uniform(0.99, 1.01)
        # A segment that is empty now has shrunk to that.
        decline = min(1.0, 4 * (age - 1 / plan.counts)) if plan.size == 0 else 1.0
        size = round(peak * growth * week * noise * decline)
        at = now - left * step + generator.uniform(0, step / 4)
        if now - at < _RECORDED_DAYS * _DAY:
            segment.record_run(at - plan.seconds, sorted(arrivals[:size]), seconds=plan.seconds)
        else:
            segment.add_count(
                at, size, active_result_count=round(size * 0.93), started=at - plan.seconds
            )


def _order_of_arrival(seed: int, segment: Segment, plan: Plan) -> list[int]:
    """Return the present members, then as many others, each in random order.

    The first n of them are the members at a time when the segment had n.
    """
    generator = make_random(seed, plan.name, "arrivals")
    present = set(segment.members)
    others = [each for each in range(1, _CONTACTS) if each not in present]
    return [
        *generator.sample(sorted(present), len(present)),
        *generator.sample(others, max(len(present), 64)),
    ]
