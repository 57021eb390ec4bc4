"""A tap that writes whole lines and throttled STATEs, and that signals end between two lines."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from singer_sdk import Tap
from typing_extensions import override

from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.logs.progress import Progress
from tap_activecampaign_segments.logs.wait_timer import TimedClock
from tap_activecampaign_segments.singer.message_writer import MessageWriter
from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter

if TYPE_CHECKING:
    from types import FrameType

SIGNAL_GRACE = 1.5
"""Seconds after a signal in which the lines that are being written may be finished."""


class OutputTap(Tap):
    """A tap with the writers of this package."""

    message_writer_class = MessageWriter
    clock: Clock = Clock()
    """Time source; replaceable in tests."""
    received_signal = 0
    """The signal that ends the sync, 0 if none."""

    writer: MessageWriter
    _state_writer: ThrottledStateWriter

    def __init__(self, **kwargs: Any) -> None:
        """Pass all arguments on to the SDK."""
        clock = TimedClock(self.clock)
        self.clock, self.wait_timer = clock, clock.wait_timer
        self.progress = Progress(clock, self.logger)
        super().__init__(**kwargs)
        assert isinstance(self.message_writer, MessageWriter)  # noqa: S101
        self.writer = self.message_writer
        # The SDK offers no way to replace the state writer (0.54).
        self._state_writer = ThrottledStateWriter(
            self.writer, self.clock, self.wait_timer, self.state
        )

    @property
    @override
    def state_writer(self) -> ThrottledStateWriter:
        return self._state_writer

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # The SDK's handler writes the state into the middle of a line and exits with 0.
        if self.received_signal:
            return
        self.received_signal = signum
        last_resort = threading.Timer(SIGNAL_GRACE, os._exit, [128 + signum])
        last_resort.daemon = True
        last_resort.start()
        if not hasattr(self, "writer"):
            sys.exit(128 + signum)
        self.writer.stop()
