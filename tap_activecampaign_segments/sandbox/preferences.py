"""A PossibleNOW MyPreferences client with nothing but segment groups in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .chance import digest, mixed
from .clock import Clock
from .group import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .export import Export
    from .order import Order
    from .profiles import Profile

MONTH = 30 * 86_400.0
_DIGITS = 10**15
_DEMO = (("Newsletter consents", 2_500, 1.5), ("Loyalty club", 40, 0.3))
_DEMO_CHURN = 0.01


class Preferences:
    """The segment groups of one client, and who may export them.

    Attributes:
        seed: What names, secrets and made-up profiles follow from.
        clock: The sandbox's time, before `clock_skew`.
        clock_skew: Seconds that the vendor's clock is ahead.
        client_id: The client, part of every path.
        user_id: Who signs, or asks for a token.
        shared_secret: What is signed with.
        oauth_client_id: The user name at the token's endpoint.
        oauth_client_secret: The password at the token's endpoint.
        token_lifetime: Seconds until an OAuth token expires.
    """

    def __init__(self, seed: int = 1, clock: Clock | None = None) -> None:
        """Register a client without groups."""
        self.seed = seed
        self.clock = clock or Clock()
        self.clock_skew = 0.0
        self.client_id = f"client-{digest(seed, 'client')[:8]}"
        self.user_id = f"user-{digest(seed, 'user')[:8]}"
        self.shared_secret = digest(seed, "shared secret")
        self.oauth_client_id = f"oauth-{digest(seed, 'oauth')[:8]}"
        self.oauth_client_secret = digest(seed, "oauth secret")
        self.token_lifetime = 3600
        self._groups: dict[str, Group] = {}
        self._exports: dict[int, Export] = {}
        self._bearers: dict[str, float] = {}
        self._issued = 0
        self._lock = threading.RLock()

    @classmethod
    def demo(cls, seed: int = 1, now: float | None = None) -> Preferences:
        """Register a client that has something to export.

        Args:
            seed: Another seed, other data.
            now: Epoch seconds of the last change; now, if absent.
        """
        preferences = cls(seed)
        now = preferences.time() if now is None else now
        for name, size, seconds in _DEMO:
            group = preferences.add_group(
                name, size, processing_seconds=seconds, changed=now - MONTH, churn=_DEMO_CHURN
            )
            group.delete(group.profiles[-1]["ProfileId"], now)
        return preferences

    @property
    def groups(self) -> list[Group]:
        """All groups in order of their making."""
        return list(self._groups.values())

    @property
    def exports(self) -> list[Export]:
        """The exports of all groups in order of initiation."""
        return list(self._exports.values())

    def time(self) -> float:
        """Epoch seconds by the vendor's clock."""
        return self.clock.time() + self.clock_skew

    def add_group(  # noqa: PLR0913 (all but two by name)
        self,
        name: str,
        profiles: Sequence[Profile] | int = (),
        *,
        processing_seconds: float = 0.0,
        changed: float | None = None,
        churn: float = 0.0,
        deleted: bool = False,
    ) -> Group:
        """Make a segment group.

        Args:
            name: Unique.
            profiles: Each with a ``ProfileId``; or how many to make up.
            processing_seconds: How long an export takes.
            changed: Epoch seconds of their last change; long ago, if absent.
            churn: Share of the profiles that is others after every export, 0 to 1.
            deleted: Whether made-up profiles are deleted ones.
        """
        with self._lock:
            if name in self._groups:
                raise ValueError(f"there is a group {name!r} already")
            group = Group(self, name)
            group.fill(profiles, changed, gone=deleted)
            group.processing_seconds = processing_seconds
            group.churn = churn
            self._groups[name] = group
        return group

    def group(self, name: str) -> Group | None:
        """The group with that name."""
        return self._groups.get(name)

    def remove(self, group: Group) -> None:
        """Delete a group; its exports stay readable."""
        with self._lock:
            del self._groups[group.name]

    def export(self, token: int) -> Export | None:
        """The export with that ``AccessToken``."""
        return self._exports.get(token)

    def initiate(self, group: Group, order: Order) -> Export:
        """Begin an export; a repeated order is another one."""
        with self._lock:
            number = len(self._exports) + 1
            token = _DIGITS + mixed(number, self.seed) % _DIGITS
            export = group.initiate(token, order)
            self._exports[token] = export
        return export

    def issue_token(self) -> str:
        """A new OAuth token, valid for `token_lifetime`."""
        with self._lock:
            self._issued += 1
            token = digest(self.seed, "bearer", self._issued)
            self._bearers[token] = self.time() + self.token_lifetime
        return token

    def revoke_tokens(self) -> None:
        """Let all OAuth tokens be worth nothing."""
        self._bearers.clear()

    def accepts_token(self, token: str) -> bool:
        """Whether an OAuth token is worth anything now."""
        return self._bearers.get(token, 0.0) > self.time()
