"""Random histories of lookups: each contact once, whatever is announced, missing, or fails."""

from __future__ import annotations

import random
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_activecampaign_segments.activecampaign.contacts import lookup
from tap_activecampaign_segments.activecampaign.contacts.reader import ContactPage, ContactReader
from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.errors import MalformedResponseError, TapError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HISTORIES = 400
"""Histories per kind."""
MAX_STEPS = 50_000
"""Releases of the lock after which a history counts as endless."""


class LazyFuture(Future[ContactPage]):
    """Work that is done when somebody waits for it."""

    def __init__(self, work: Callable[[], ContactPage]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        if not self.done():
            try:
                self.set_result(self._work())
            except TapError as error:
                self.set_exception(error)


class HookedLock:
    """A lock that cannot be taken twice; others get their turn when it is released."""

    def __init__(self, hook: Callable[[], None]) -> None:
        self._hook = hook
        self.is_held = False

    def __enter__(self) -> None:
        assert not self.is_held
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False
        self._hook()


class SteppingClock(Clock):
    """A clock that only sleeps advance."""

    seconds = 0.0

    @override
    def monotonic(self) -> float:
        return self.seconds

    @override
    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class RandomReader(ContactReader):
    """Answers with what a history has; some contacts are missing, some requests fail."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.requests: list[list[int]] = []

    @override
    def read_ids(self, ids: Sequence[int]) -> ContactPage:
        history, chance = self._history, self._history.random.random()
        assert 0 < len(ids) == len({*ids}) <= history.page_size
        self.requests.append([*ids])
        if history.may_fail and not history.poison.isdisjoint(ids):
            msg = "poison"
            raise MalformedResponseError(msg)
        if history.may_fail and chance < 0.05:
            msg = "unavailable"
            raise TransientError(msg)
        found = [each for each in ids if each not in history.absent]
        total = len(found)
        if history.may_miss and chance > 0.9:
            found = found[: history.random.randint(0, total)]
        history.missed += [each for each in ids if each not in found]
        records = {each: {"contact_id": each, "is_found": True} for each in found}
        return ContactPage(records, total, 0)

    @override
    def missing(self, contact_id: int) -> dict[str, Any]:
        return {"contact_id": contact_id, "is_found": False}


class History:
    """Runs that are announced at any time and read one after the other."""

    def __init__(
        self, seed: str, monkeypatch: pytest.MonkeyPatch, *, may_miss: bool, may_fail: bool
    ) -> None:
        self.random = random.Random(seed)
        self.may_miss, self.may_fail = may_miss, may_fail
        self.page_size = self.random.choice([2, 3, 5, 7])
        size = self.random.choice([5, 20, 60])
        everybody = range(size)
        self.absent = {*self.random.sample(everybody, size // 5 if may_miss else 0)}
        self.poison = {*self.random.sample(everybody, self.random.randint(0, 2))}
        self.runs = [
            self.random.sample(everybody, self.random.randint(0, size))
            for _ in range(self.random.randint(1, 6))
        ]
        self.missed: list[int] = []
        self.emitted: set[int] = set()
        self.reader = RandomReader(self)
        self._unannounced = dict(enumerate(self.runs))
        self._futures: list[LazyFuture] = []
        self._steps = 0
        self._is_announcing = False
        monkeypatch.setattr(lookup, "MAX_CONTACTS", self.page_size)
        monkeypatch.setattr(lookup, "MAX_PENDING", self.random.choice([1, 2, 4]))
        monkeypatch.setattr(lookup, "run_in_background", self._start)
        self._lookup = lookup.ContactLookup(self.reader, SteppingClock(), self._announce)
        self._lock = HookedLock(self._announce)
        monkeypatch.setattr(self._lookup, "_lock", self._lock)

    def play(self) -> int:
        """Read all runs, and return how many of them failed."""
        return sum(self._fails(number, run) for number, run in enumerate(self.runs))

    def _fails(self, number: int, run: list[int]) -> bool:
        self._unannounced.pop(number, None)
        try:
            for records in self._lookup.read(str(number), [run], self._wait):
                for record in records:
                    assert record["contact_id"] not in self.emitted
                    assert record["contact_id"] in run
                    is_missing = self.missed.count(record["contact_id"]) > 1
                    assert record["is_found"] or is_missing
                    self.emitted.add(record["contact_id"])
        except TapError:
            assert self.may_fail or self.may_miss
            return True
        assert self.emitted.issuperset(run)
        return False

    def _start(self, work: Callable[[], ContactPage]) -> LazyFuture:
        self._futures.append(LazyFuture(work))
        return self._futures[-1]

    def _wait(self, future: Future[ContactPage]) -> ContactPage:
        assert not self._lock.is_held
        others = self.random.sample(self._futures, min(len(self._futures), 2))
        for each in (*others, future):
            assert isinstance(each, LazyFuture)
            each.run()
        self._announce()
        return future.result()

    def _announce(self) -> None:
        """Announce further runs, as other threads may at any time."""
        self._steps += 1
        assert self._steps < MAX_STEPS
        if self._is_announcing or not self._unannounced or self.random.random() > 0.3:
            return
        number = next(iter(self._unannounced))
        self._is_announcing = True
        self._lookup.announce(str(number), [self._unannounced.pop(number)])
        self._is_announcing = False


@pytest.mark.parametrize(("may_miss", "may_fail"), [(False, False), (True, False), (True, True)])
def test_each_contact_is_emitted_once_before_its_run(
    monkeypatch: pytest.MonkeyPatch, *, may_miss: bool, may_fail: bool
) -> None:
    for seed in range(HISTORIES):
        history = History(
            f"{seed} {may_miss} {may_fail}", monkeypatch, may_miss=may_miss, may_fail=may_fail
        )
        history.play()


def test_requests_are_full_but_for_one_per_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(HISTORIES):
        history = History(f"requests {seed}", monkeypatch, may_miss=False, may_fail=False)
        assert history.play() == 0
        wanted = {each for run in history.runs for each in run}
        least = -(-len(wanted) // history.page_size)
        assert len(history.reader.requests) <= least + len(history.runs) - 1
        asked = [each for ids in history.reader.requests for each in ids]
        assert len(asked) == len({*asked})
