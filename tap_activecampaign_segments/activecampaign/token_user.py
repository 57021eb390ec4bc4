"""The user of the API token, on whose permissions every result depends.

A result contains only the contacts that this user may see (documented). Two results are therefore
comparable only if the same user has read both.
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

    from tap_activecampaign_segments.activecampaign.api import Api

TOKEN_DIGEST = "token_digest"  # noqa: S105 (the name of a key)
"""State key in the bookmark of `segments`: digest of the token whose user was last requested."""
USER_ID = "user_id"
"""State key in the bookmark of `segments`: the user of that token, null if unknown."""


@dataclass(frozen=True)
class TokenUser:
    """The user of the API token, or the token itself if its user is unknown.

    Example:
        >>> str(TokenUser("9f86d081", user_id="7"))
        'user:7'
        >>> str(TokenUser("9f86d081", user_id=None))
        'token:9f86d081'

    Attributes:
        token_digest: First 32 hexadecimal digits of the token's SHA-256 hash.
        user_id: The user's id, None if unknown.
    """

    token_digest: str
    user_id: str | None

    @classmethod
    def identify(
        cls,
        client: Api,
        token: str,
        bookmark: dict[str, Any],
        logger: Logger,
        *,
        may_request: bool,
    ) -> TokenUser:
        """Return the user of a token, from the state or from the API.

        The API is asked only if the token differs from the one in the state.

        Args:
            client: The API client.
            token: The API token.
            bookmark: The bookmark of `segments`; `TOKEN_DIGEST` and `USER_ID` are updated in place.
            logger: Receives a warning if the API does not tell.
            may_request: Whether the API may be asked even if the state has no token yet.

        Raises:
            AccountError: The account cannot be read at all.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()[:32]
        if bookmark.get(TOKEN_DIGEST) != digest and (may_request or bookmark.get(TOKEN_DIGEST)):
            user_id = None
            try:
                # Where the state has another token, a false 404 would cause a needless baseline.
                user_id = client.get_user_id(confirm_404=TOKEN_DIGEST in bookmark)
            except AccountError:
                raise
            except RequestError as error:
                logger.warning("the user of the API token is unknown: %s", error)
                if isinstance(error, TransientError | NotFoundError):
                    # Not saved, so that the next sync asks again.
                    return cls(digest, None)
            bookmark.update({TOKEN_DIGEST: digest, USER_ID: user_id})
        is_known = bookmark.get(TOKEN_DIGEST) == digest
        return cls(digest, bookmark.get(USER_ID) if is_known else None)

    def __str__(self) -> str:
        """Return the form used in the state: ``user:ID`` or ``token:DIGEST``."""
        return f"token:{self.token_digest}" if self.user_id is None else f"user:{self.user_id}"

    def matches(self, viewer: str | None) -> bool:
        """Tell whether a viewer in the state may be this user.

        Args:
            viewer: The form that `__str__` returns; None in states of older versions, which
                recorded no viewer.
        """
        # A tuple: what a state has need not be hashable.
        return viewer in (None, f"token:{self.token_digest}", str(self))
