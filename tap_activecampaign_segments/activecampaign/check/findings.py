"""What was found out about the facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.facts import FACTS, FACTS_BY_KEY, Fact
from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_ASKED = "nothing showed it"


class NotSeenError(TapError):
    """A fact cannot be checked here. The message says why; it quotes nothing of the account."""


class Verdict(Enum):
    """Whether a fact holds for an account."""

    CONFIRMED = "confirmed"
    OTHERWISE = "otherwise"
    NOT_SEEN = "not seen"


@dataclass(frozen=True)
class Finding:
    """The verdict about one fact.

    Attributes:
        fact: The fact.
        verdict: Whether it holds.
        seen: What was seen, or why nothing was. It quotes nothing of the account but numbers.
    """

    fact: Fact
    verdict: Verdict
    seen: str


class Findings:
    """The verdicts so far. What is otherwise once stays otherwise."""

    def __init__(self) -> None:
        """Begin without a verdict."""
        self._found: dict[str, Finding] = {}

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the verdicts of all facts, in the order of the list."""
        for fact in FACTS:
            yield self._found.get(fact.key) or Finding(fact, Verdict.NOT_SEEN, NOT_ASKED)

    def settle(self, key: str, *, holds: bool, seen: str) -> None:
        """Record what was seen of a fact.

        Args:
            key: The fact.
            holds: Whether it was as assumed.
            seen: A few words; numbers only of the account.
        """
        before = self._found.get(key)
        if before is None or before.verdict is not Verdict.OTHERWISE:
            verdict = Verdict.CONFIRMED if holds else Verdict.OTHERWISE
            self._found[key] = Finding(FACTS_BY_KEY[key], verdict, seen)

    def miss(self, key: str, why: str) -> None:
        """Record why a fact was not seen, unless it was."""
        self._found.setdefault(key, Finding(FACTS_BY_KEY[key], Verdict.NOT_SEEN, why))

    def has_confirmed(self, key: str) -> bool:
        """Return whether a fact holds."""
        found = self._found.get(key)
        return found is not None and found.verdict is Verdict.CONFIRMED

    def count(self, verdict: Verdict) -> int:
        """Return how many facts have a verdict."""
        return sum(each.verdict is verdict for each in self)
