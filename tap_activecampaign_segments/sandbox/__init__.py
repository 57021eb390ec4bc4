"""A strict replica of ActiveCampaign's Segments API and of MyPreferences' exports, on loopback.

Tests and trials of a pipeline run against it without an account. Serving needs the extra
``sandbox``; the rest needs the standard library only.

Example:
    >>> account = Account()
    >>> account.add_segment("VIP", range(1, 101))
    >>> with Sandbox(account) as sandbox:
    ...     print(sandbox.url, sandbox.token)
"""

from typing import TYPE_CHECKING, Any

from .activecampaign.account import Account
from .activecampaign.counts import Count
from .activecampaign.runs import Run
from .activecampaign.segments import Segment
from .clock import Clock, VirtualClock
from .faults.fault import Fault
from .journal import Request
from .mypreferences.exports import Export
from .mypreferences.groups import Group
from .mypreferences.preferences import Preferences

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
    """Import the server on first use, because it needs the extra."""
    if name == "Sandbox":
        from .server import Sandbox  # noqa: PLC0415

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
