"""Strategies for input and answers that are damaged in one place, and invariants of every sync."""

from __future__ import annotations

import copy
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.support.sync import Sync

FUZZ = int(os.environ.get("FUZZ", "0"))
"""Random examples per property; 0 for a few deterministic ones."""
LINE = re.compile(r"[-0-9]{10} [:0-9]{8},\d{3} \| (DEBUG|INFO|WARNING|ERROR) ")
LONGEST_LINE = 2_000
MOST_TIMES = 300
"""Maximum number of damaged answers, so that an endless loop ends and is detected."""
SHOWN = 3
"""Elements of an array that may be damaged."""
STRANGE_TEXTS = (
    "",
    " ",
    ".",
    "..",
    "../../etc",
    "a/b?c#d%20e",
    "a\nb\r\nc\u2028d\x85e",
    "\x00\x1b[31mred\x07",
    "\u202eright to left",
    "\U0001f600\u0301",
    "[a-",
    "x" * 300,
    "null",
    "1",
    "-0",
    "1e999",
    "NaN",
    "9" * 500,
)
STRANGE_NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    0.5,
    -0.0,
    1e22,
    1.7e308,
    float("nan"),
    float("inf"),
)
STRANGE_DATES = (
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-14:00",
    "2016-12-31T23:59:60Z",
    "2024-02-30T00:00:00Z",
    "2024-01-01",
    "2024-01-01 00:00:00",
    "2024-01-01T00:00:00.123",
    "2024-01-01T00:00:00.1234Z",
    "2024-01-01T00:00:00.1234567+02:00",
    "2024-01-01T00:00:00,5+0530",
    "2024-01-01T24:00:00Z",
    "2024-W01-1",
    "2024-01-01T00:00:00+99:99",
    "1969-12-31T23:59:59Z",
    "\u0662\u0660\u0662\u0664-01-01T00:00:00Z",
    "now",
)


def fuzz(examples: int) -> settings:
    """Return Hypothesis settings.

    Args:
        examples: Number of examples unless `FUZZ` is set.
    """
    return settings(
        max_examples=FUZZ or examples,
        derandomize=not FUZZ,
        database=None,
        deadline=None,
        # Each step of shrinking would cost a sync.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def check_end(synced: Sync, *secrets: str) -> None:
    """Check that a sync succeeds, or fails with clear log lines and without secrets."""
    assert synced.exit_code in {0, 1}
    assert bool(synced.errors) == bool(synced.exit_code), synced.log
    for line in synced.log.splitlines():
        assert LINE.match(line), line
        assert line.isprintable(), line
        assert len(line) < LONGEST_LINE, line
    assert "Traceback" not in synced.log
    assert "unexpected" not in synced.log, synced.errors
    assert len(set(synced.errors)) == len(synced.errors)
    assert not [each for each in secrets if each in synced.log]


def members_by_log(syncs: Iterable[Sync], segment_id: str) -> set[int]:
    """Return the members of a segment by the chain of its runs, oldest sync first."""
    runs: dict[str, dict[str, Any]] = {}
    changes: dict[str, list[dict[str, Any]]] = {}
    for synced in syncs:
        for row in synced.records("match_all_runs"):
            if row["segment_id"] == segment_id and row["baseline_run_id"]:
                runs[row["run_id"]] = row
        for row in synced.records("membership_changes"):
            if row["segment_id"] == segment_id:
                changes.setdefault(row["run_id"], []).append(row)
    chain, run = [], next(reversed(runs), None)
    while run in runs:
        chain.append(run)
        run = runs[run]["previous_run_id"]
    members: set[int] = set()
    for run_id in reversed(chain):
        for row in changes.get(run_id, ()):
            (members.add if row["change"] == "joined" else members.discard)(row["contact_id"])
    return members


def nested(depth: int) -> Any:
    """Return arrays within arrays."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


strange_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(STRANGE_TEXTS),
    st.sampled_from(STRANGE_NUMBERS),
    st.sampled_from(STRANGE_DATES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
"""Without surrogates, which Python would write into JSON."""
json_values = st.recursive(
    strange_scalars | st.sampled_from([30, 120]).map(nested),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(STRANGE_TEXTS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@dataclass(frozen=True)
class Change:
    """A change at one place of a JSON document.

    Attributes:
        place: Number of the place in document order, modulo the number of places.
        kind: The operation.
        value: The new value.
    """

    place: int
    kind: str
    value: Any = None

    def of(self, document: Any) -> Any:
        """Return a changed copy."""
        box = [copy.deepcopy(document)]
        places = [(box, 0), *_places(box[0])]
        holder, key = places[self.place % len(places)]
        if self.kind == "drop" and holder is not box:
            del holder[key]
        elif self.kind == "wrap":
            holder[key] = [holder[key]]
        elif self.kind == "object":
            holder[key] = {"0": holder[key]}
        elif self.kind == "text":
            holder[key] = json.dumps(holder[key])
        elif self.kind == "twice" and isinstance(holder[key], list):
            holder[key] *= 2
        else:
            holder[key] = self.value
        return box[0]


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    keys: list[Any] = []
    if isinstance(document, dict):
        keys = list(document)
    elif isinstance(document, list):
        keys = list(range(min(len(document), SHOWN)))
    for key in keys:
        yield document, key
        yield from _places(document[key])


changes = st.builds(
    Change,
    st.integers(0, 10_000),
    st.sampled_from(["drop", "wrap", "object", "text", "twice", "put", "put", "put"]),
    json_values,
)


def _twice(content: bytes) -> bytes:
    """Repeat outer keys, with invalid values first."""
    return b'{"data":[{"attributes":7}],"Status":0,' + content[1:]


RAW: dict[str, Callable[[bytes], bytes]] = {
    "bom": lambda content: b"\xef\xbb\xbf" + content,
    "invalid utf-8": lambda content: content.replace(b'"', b'"\xff', 1),
    "surrogate": lambda content: content.replace(b'":"', b'":"\\ud800', 1),
    "half": lambda content: content[: len(content) // 2],
    "twice": _twice,
    "trailing": lambda content: content + b"}",
    "two": lambda content: content * 2,
    "deep": lambda content: content[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "zeros": lambda content: content.replace(b":", b":0", 1),
    "utf-16": lambda content: content.decode().encode("utf-16"),
    "nothing": lambda _: b" ",
    "no object": lambda content: b"[" + content + b"]",
    "null": lambda _: b"null",
}
"""Ways to damage an answer's bytes."""


@dataclass(frozen=True)
class Raw:
    """A change of an answer's bytes."""

    kind: str

    def of(self, document: Any) -> bytes:
        """Return the damaged bytes."""
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return RAW[self.kind](content)


spoilers = st.one_of(changes, changes, changes, st.sampled_from(sorted(RAW)).map(Raw))
