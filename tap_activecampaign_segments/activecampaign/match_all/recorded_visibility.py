"""Whether the token's user sees the contacts that recorded runs have.

A recorded run may have been made with another user's permissions. Contacts that the token's user
cannot see would then seem to leave with the first run of the tap.
"""

from __future__ import annotations

from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING

from tap_activecampaign_segments.errors import AccountError, RequestError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.api import Api

MAX_CONTACTS = 5
"""Contacts that are requested for one segment."""


class RecordedVisibility:
    """Compares what recorded runs show with what the token's user sees. Thread-safe.

    Attributes:
        is_restricted: Whether contacts of a recorded run were not visible in this sync. No recorded
            run is used from then on.
    """

    def __init__(self, client: Api, logger: Logger) -> None:
        """Set what all segments share.

        Args:
            client: The API client.
            logger: Receives one warning if recorded runs are left out.
        """
        self._client = client
        self._logger = logger
        self._lock = Lock()
        self.is_restricted = False

    def confirm(self, segment_id: str, missing: Sequence[int]) -> bool:
        """Tell whether the token's user sees most of the contacts that a run of the tap lacks.

        Those that are visible have left the segment. Up to `MAX_CONTACTS` are requested; each is
        evaluated as the token's user, and 404 if that user cannot see it (documented).

        Args:
            segment_id: The segment.
            missing: Ids in the result of a recorded run that are not in that of the tap's run.

        Raises:
            TransientError: The API does not answer.
            AccountError: The account cannot be read at all.
        """
        count = min(len(missing), MAX_CONTACTS)
        sample = [missing[place * len(missing) // count] for place in range(count)]
        hidden = sum(not self._is_visible(segment_id, each) for each in sample)
        if 2 * hidden <= count:
            return True
        with self._lock:
            if not self.is_restricted:
                self._logger.warning(
                    "recorded runs are left out: %d of %d contacts that they have are not found by "
                    "the user of this API token; a token of the Admin group sees all contacts",
                    hidden,
                    count,
                )
            self.is_restricted = True
        return False

    def _is_visible(self, segment_id: str, contact: int) -> bool:
        try:
            self._client.get("segmentMatch", segment_id, str(contact))
        except AccountError:
            raise
        except RequestError as error:
            # A gateway that does not know the endpoint answers 404 in a form of its own.
            if isinstance(error, TransientError) and error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True
