"""A MyPreferences client: its credentials, segment groups and exports."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.clock import Clock
from tap_activecampaign_segments.sandbox.seeded import make_digest, mix

from .groups import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .export_requests import ExportRequest
    from .exports import Export
    from .profiles import Profile

_MONTH = 30 * 86_400.0
_TOKEN_RANGE = 10**15
_DEMO_GROUPS = (("Newsletter consents", 2_500, 1.5), ("Loyalty club", 40, 0.3))
_DEMO_CHURN = 0.01


class Preferences:
    """The segment groups of one client, and its credentials.

    Example:
        >>> preferences = Preferences(seed=1)
        >>> preferences.add_group("Newsletter", 100, processing_seconds=2)
        >>> with Sandbox(preferences=preferences) as sandbox:
        ...     print(sandbox.mypreferences_url, preferences.shared_secret)

    Attributes:
        seed: Determines names, secrets and generated profiles.
        clock: Time source; a sandbox sets its own.
        clock_skew: Seconds that the vendor's clock is ahead of `clock`.
        client_id: Part of every path.
        user_id: Signs, or requests a token.
        shared_secret: Key of the signatures.
        oauth_client_id: User name at the token endpoint.
        oauth_client_secret: Password at the token endpoint.
        token_lifetime: Seconds until a new OAuth token expires.
    """

    def __init__(self, seed: int = 1, clock: Clock | None = None) -> None:
        """Create a client without groups.

        Args:
            seed: See the attribute.
            clock: Real time by default.
        """
        self.seed = seed
        self.clock = clock or Clock()
        self.clock_skew = 0.0
        self.client_id = f"client-{make_digest(seed, 'client')[:8]}"
        self.user_id = f"user-{make_digest(seed, 'user')[:8]}"
        self.shared_secret = make_digest(seed, "shared secret")
        self.oauth_client_id = f"oauth-{make_digest(seed, 'oauth')[:8]}"
        self.oauth_client_secret = make_digest(seed, "oauth secret")
        self.token_lifetime = 3600
        self._groups: dict[str, Group] = {}
        self._exports: dict[int, Export] = {}
        self._token_expiries: dict[str, float] = {}
        self._issued_tokens = 0
        self._lock = threading.RLock()

    @classmethod
    def demo(cls, seed: int = 1, now: float | None = None) -> Preferences:
        """Create the demo client: two groups, each with a deleted profile.

        Args:
            seed: See the attribute.
            now: Epoch seconds of the last change; the present by default.
        """
        preferences = cls(seed)
        now = preferences.time() if now is None else now
        for name, size, seconds in _DEMO_GROUPS:
            group = preferences.add_group(
                name, size, processing_seconds=seconds, changed=now - _MONTH, churn=_DEMO_CHURN
            )
            group.delete(group.profiles[-1]["ProfileId"], now)
        return preferences

    @property
    def groups(self) -> list[Group]:
        """All groups in order of creation."""
        return list(self._groups.values())

    @property
    def exports(self) -> list[Export]:
        """The exports of all groups in order of their start."""
        return list(self._exports.values())

    def time(self) -> float:
        """Return epoch seconds by the vendor's clock."""
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
        """Create a segment group.

        Args:
            name: Unique.
            profiles: Each with a ``ProfileId``; or how many to generate.
            processing_seconds: Duration of an export.
            changed: Epoch seconds of the profiles' last change; in 2020 by default.
            churn: Share of the profiles that changes after every export, 0 to 1.
            deleted: Whether generated profiles are deleted ones.

        Raises:
            ValueError: The name is taken.
            TypeError: A profile has no integer ``ProfileId``.
        """
        with self._lock:
            if name in self._groups:
                raise ValueError(f"there is a group {name!r} already")
            group = Group(name, self.seed, self.time)
            group.fill(profiles, changed, deleted=deleted)
            group.processing_seconds = processing_seconds
            group.churn = churn
            self._groups[name] = group
        return group

    def find_group(self, name: str) -> Group | None:
        """Return the group with that name, None without one."""
        return self._groups.get(name)

    def remove(self, group: Group) -> None:
        """Delete a group. Its exports stay readable."""
        with self._lock:
            del self._groups[group.name]

    def find_export(self, token: int) -> Export | None:
        """Return the export with that ``AccessToken``, None without one."""
        return self._exports.get(token)

    def initiate(self, group: Group, request: ExportRequest) -> Export:
        """Start an export. A repeated request starts another one."""
        with self._lock:
            number = len(self._exports) + 1
            token = _TOKEN_RANGE + mix(number, self.seed) % _TOKEN_RANGE
            export = group.initiate(token, request)
            self._exports[token] = export
        return export

    def issue_token(self) -> str:
        """Return a new OAuth token, valid for `token_lifetime` seconds."""
        with self._lock:
            self._issued_tokens += 1
            token = make_digest(self.seed, "bearer", self._issued_tokens)
            self._token_expiries[token] = self.time() + self.token_lifetime
        return token

    def revoke_tokens(self) -> None:
        """Revoke all OAuth tokens."""
        self._token_expiries.clear()

    def accepts_token(self, token: str) -> bool:
        """Return whether an OAuth token is valid now."""
        return self._token_expiries.get(token, 0.0) > self.time()
