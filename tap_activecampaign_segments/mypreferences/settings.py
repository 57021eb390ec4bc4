"""The settings of the second source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_activecampaign_segments.http.urls import url_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CRITERIA = ("ProfileId", "AlternateId", "PhoneNumber", "EmailAddress")
"""What `match_criteria` may be (documented)."""

_STRINGS = th.ArrayType(th.StringType(min_length=1))

# Without defaults: a default would make Meltano hand over the object where nothing was set.
OBJECT = th.ObjectType(
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
        _STRINGS,
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
        _STRINGS,
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


@dataclass(frozen=True)
class Settings:
    """Checked settings; times are in seconds."""

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
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read the object `mypreferences` of a configuration in which `faults` found nothing."""
        values: dict[str, Any] = {}
        for name in (each.name for each in fields(cls)):
            if (value := config.get(name)) is not None:
                values[name] = tuple(dict.fromkeys(value)) if isinstance(value, list) else value
        return cls(**values)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a message."""
        basic = f"{self.oauth_client_id}:{self.oauth_client_secret}"
        known = (self.shared_secret, self.oauth_client_secret, self.oauth_client_id and basic)
        return tuple(each for each in known if each)


def faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong beyond the types: a setting's name, and a sentence."""
    for name in ("client_id", "user_id", "segment_groups"):
        if not config.get(name):
            yield name, "is missing"
    yield from _authorization_faults(config)
    for name in ("client_id", "user_id", "shared_secret", "oauth_client_id", "oauth_client_secret"):
        if (text := config.get(name)) and (fault := _text_fault(name, text)):
            yield name, fault
    for name in ("api_url", "oauth_token_url"):
        if (url := config.get(name)) and (fault := url_error(url)):
            yield name, fault
    if config.get("export") not in {None, "full", "changes"}:
        yield "export", "must be full or changes"
    for name in ("initiate_path", "status_path", "data_path", "commit_path"):
        if (path := config.get(name)) and (fault := _path_fault(name, path)):
            yield name, fault
    yield from _match_faults(config)


def _authorization_faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
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


def _text_fault(name: str, text: str) -> str | None:
    if not text.strip():
        return "is empty"
    # The user id goes into a header as it is, the others are encoded.
    if not text.isprintable() or (name == "user_id" and not text.isascii()):
        return "contains characters that it cannot have"
    return None


def _match_faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    criteria, values = config.get("match_criteria"), config.get("match_values")
    if criteria and criteria not in CRITERIA:
        yield "match_criteria", f"must be one of {', '.join(CRITERIA)}"
    if criteria == "AlternateId" and not config.get("match_type"):
        yield "match_type", "is required with AlternateId"
    if criteria and not values:
        yield "match_values", "is required with match_criteria"
    if not criteria and (values or config.get("match_type")):
        yield "match_criteria", "is required with match_values and match_type"


def _path_fault(name: str, path: str) -> str | None:
    token = "segment_group_name" if name == "initiate_path" else "access_token"
    try:
        path.format(client_id="", **{token: ""})
    except (KeyError, IndexError, ValueError):
        return f"may name {{client_id}} and {{{token}}} alone"
    return None if f"{{{token}}}" in path else f"must name {{{token}}}"
