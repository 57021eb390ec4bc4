"""The account of the demo."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from .chance import generator

if TYPE_CHECKING:
    from .account import Account
    from .segment import Segment

DAY = 86_400.0
_CONTACTS = 60_000
_CHURN = 0.01


class Plan(NamedTuple):
    """What becomes one segment.

    Attributes:
        name: None for one that is not saved.
        size: Members now.
        seconds: How long an evaluation takes.
        versions: Definitions so far.
        counts: Sizes recorded so far.
        days: Age in days.
        description: What its owner wrote about it.
    """

    name: str | None
    size: int
    seconds: float
    versions: int
    counts: int
    days: int
    description: str = ""


PLANS = (
    Plan("Newsletter", 25_118, 6.0, 3, 168, 240, "Everybody who confirmed the newsletter"),
    Plan("VIP customers", 41, 0.2, 4, 122, 200, "Five orders or more"),
    Plan("Trial expired", 903, 0.4, 2, 97, 150, "Trial over, no plan yet"),
    Plan("Webinar sign-ups", 4_021, 0.8, 1, 74, 110),
    Plan("Abandoned basket", 386, 0.3, 5, 140, 180, "Basket older than a day"),
    Plan("Opened nothing for 90 days", 7_740, 1.5, 2, 110, 220, "Candidates for a goodbye"),
    Plan("Beta testers", 1, 0.1, 1, 60, 90),
    Plan("Win-back (paused)", 0, 0.1, 2, 66, 130, "Switched off for the summer"),
    Plan(None, 212, 0.2, 1, 0, 30),
)


def furnish(account: Account, now: float) -> None:
    """Put the demo's segments into an account.

    Args:
        account: An empty one.
        now: Epoch seconds at which their past ends.
    """
    for plan in PLANS:
        chance = generator(account.seed, plan.name, "demo")
        segment = account.add_segment(
            plan.name,
            sorted(chance.sample(range(1, _CONTACTS), plan.size)),
            evaluation_seconds=plan.seconds,
            churn=_CHURN,
            created=now - plan.days * DAY + 0.2718,
        )
        segment.versions[0].description = plan.description
        _define(segment, plan, now)
        _count(account, segment, plan, now)


def _define(segment: Segment, plan: Plan, now: float) -> None:
    """Edit the segment at uneven intervals."""
    step = plan.days * DAY / plan.versions
    for number in range(1, plan.versions):
        segment.edit(now - (plan.versions - number) * step + number * 4567.8913)


def _count(account: Account, segment: Segment, plan: Plan, now: float) -> None:
    """Record sizes along a curve that grows into the present one, with weeks and noise in it."""
    chance = generator(account.seed, plan.name, "counts")
    step = (plan.days - 1) * DAY / max(plan.counts, 1)
    peak = plan.size or 64
    for number in range(plan.counts):
        left = plan.counts - number
        age = left / plan.counts
        growth = (1 + math.exp(-4)) / (1 + math.exp(7 * age - 4))
        week = 1 + 0.03 * math.sin(2 * math.pi * left * step / (7 * DAY))
        noise = chance.uniform(0.99, 1.01)
        fading = min(1.0, 4 * (age - 1 / plan.counts)) if plan.size == 0 else 1.0
        size = round(peak * growth * week * noise * fading)
        at = now - left * step + chance.uniform(0, step / 4)
        segment.add_count(
            at, size, active_result_count=round(size * 0.93), started=at - plan.seconds
        )
