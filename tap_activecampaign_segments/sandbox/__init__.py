"""A strict replica of ActiveCampaign's Segments API, and of MyPreferences' exports, on loopback.

For trying a pipeline out, and for testing one, without an account. It needs the extra
``sandbox`` only to be served; everything else is the standard library.
"""

from typing import TYPE_CHECKING, Any

from .account import Account
from .clock import Clock, VirtualClock
from .evaluation import Run
from .export import Export
from .faults import Fault
from .group import Group
from .history import Count
from .journal import Request
from .preferences import Preferences
from .segment import Segment

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = [
    "Account",
    "Clock",
    "Count",
    "Export",
    "Fault",
    "Group",
    "Preferences",
    "Request",
    "Run",
    "Sandbox",
    "Segment",
    "VirtualClock",
]


def __getattr__(name: str) -> Any:
    """Load the server on demand, so that the command can say what is missing without it."""
    if name == "Sandbox":
        from .server import Sandbox  # noqa: PLC0415

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
