"""ActiveCampaign's settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.sort import is_sort
from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.http.urls import is_loopback_url, url_error
from tap_activecampaign_segments.settings import (
    STRINGS,
    SharedSettings,
    number_error,
    shared_values,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

ACCOUNT_LIMIT = 5
"""Requests per second that an account allows (documented)."""
UNLIMITED = 1000
"""Requests per second from which on the rate is meant to be unlimited."""

PROPERTIES: tuple[th.Property[Any], ...] = (
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="URL shown under Settings > Developer, e.g. https://ACCOUNT.api-us1.com",
    ),
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        title="API token",
        description="API token shown under Settings > Developer",
    ),
    th.Property(
        "segment_ids",
        STRINGS,
        title="Segment ids",
        description="Ids of segments to read, saved or not",
    ),
    th.Property(
        "segment_names",
        STRINGS,
        title="Segment names",
        description="Shell-style patterns (VIP*), any case, on the names of saved segments to read",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Oldest count to emit on a first sync, and the instant from which on definition "
            "versions are emitted (the one in force then included)"
        ),
    ),
    th.Property(
        "sort",
        th.StringType,
        default="id",
        title="Sort",
        description="Order of match-all results, in the API's grammar, e.g. -cdate,email",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=10_000),
        default=10_000,
        title="Page size",
        description="Contact ids per page, 1 to 10000",
    ),
    th.Property(
        "exclude_segments",
        STRINGS,
        title="Excluded segments",
        description="Ids or name patterns of segments of which nothing is read",
    ),
    th.Property(
        "rebaseline",
        STRINGS,
        title="Rebaseline",
        description="Ids or name patterns of segments whose next run is a baseline",
    ),
    th.Property(
        "reuse_runs_within",
        th.IntegerType(minimum=0),
        default=0,
        title="Reuse of runs",
        description=(
            "Seconds in which an evaluation that ActiveCampaign has made by itself is read instead "
            "of starting one; 0 always starts one"
        ),
    ),
    th.Property(
        "backfill_days",
        th.IntegerType(minimum=0, maximum=90),
        default=0,
        title="Backfill",
        description=(
            "Days back from which on evaluations that ActiveCampaign has made by itself are read, "
            "0 to 90; 0 reads none"
        ),
    ),
    th.Property(
        "contacts",
        th.StringType(allowed_values=["joined", "all"]),
        default="joined",
        title="Contacts",
        description=(
            "Which contacts the stream contacts has: those that joined a segment, or all of the "
            "account"
        ),
    ),
    th.Property(
        "contact_identifiers",
        th.StringType(allowed_values=["plain", "hashed"]),
        default="plain",
        title="Contact identifiers",
        description=(
            "Whether the stream contacts has e-mail addresses, phone numbers and names, or only "
            "SHA-256 digests of addresses and numbers"
        ),
    ),
    th.Property(
        "requests_per_second",
        th.NumberType(exclusive_minimum=0),
        default=4,
        title="Requests per second",
        description="This tap's share of the account's 5 requests per second",
    ),
    th.Property(
        "max_concurrent_requests",
        th.IntegerType(minimum=1, maximum=32),
        default=5,
        title="Concurrent requests",
        description="Requests in flight at most, 1 to 32",
    ),
)
"""The JSON schema of ActiveCampaign's settings."""


@dataclass(frozen=True, kw_only=True)
class ActiveCampaignSettings(SharedSettings):
    """Valid settings. Times are in seconds.

    Example:
        >>> config = {"api_url": "https://x.api-us1.com/api/3/", "api_token": "secret"}
        >>> ActiveCampaignSettings.from_config(config).api_url
        'https://x.api-us1.com'
    """

    api_url: str
    """Scheme and host (and path, if any), without ``/api/3``."""
    api_token: str = field(repr=False)
    segment_ids: tuple[str, ...]
    segment_names: tuple[str, ...]
    exclude_segments: tuple[str, ...]
    rebaseline: tuple[str, ...]
    start_date: datetime | None
    sort: str
    page_size: int
    reuse_runs_within: int
    backfill_days: int
    contacts: str
    contact_identifiers: str
    requests_per_second: float
    max_concurrent_requests: int

    @property
    def hashes_contacts(self) -> bool:
        """Whether contacts have digests in place of addresses, phone numbers and names."""
        return self.contact_identifiers == "hashed"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ActiveCampaignSettings:
        """Read a valid configuration; null is as good as absent."""
        found = values(config, PROPERTIES, cls.__dataclass_fields__)
        for name in ("segment_ids", "segment_names", "exclude_segments", "rebaseline"):
            found[name] = tuple(dict.fromkeys(found[name] or ()))
        found["api_url"] = _base_url(found["api_url"] or "")
        found["api_token"] = (found["api_token"] or "").strip()
        if found["start_date"] is not None:
            found["start_date"] = timestamps.parse(found["start_date"])
        return cls(**shared_values(config), **found)


def is_configured(config: Mapping[str, Any]) -> bool:
    """Return whether a setting names an account."""
    return any(config.get(name) is not None for name in ("api_url", "api_token"))


def config_errors(config: Mapping[str, Any], *, required: bool) -> Iterator[tuple[str, str]]:
    """Yield settings that cannot be used: their name and a sentence without secrets.

    Args:
        config: A configuration that is valid by the JSON schema.
        required: Whether the settings that name an account must be there.
    """
    checks: dict[str, Callable[[Any], str | None]] = {
        "api_url": url_error,
        "api_token": _token_error,
        "segment_ids": _ids_error,
        "start_date": _date_error,
        "sort": _sort_error,
        "requests_per_second": number_error,
    }
    for name, check in checks.items():
        value = config.get(name)
        if value is None and required and name in {"api_url", "api_token"}:
            yield name, "is missing (both are shown under Settings > Developer)"
        elif value is not None and (error := check(value)):
            yield name, error


def config_warnings(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each valid setting that is probably not meant."""
    rate = config.get("requests_per_second") or 0
    if rate <= ACCOUNT_LIMIT:
        return
    # A server of one's own may have no limit; such a rate is meant.
    if rate >= UNLIMITED and is_loopback_url(config["api_url"]):
        return
    yield (
        f"requests_per_second: {rate:g} is more than the {ACCOUNT_LIMIT} that ActiveCampaign "
        "allows an account, over all its integrations: requests will be refused"
    )


def _base_url(value: str) -> str:
    return value.strip().rstrip("/").removesuffix("/api/3").rstrip("/")


def _token_error(value: str) -> str | None:
    token = value.strip()
    if not token:
        return "is empty (it is shown under Settings > Developer)"
    if not (token.isascii() and token.isprintable()) or " " in token:
        return "contains characters that no API token has"
    return None


def _ids_error(value: list[str]) -> str | None:
    wrong = [each for each in value if each in {".", ".."} or each != each.strip()]
    return f"{wrong[0]!r} is no segment id" if wrong else None


def _date_error(value: str) -> str | None:
    try:
        timestamps.parse(value)
    except MalformedResponseError:
        return "must be a date-time such as 2026-01-31T00:00:00Z"
    return None


def _sort_error(value: str) -> str | None:
    if is_sort(value):
        return None
    return (
        f"{brief(value)} is not in the API's grammar: id, email, phone, first_name, last_name, "
        "full_name, cdate, udate, account_name, score, score<id> or field<id>, each also with -, "
        "separated by commas"
    )
