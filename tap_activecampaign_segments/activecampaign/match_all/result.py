"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
    from tap_activecampaign_segments.activecampaign.match_all.run import Run


@dataclass(frozen=True)
class Result:
    """The contacts that a run found.

    Attributes:
        run: The run, ended.
        total: Number of contacts.
        contact_ids: Their ids in the order of the run's sort; empty if only the total was read.
    """

    run: Run
    total: int
    contact_ids: ContactIds
