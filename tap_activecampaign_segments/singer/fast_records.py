"""Fast record path: whole pages of RECORD messages, encoded at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.simple import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk import Stream

_PLACEHOLDER = "\0"
"""Stands for an integer in an encoded record; no vendor's text consists of it."""


@dataclass(frozen=True)
class RecordPage:
    """Records that differ in a few integer columns only.

    Attributes:
        record: One of them.
        columns: The values of those columns, by name, in the order of the record's fields.

    Example:
        >>> page = RecordPage({"contact_id": 0, "run_id": "a"}, {"contact_id": [1, 2]})
        >>> [record["contact_id"] for record in page.records()]
        [1, 2]
    """

    record: dict[str, Any]
    columns: dict[str, Sequence[int]]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(next(iter(self.columns.values())))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records one by one."""
        for values in zip(*self.columns.values(), strict=True):
            yield {**self.record, **dict(zip(self.columns, values, strict=True))}


@dataclass
class RecordPageMessage(Message):
    """The RECORD messages of a page.

    Attributes:
        stream: The stream.
        pieces: The text of each line before, between and after the integers.
        columns: The integers, in the order in which a line has them.
    """

    stream: str
    pieces: Sequence[bytes]
    columns: Sequence[Sequence[int]]

    @classmethod
    def from_message(cls, message: Message, page: RecordPage) -> RecordPageMessage:
        """Build the messages of a page from the message of its `RecordPage.record`."""
        content = message.to_dict()
        content["record"] = content["record"] | dict.fromkeys(page.columns, _PLACEHOLDER)
        line = msgspec.json.encode(content) + b"\n"
        pieces = line.split(msgspec.json.encode(_PLACEHOLDER))
        return cls(content["stream"], pieces, list(page.columns.values()))

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.columns[0])

    def encode(self) -> bytes:
        """Return the lines."""
        first, *between, last = self.pieces
        lines = len(self)
        # The end of one line and the beginning of the next are written as one piece.
        before = [last + first, *between]
        width = 2 * len(before)
        parts = [b""] * (width * lines)
        for place, (piece, integers) in enumerate(zip(before, self.columns, strict=True)):
            parts[2 * place :: width] = [piece] * lines
            parts[2 * place + 1 :: width] = _encoded(integers)
        parts[0] = first
        parts.append(last)
        return b"".join(parts)


def allows_record_pages(stream: Stream) -> bool:
    """Return whether nothing changes or counts single records, so that pages can be written."""
    [first, *others] = stream.stream_maps
    return (
        type(first) is SameRecordTransform
        and not others
        and not first.flattening_enabled
        and stream.ABORT_AT_RECORD_COUNT is None
        and stream.get_batch_config(stream.config) is None
        and all(stream.mask[("properties", name)] for name in stream.schema["properties"])
    )


def _encoded(integers: Sequence[int]) -> list[bytes]:
    return msgspec.json.encode([*integers])[1:-1].split(b",")
