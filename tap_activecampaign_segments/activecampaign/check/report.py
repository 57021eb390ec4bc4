"""The report to post in public: verdicts, shapes, counts and timings."""

from __future__ import annotations

import platform
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.check.shapes import shape_of

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session

NAME = "tap-activecampaign-segments"


def build(session: Session, seconds: float) -> dict[str, Any]:
    """Return the report, as a JSON object without anything that identifies the account.

    Args:
        session: The check, finished.
        seconds: How long it took.
    """
    traffic = session.traffic
    return {
        "tap": f"{NAME} {version(NAME)}",
        "python": platform.python_version(),
        "requests": traffic.requests,
        "evaluations": traffic.evaluations,
        "seconds": round(seconds, 1),
        "segments_listed": len(session.listed),
        "segment_is_saved": session.chosen.is_listed if session.chosen else None,
        "contacts_in_result": session.own.first.total if session.own else None,
        "evaluation_seconds": session.chosen.evaluation_seconds if session.chosen else None,
        "facts": [
            {
                "key": each.fact.key,
                "certainty": each.fact.certainty,
                "verdict": each.verdict.value,
                "seen": each.seen,
            }
            for each in session.findings
        ],
        "endpoints": {
            endpoint: {
                "statuses": {str(status): number for status, number in found.statuses.items()},
                "median_seconds": round(median(found.seconds), 3),
                "longest_seconds": round(max(found.seconds), 3),
                "shapes": {
                    str(status): shape_of(answer) for status, answer in found.answers.items()
                },
            }
            for endpoint, found in sorted(traffic.endpoints.items())
        },
    }
