"""Faults of the sandbox that a test can wait for."""

from __future__ import annotations

import threading
from typing import Any

from typing_extensions import override

from tap_activecampaign_segments.sandbox import Fault

TIMEOUT = 60
"""Seconds."""


class AwaitableFault(Fault):
    """A fault that tells when a request meets it.

    Example:
        hanging = sandbox.faults.add(AwaitableFault("hang", operation="list"))
        hanging.wait()
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._was_applied = threading.Event()
        super().__init__(*args, **kwargs)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "applied" and value:
            self._was_applied.set()

    def wait(self) -> None:
        """Return once it was applied."""
        assert self._was_applied.wait(TIMEOUT), "no request met the fault"
