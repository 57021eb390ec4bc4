"""A pipe to the target: a line that is written to it is there whole, or not at all.

A target that is busy reads nothing, and the tap may be ended meanwhile. A write that waits for room
in the middle of a line would leave half of it behind.
"""

from __future__ import annotations

import os
import select
import stat
import struct
from collections import deque
from typing import TYPE_CHECKING

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

ATOMIC: int = getattr(select, "PIPE_BUF", 512)
"""Bytes that a pipe takes whole or not at all (POSIX)."""
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else ATOMIC
"""Bytes of a page, of which a pipe has some; a write begins a new one, or fills the last one up."""
LARGE = 1024 * 1024
"""Bytes that a pipe is made to hold for longer lines: what Linux allows everybody."""
PAUSE = 2
"""Milliseconds between two looks at how much the target has taken."""


class Pipe:
    """The output, written in pieces that none but whole lines can come out of."""

    def __init__(self, output: BinaryIO) -> None:
        """Look at what the output is; anything but a pipe takes all at once.

        Args:
            output: Where lines are written.
        """
        self.output = output
        self._number: int | None = None
        self._pages = 0
        self._written: deque[int] = deque()
        try:
            number = output.fileno()
            is_pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
        except (OSError, ValueError, AttributeError):
            return
        if is_pipe:
            self._number = number

    def write(self, lines: bytes) -> None:
        """Write whole lines.

        Raises:
            OSError: Nobody reads them, or they cannot be written.
        """
        for piece in self._pieces(lines):
            rest = memoryview(piece)
            while rest:
                # An unbuffered output may take only a part.
                rest = rest[self._write(rest) :]
            self._flush()

    def _write(self, rest: memoryview) -> int:
        """Write what the output takes of some bytes, and return how many these are.

        An output that must not wait takes none while the target is busy: it is waited for here.
        """
        try:
            taken: int | None = self.output.write(rest)
        except BlockingIOError as error:
            taken = error.characters_written
        if not taken:
            select.select([], [self.output], [])
        return taken or 0

    def _flush(self) -> None:
        try:
            self.output.flush()
        except BlockingIOError:
            select.select([], [self.output], [])
            self._flush()

    def _pieces(self, lines: bytes) -> Iterator[bytes]:
        """Cut lines into what the pipe sees to, and longer lines for which room is made first."""
        if self._number is None:
            yield lines
            return
        start = 0
        while start < len(lines):
            end = lines.rfind(b"\n", start, start + ATOMIC) + 1
            if not end:
                end = lines.index(b"\n", start) + 1
                self._wait_for_room(self._number, end - start)
            yield lines[start:end]
            self._written.append(end - start)
            start = end
        # Each takes a page at least: what is older is no longer in the pipe.
        while len(self._written) > max(LARGE // PAGE, self._pages):
            self._written.popleft()

    def _wait_for_room(self, number: int, size: int) -> None:
        """Return when a line fits into the pipe, as far as this system tells."""
        # Linux alone tells how full a pipe is, and Windows has none of this.
        if not hasattr(fcntl, "F_GETPIPE_SZ"):
            return
        if not self._pages:
            self._pages = _enlarged(number) // PAGE
        reader = select.poll()
        reader.register(number, 0)
        while unread := _unread(number):
            if self._taken(unread) + _pages(size) <= self._pages:
                return
            if reader.poll(PAUSE):
                # Nobody reads any more: the write says so.
                return

    def _taken(self, unread: int) -> int:
        """Return how many pages of the pipe are taken at most."""
        taken = 0
        for size in reversed(self._written):
            if unread <= 0:
                break
            taken += _pages(size)
            unread -= size
        return taken


def _pages(size: int) -> int:
    return -(-size // PAGE)


def _enlarged(number: int) -> int:
    """Make a pipe larger, if that is allowed, and return how many bytes it holds."""
    size = fcntl.fcntl(number, fcntl.F_GETPIPE_SZ)
    if size < LARGE:
        try:
            size = fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, LARGE)
        except OSError:
            return size
    return size


def _unread(number: int) -> int:
    [unread] = struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, bytes(4)))
    return int(unread)
