"""How messages leave: whole lines, many at a time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.simple import Message
from typing_extensions import override

from tap_activecampaign_segments.singer.atomic_output import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

BUFFER = 256 * 1024
"""Bytes that are collected before they are written."""


class Stopped(BaseException):
    """A signal asks the sync to end; nothing that handles errors may swallow it."""


class OutputError(BaseException):
    """Nobody takes the messages any more; nothing that handles errors may swallow it."""


@dataclass
class RecordPage(Message):
    """Records that differ in a few numbers alone, rendered at once.

    Attributes:
        pieces: What stands in each line before, between and behind the numbers.
        columns: The numbers, in the order in which they stand in a line.
    """

    pieces: Sequence[bytes]
    columns: Sequence[Sequence[int]]

    @classmethod
    def of(cls, message: Message, columns: dict[str, Sequence[int]]) -> RecordPage:
        """Make a page after the pattern of one of its messages.

        Args:
            message: A RECORD message.
            columns: The fields that differ, in the order of the record, and their values.
        """
        content = message.to_dict()
        content["record"] = content["record"] | dict.fromkeys(columns, _MARK)
        line = msgspec.json.encode(content) + b"\n"
        return cls(line.split(msgspec.json.encode(_MARK)), list(columns.values()))

    def render(self) -> bytes:
        """Return the lines."""
        first, *between, last = self.pieces
        lines = len(self.columns[0])
        # Between two lines stands what ends the one and begins the other.
        before = [last + first, *between]
        width = 2 * len(before)
        parts = [b""] * (width * lines)
        for place, (piece, numbers) in enumerate(zip(before, self.columns, strict=True)):
            parts[2 * place :: width] = [piece] * lines
            parts[2 * place + 1 :: width] = _digits(numbers)
        parts[0] = first
        parts.append(last)
        return b"".join(parts)


_MARK = "\0"
"""Stands for a number in a pattern; no vendor's text holds it alone."""


def _digits(numbers: Sequence[int]) -> list[bytes]:
    return msgspec.json.encode([*numbers])[1:-1].split(b",")


class LineWriter(MsgSpecWriter):
    """Collects lines, and writes them whole: no signal cuts one in two."""

    def __init__(self) -> None:
        """Write to the standard output."""
        super().__init__()
        self._lines = bytearray()
        self._pipe: Pipe | None = None
        self._is_busy = False
        self._is_stopped = False
        self._is_finishing = False

    @override
    def write_message(self, message: Message) -> None:
        self._is_busy = True
        if isinstance(message, RecordPage):
            self._lines += message.render()
        else:
            self._lines += self.format_message(message)
        self._is_busy = False
        if len(self._lines) >= BUFFER or self._is_stopped:
            self.flush()

    def flush(self) -> None:
        """Write what was collected.

        Raises:
            OutputError: It cannot be written.
            Stopped: A signal came meanwhile.
        """
        self._is_busy = True
        lines = bytes(self._lines)
        self._lines.clear()
        try:
            if self._pipe is None or self._pipe.output is not sys.stdout.buffer:
                self._pipe = Pipe(sys.stdout.buffer)
            self._pipe.write(lines)
        except (OSError, ValueError, AttributeError) as error:
            msg = f"the messages cannot be written: the target is gone ({error})"
            raise OutputError(msg) from error
        self._is_busy = False
        if self._is_stopped:
            raise Stopped

    def stop(self) -> None:
        """End the sync, now or as soon as the present lines are out.

        Raises:
            Stopped: Nothing is being written.
        """
        if self._is_finishing:
            return
        self._is_stopped = True
        if not self._is_busy:
            raise Stopped

    def finish(self) -> None:
        """Allow the last messages after a stop, and let no other one cut them."""
        self._is_finishing = True
        self._is_stopped = False
