"""Whose eyes see the results: those of the API token's user.

A result shows only the contacts that the user of the API token may see (documented). Two results
can be compared only if the same user sees both.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import AccountError, RequestError

if TYPE_CHECKING:
    from logging import Logger

    from tap_activecampaign_segments.client import Client

TOKEN = "token_digest"  # noqa: S105 (the name of a key)
"""In the bookmark of `segments`: stands for the API token of the last sync."""
USER = "user_id"
"""In the bookmark of `segments`: that token's user, null where the API did not tell."""


def viewer(client: Client, token: str, known: dict[str, Any], logger: Logger) -> str:
    """Return what stands for the user who sees the results.

    The API is asked only for a token that is new.

    Args:
        client: Where to ask.
        token: The API token.
        known: Where the state keeps the token's digest and the user, both updated here.
        logger: Told if the user cannot be told.

    Returns:
        ``user:<id>``, or ``token:<digest>`` where the API does not tell the user.

    Raises:
        AccountError: The account cannot be read at all.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()[:32]
    if known.get(TOKEN) != digest:
        user_id = None
        try:
            user_id = client.user_id()
        except AccountError:
            raise
        except RequestError as error:
            logger.warning("the user of the API token is unknown: %s", error)
        known.update({TOKEN: digest, USER: user_id})
    user_id = known.get(USER)
    return f"token:{digest}" if user_id is None else f"user:{user_id}"
