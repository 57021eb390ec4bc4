"""MyPreferences' settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_activecampaign_segments.http.urls import url_error
from tap_activecampaign_segments.settings import (
    STRINGS,
    SharedSettings,
    shared_values,
    unknown_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CRITERIA = ("ProfileId", "AlternateId", "PhoneNumber", "EmailAddress")
"""Allowed values of `match_criteria` (documented)."""

# Without defaults: with one, Meltano would pass the object even if nothing is set.
_ACCOUNT = th.ObjectType(
    th.Property(
        "api_url",
        th.StringType,
        title="MyPreferences: API URL",
        description="Base URL (https://pm.mypreferences.com/Profiles/v4 unless set)",
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="MyPreferences: client id",
        description="Client id of the account",
    ),
    th.Property(
        "user_id",
        th.StringType,
        title="MyPreferences: user id",
        description="User id that signs the requests",
    ),
    th.Property(
        "shared_secret",
        th.StringType,
        secret=True,
        title="MyPreferences: shared secret",
        description="Secret that requests are signed with; or use OAuth",
    ),
    th.Property(
        "oauth_token_url",
        th.StringType,
        title="MyPreferences: OAuth token URL",
        description="Where OAuth tokens are issued (client credentials)",
    ),
    th.Property(
        "oauth_client_id",
        th.StringType,
        title="MyPreferences: OAuth client id",
        description="OAuth client id",
    ),
    th.Property(
        "oauth_client_secret",
        th.StringType,
        secret=True,
        title="MyPreferences: OAuth client secret",
        description="OAuth client secret",
    ),
    th.Property(
        "segment_groups",
        STRINGS,
        title="MyPreferences: segment groups",
        description="Names of the segment groups to export",
    ),
    th.Property(
        "match_criteria",
        th.StringType,
        title="MyPreferences: match criteria",
        description="Export only what matches: ProfileId, AlternateId, PhoneNumber or EmailAddress",
    ),
    th.Property(
        "match_type",
        th.StringType,
        title="MyPreferences: match type",
        description="Kind of the identifiers to match; required with AlternateId",
    ),
    th.Property(
        "match_values",
        STRINGS,
        title="MyPreferences: match values",
        description="Identifiers to match; required with match criteria",
    ),
    th.Property(
        "export",
        th.StringType,
        title="MyPreferences: export",
        description="full (unless set), or changes: what is new since the last sync, not who left",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1),
        title="MyPreferences: page size",
        description="Profiles per page (1000 unless set)",
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=10**9),
        title="MyPreferences: look-back",
        description="Seconds before the bookmark at which changes begin (300 unless set)",
    ),
    *(
        th.Property(
            f"{name}_path",
            th.StringType(min_length=1),
            title=f"MyPreferences: {name} path",
            description=f"Path of the {name} request, below the base URL (inferred unless set)",
        )
        for name in ("initiate", "status", "data", "commit")
    ),
)


PROPERTIES: tuple[th.Property[Any], ...] = (
    th.Property(
        "mypreferences",
        _ACCOUNT,
        title="MyPreferences",
        description="The second source, PossibleNOW MyPreferences; not offered unless set",
    ),
)
"""The JSON schema of MyPreferences' settings."""


@dataclass(frozen=True, kw_only=True)
class MyPreferencesSettings(SharedSettings):
    """Valid settings. Times are in seconds.

    Example:
        >>> account = {"client_id": "1", "user_id": "2", "segment_groups": ["A", "A"]}
        >>> MyPreferencesSettings.from_config({"mypreferences": account}).segment_groups
        ('A',)
    """

    client_id: str
    user_id: str
    segment_groups: tuple[str, ...]
    api_url: str = "https://pm.mypreferences.com/Profiles/v4"
    shared_secret: str | None = field(default=None, repr=False)
    oauth_token_url: str | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: str | None = field(default=None, repr=False)
    match_criteria: str | None = None
    match_type: str | None = None
    match_values: tuple[str, ...] = ()
    export: str = "full"
    page_size: int = 1000
    lookback_seconds: int = 300
    initiate_path: str = "Async/{client_id}/Export/SegmentGroup/{segment_group_name}"
    status_path: str = "Async/{client_id}/Export/{access_token}/Status"
    data_path: str = "Async/{client_id}/Export/SegmentGroup/{access_token}"
    commit_path: str = "Async/{client_id}/Export/SegmentGroup/Commit/{access_token}"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> MyPreferencesSettings:
        """Read a valid configuration with `mypreferences`; null counts as missing."""
        given = config["mypreferences"]
        own = cls.__dataclass_fields__.keys() - SharedSettings.__dataclass_fields__.keys()
        found: dict[str, Any] = {
            name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value
            for name, value in given.items()
            if name in own and value is not None
        }
        return cls(**shared_values(config), **found)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that are redacted from all messages."""
        credentials = f"{self.oauth_client_id}:{self.oauth_client_secret}"
        known = (self.shared_secret, self.oauth_client_secret, self.oauth_client_id and credentials)
        return tuple(each for each in known if each)


def is_configured(config: Mapping[str, Any]) -> bool:
    """Return whether this source is configured."""
    return bool(config.get("mypreferences"))


def config_errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each invalid setting: its name, and what is wrong with it, without secrets.

    Args:
        config: A configuration that matches the JSON schema.
    """
    for name, error in _errors(config["mypreferences"]) if is_configured(config) else ():
        yield f"mypreferences.{name}", error


def config_warnings(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each unknown setting."""
    known = _ACCOUNT.to_dict()["properties"]
    yield from unknown_settings("mypreferences.", config["mypreferences"], known)


def _errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("client_id", "user_id", "segment_groups"):
        if not config.get(name):
            yield name, "is missing"
    yield from _authorization_errors(config)
    for name in ("client_id", "user_id", "shared_secret", "oauth_client_id", "oauth_client_secret"):
        if (text := config.get(name)) and (error := _text_error(name, text)):
            yield name, error
    for name in ("api_url", "oauth_token_url"):
        if (url := config.get(name)) and (error := url_error(url)):
            yield name, error
    if config.get("export") not in {None, "full", "changes"}:
        yield "export", "must be full or changes"
    for name in ("initiate_path", "status_path", "data_path", "commit_path"):
        if (path := config.get(name)) and (error := _path_error(name, path)):
            yield name, error
    yield from _match_errors(config)


def _authorization_errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    oauth = ("oauth_token_url", "oauth_client_id", "oauth_client_secret")
    given = [name for name in oauth if config.get(name)]
    if config.get("shared_secret") and given:
        yield "shared_secret", "give either this or the OAuth settings"
    elif given:
        yield from (
            (name, "is missing (the three OAuth settings go together)")
            for name in oauth
            if name not in given
        )
    elif not config.get("shared_secret"):
        yield "shared_secret", "is missing (or the three OAuth settings)"


def _text_error(name: str, text: str) -> str | None:
    if not text.strip():
        return "is empty"
    # The user id is sent in a header, unencoded. The others are encoded.
    if not text.isprintable() or (name == "user_id" and not text.isascii()):
        return "contains characters that it cannot have"
    return None


def _match_errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    criteria, values = config.get("match_criteria"), config.get("match_values")
    if criteria and criteria not in CRITERIA:
        yield "match_criteria", f"must be one of {', '.join(CRITERIA)}"
    if criteria == "AlternateId" and not config.get("match_type"):
        yield "match_type", "is required with AlternateId"
    if criteria and not values:
        yield "match_values", "is required with match_criteria"
    if not criteria and (values or config.get("match_type")):
        yield "match_criteria", "is required with match_values and match_type"


def _path_error(name: str, path: str) -> str | None:
    token = "segment_group_name" if name == "initiate_path" else "access_token"
    try:
        path.format(client_id="", **{token: ""})
    except (KeyError, IndexError, ValueError):
        return f"may name {{client_id}} and {{{token}}} alone"
    return None if f"{{{token}}}" in path else f"must name {{{token}}}"
