"""Whose eyes see the results: those of the API token's user.

A result shows only the contacts that the user of the API token may see (documented). Two results
can be compared only if the same user sees both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import (
    AccountError,
    NotFoundError,
    RequestError,
    TransientError,
)

if TYPE_CHECKING:
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient

TOKEN = "token_digest"  # noqa: S105 (the name of a key)
"""In the bookmark of `segments`: stands for the API token whose user was asked for last."""
USER = "user_id"
"""In the bookmark of `segments`: that token's user, null where the API did not tell."""


@dataclass(frozen=True)
class Viewer:
    """The user of the API token, as far as that is known.

    Attributes:
        token: What stands for the token.
        user_id: The user, None if that is not known.
    """

    token: str
    user_id: str | None

    @classmethod
    def of(
        cls,
        client: ActiveCampaignClient,
        token: str,
        known: dict[str, Any],
        logger: Logger,
        *,
        asks: bool,
    ) -> Viewer:
        """Find out who sees the results.

        Args:
            client: Where to ask.
            token: The API token.
            known: Where the state keeps the token's digest and the user, both updated here.
            logger: Told if the user cannot be told.
            asks: Whether the API is asked at all; it is only for a token that is new.

        Raises:
            AccountError: The account cannot be read at all.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()[:32]
        if known.get(TOKEN) != digest and (asks or known.get(TOKEN)):
            user_id = None
            try:
                # A mistake would cost a baseline where there was another token.
                user_id = client.get_user_id(confirm_404=TOKEN in known)
            except AccountError:
                raise
            except RequestError as error:
                logger.warning("the user of the API token is unknown: %s", error)
                if isinstance(error, TransientError | NotFoundError):
                    # The next sync may be told.
                    return cls(digest, None)
            known.update({TOKEN: digest, USER: user_id})
        return cls(digest, known.get(USER) if known.get(TOKEN) == digest else None)

    def __str__(self) -> str:
        """Return how the state names it."""
        return f"token:{self.token}" if self.user_id is None else f"user:{self.user_id}"

    def is_named(self, name: str | None) -> bool:
        """Tell whether the state means this user; an older version of the tap named nobody."""
        return name in {None, f"token:{self.token}", str(self)}
