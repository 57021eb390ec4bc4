"""Users of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class User:
    """A user, whose API tokens show the contacts that the user may see.

    Attributes:
        user_id: Unique in the account.
        hides: Returns whether a contact is on none of the user's lists; None: sees everyone.
    """

    user_id: str
    hides: Callable[[int], bool] | None = None

    def sees(self, contact: int) -> bool:
        """Return whether the user may see the contact."""
        return self.hides is None or not self.hides(contact)
