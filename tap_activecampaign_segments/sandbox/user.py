"""A user of an account, and whom it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class User:
    """A user.

    Attributes:
        user_id: Unique in the account.
        hides: Tells whether a contact is on none of the lists that the user may see.
    """

    user_id: str
    hides: Callable[[int], bool] | None = None

    def sees(self, contact: int) -> bool:
        """Whether the contact is shown to the user."""
        return self.hides is None or not self.hides(contact)
