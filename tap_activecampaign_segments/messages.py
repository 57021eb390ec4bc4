"""How messages leave: whole lines, many at a time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.simple import Message
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

BUFFER = 256 * 1024
"""Bytes that are collected before they are written."""


class Stopped(BaseException):
    """A signal asks the sync to end; nothing that handles errors may swallow it."""


@dataclass
class RecordPage(Message):
    """Records that differ in a few numbers alone, rendered at once.

    Attributes:
        pattern: One line, in which each ``%d`` stands for a number.
        columns: The numbers, column by column in the order of the pattern.
    """

    pattern: str
    columns: Sequence[Sequence[int]]

    @classmethod
    def of(
        cls, message: Message, names: Sequence[str], columns: Sequence[Sequence[int]]
    ) -> RecordPage:
        """Make a page after the pattern of one of its messages.

        Args:
            message: A RECORD message.
            names: The fields that differ, in the order of the record.
            columns: Their values.
        """
        content = message.to_dict()
        marks = {name: f"\0{name}\0" for name in names}
        content["record"] = {**content["record"], **marks}
        pattern = msgspec.json.encode(content).decode().replace("%", "%%")
        for mark in marks.values():
            pattern = pattern.replace(msgspec.json.encode(mark).decode(), "%d")
        return cls(f"{pattern}\n", columns)

    def render(self) -> bytes:
        """Return the lines."""
        numbers = tuple(chain.from_iterable(zip(*self.columns, strict=True)))
        return (self.pattern * len(self.columns[0]) % numbers).encode()


class LineWriter(MsgSpecWriter):
    """Collects lines, and writes them whole: no signal cuts one in two."""

    def __init__(self) -> None:
        """Write to the standard output."""
        super().__init__()
        self._lines = bytearray()
        self._is_busy = False
        self._is_stopped = False

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
            Stopped: A signal came meanwhile.
        """
        self._is_busy = True
        lines = memoryview(bytes(self._lines))
        self._lines.clear()
        while lines:
            # An unbuffered output may take only a part.
            lines = lines[sys.stdout.buffer.write(lines) :]
        sys.stdout.buffer.flush()
        self._is_busy = False
        if self._is_stopped:
            raise Stopped

    def stop(self) -> None:
        """End the sync, now or as soon as the present lines are out.

        Raises:
            Stopped: Nothing is being written.
        """
        self._is_stopped = True
        if not self._is_busy:
            raise Stopped

    def resume(self) -> None:
        """Allow the last messages after a stop."""
        self._is_stopped = False
