"""How messages leave: STATE seldom, because it is written whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._state import StateWriter
from singer_sdk.io_base import SingerWriter
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.helpers.types import TapState
    from singer_sdk.singerlib.encoding.base import GenericSingerWriter
    from singer_sdk.singerlib.encoding.simple import Message

    from tap_activecampaign_segments.clock import Clock

SHORTEST_INTERVAL = 2.0
"""Seconds between two STATE messages at least."""
BYTES_PER_SECOND = 20_000
"""What STATE messages may add to the output."""
SMALL = 100_000
"""Bytes below which the STATE before a wait comes at once."""


class Stopped(BaseException):
    """A signal asks the sync to end; nothing that handles errors may swallow it."""


class WholeLineWriter(SingerWriter):
    """Writes each message as one line that no signal cuts in two."""

    def __init__(self) -> None:
        """Write to the standard output."""
        super().__init__()
        self._is_writing = False
        self._is_stopped = False

    @override
    def write_message(self, message: Message) -> None:
        self._is_writing = True
        super().write_message(message)
        self._is_writing = False
        if self._is_stopped:
            raise Stopped

    def stop(self) -> None:
        """End the sync, now or as soon as the present line is out.

        Raises:
            Stopped: Nothing is being written.
        """
        self._is_stopped = True
        if not self._is_writing:
            raise Stopped

    def resume(self) -> None:
        """Allow the last messages after a stop."""
        self._is_stopped = False


class SeldomStateWriter(StateWriter):
    """Writes the state when enough time went by, or when something depends on it.

    The SDK writes it after each child's sync: with n segments that is n² bytes.
    """

    def __init__(self, message_writer: GenericSingerWriter[Any, Any], clock: Clock) -> None:
        """Write the first one at once."""
        super().__init__(message_writer)
        self._clock = clock
        self._size = 0
        self._not_before = float("-inf")

    @override
    def write_state(self, state: TapState) -> None:
        if self._clock.monotonic() >= self._not_before:
            self.write_now(state)

    def write_before_waiting(self, state: TapState) -> None:
        """Write the state that something waits for; a large one in its time."""
        if self._size >= SMALL:
            self._clock.sleep(self._not_before - self._clock.monotonic())
        self.write_now(state)

    def write_now(self, state: TapState) -> None:
        """Write the state if it is another one than the last."""
        super().write_state(state)
        self._size = len(serialize_json(state))
        interval = max(SHORTEST_INTERVAL, self._size / BYTES_PER_SECOND)
        self._not_before = self._clock.monotonic() + interval
