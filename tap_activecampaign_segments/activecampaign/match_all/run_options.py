"""What a sync needs of the runs: the same for all segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser


@dataclass(frozen=True)
class RunOptions:
    """What a sync needs of the runs.

    Attributes:
        contacts: Whether the contact ids are needed, or only their number.
        streams: Names of the selected change streams, and of the run stream if that is selected
            too; `CONTACTS` or `HASHED_CONTACTS` if the contacts that joined are read. Empty if
            there is none of these: then nothing is compared.
        viewer: The user of the API token, who sees the results.
        ranked: Whether the order of the contacts is needed.
        first_page_only: Whether the first page of a result is enough: a connection test.
    """

    contacts: bool
    streams: tuple[str, ...]
    viewer: TokenUser
    first_page_only: bool = False
    ranked: bool = False
