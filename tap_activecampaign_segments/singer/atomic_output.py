"""Atomic output: a line reaches the pipe to the target whole, or not at all.

The tap may be killed while a busy target reads nothing. A write that blocks in the middle of a line
would then leave half of it in the pipe.
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
"""Bytes that a pipe takes atomically (POSIX)."""
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else ATOMIC
"""Bytes per page of a pipe. A write begins a new page or fills up the last one."""
PIPE_SIZE = 1024 * 1024
"""Bytes to which a pipe is enlarged for longer lines: the most that Linux allows any user."""
POLL_INTERVAL = 2
"""Milliseconds between two checks of how much the target has read."""


class AtomicOutput:
    """Writes whole lines to a file. Only pipes need care; other files take all at once."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to `file`."""
        self.file = file
        self._number: int | None = None
        self._pages = 0
        self._written: deque[int] = deque()
        try:
            number = file.fileno()
            is_pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
        except (OSError, ValueError, AttributeError):
            return
        if is_pipe:
            self._number = number

    def write(self, lines: bytes) -> None:
        """Write whole lines.

        Raises:
            OSError: The reader is gone, or the lines cannot be written.
        """
        for piece in self._pieces(lines):
            rest = memoryview(piece)
            while rest:
                # An unbuffered file may take only a part.
                rest = rest[self._write(rest) :]
            self._flush()

    def _write(self, rest: memoryview) -> int:
        """Write as many bytes as the file takes, and return their number.

        A non-blocking file takes none while the target is busy: wait for it here.
        """
        try:
            taken: int | None = self.file.write(rest)
        except BlockingIOError as error:
            taken = error.characters_written
        if not taken:
            select.select([], [self.file], [])
        return taken or 0

    def _flush(self) -> None:
        try:
            self.file.flush()
        except BlockingIOError:
            select.select([], [self.file], [])
            self._flush()

    def _pieces(self, lines: bytes) -> Iterator[bytes]:
        """Cut lines into atomic pieces, and longer lines that wait for room first."""
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
        # Each takes at least one page: older pieces are no longer in the pipe.
        while len(self._written) > max(PIPE_SIZE // PAGE, self._pages):
            self._written.popleft()

    def _wait_for_room(self, number: int, size: int) -> None:
        """Return when a line of `size` bytes fits into the pipe, as far as this system tells."""
        # Only Linux tells how full a pipe is; Windows has none of this.
        if not hasattr(fcntl, "F_GETPIPE_SZ"):
            return
        if not self._pages:
            self._pages = _enlarged(number) // PAGE
        reader = select.poll()
        reader.register(number, 0)
        while unread := _unread(number):
            if self._used_pages(unread) + _pages(size) <= self._pages:
                return
            if reader.poll(POLL_INTERVAL):
                # The reader is gone: the write raises an error.
                return

    def _used_pages(self, unread: int) -> int:
        """Return an upper bound of the pages in use."""
        used = 0
        for size in reversed(self._written):
            if unread <= 0:
                break
            used += _pages(size)
            unread -= size
        return used


def _pages(size: int) -> int:
    return -(-size // PAGE)


def _enlarged(number: int) -> int:
    """Enlarge a pipe if that is allowed, and return its size in bytes."""
    size = fcntl.fcntl(number, fcntl.F_GETPIPE_SZ)
    if size < PIPE_SIZE:
        try:
            size = fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            return size
    return size


def _unread(number: int) -> int:
    [unread] = struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, bytes(4)))
    return int(unread)
