"""Message writer: whole lines, many at a time."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_activecampaign_segments.singer.atomic_output import AtomicOutput
from tap_activecampaign_segments.singer.fast_records import RecordPageMessage

if TYPE_CHECKING:
    from singer_sdk.singerlib.encoding.simple import Message

BUFFER_SIZE = 256 * 1024
"""Bytes that are buffered before they are written."""


class SyncStoppedError(BaseException):
    """A signal ends the sync. Not an `Exception`: no error handler may swallow it."""


class OutputError(BaseException):
    """The target is gone. Not an `Exception`: no error handler may swallow it."""


class MessageWriter(MsgSpecWriter):
    """Buffers lines and writes them whole, so that no signal cuts one in two.

    The SDK flushes after each message and can be interrupted within one.
    """

    def __init__(self) -> None:
        """Write to standard output."""
        super().__init__()
        self._buffer = bytearray()
        self._output: AtomicOutput | None = None
        self.rows = Counter[str]()
        """Number of emitted records by stream, in messages and in batch files."""
        self._is_busy = False
        self._is_stopped = False
        self._is_finishing = False

    @override
    def write_message(self, message: Message) -> None:
        self._is_busy = True
        if isinstance(message, RecordPageMessage):
            self._buffer += message.encode()
            self.rows[message.stream] += len(message)
        else:
            self._buffer += self.format_message(message)
            if isinstance(message, RecordMessage):
                self.rows[message.stream] += 1
        self._is_busy = False
        if len(self._buffer) >= BUFFER_SIZE or self._is_stopped:
            self.flush()

    def flush(self) -> None:
        """Write the buffer.

        Raises:
            OutputError: The target is gone.
            SyncStoppedError: A signal came meanwhile.
        """
        self._is_busy = True
        lines = bytes(self._buffer)
        self._buffer.clear()
        try:
            if self._output is None or self._output.file is not sys.stdout.buffer:
                self._output = AtomicOutput(sys.stdout.buffer)
            self._output.write(lines)
        except (OSError, ValueError, AttributeError) as error:
            msg = f"the messages cannot be written: the target is gone ({error})"
            raise OutputError(msg) from error
        self._is_busy = False
        if self._is_stopped:
            raise SyncStoppedError

    def stop(self) -> None:
        """End the sync, now or as soon as the present lines are written.

        Raises:
            SyncStoppedError: Nothing is being written.
        """
        if self._is_finishing:
            return
        self._is_stopped = True
        if not self._is_busy:
            raise SyncStoppedError

    def finish(self) -> None:
        """Allow the last messages after a stop, which no signal interrupts any more."""
        self._is_finishing = True
        self._is_stopped = False
