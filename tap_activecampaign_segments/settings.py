"""The settings: their schema, what is wrong with them in one line each, and their values."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import MalformedResponseError, one_line
from tap_activecampaign_segments.http.urls import is_loopback_url, url_error
from tap_activecampaign_segments.mypreferences import settings as mypreferences

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from jsonschema import ValidationError

SORT = re.compile(
    r"-?(id|email|phone|first_name|last_name|full_name|cdate|udate|account_name|score\d*|field\d+)"
)
"""One part of ``sort``, by the API's description."""

ACCOUNT_LIMIT = 5
"""Requests per second that an account allows (documented)."""
UNLIMITED = 1000
"""Requests per second that nobody means by mistake."""
LONGEST = 10**9
"""Seconds that anything may be set to: some thirty years."""

_STRINGS = th.ArrayType(th.StringType(min_length=1))

SCHEMA: dict[str, Any] = th.PropertiesList(
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
        title="API key",
        description="API key shown under Settings > Developer",
    ),
    th.Property(
        "segment_ids",
        _STRINGS,
        title="Segment ids",
        description="Ids of segments to read, saved or not",
    ),
    th.Property(
        "segment_names",
        _STRINGS,
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
        _STRINGS,
        title="Excluded segments",
        description="Ids or name patterns of segments of which nothing is read",
    ),
    th.Property(
        "rebaseline",
        _STRINGS,
        title="Rebaseline",
        description="Ids or name patterns of segments whose next run is a baseline",
    ),
    th.Property(
        "requests_per_second",
        th.NumberType(exclusive_minimum=0),
        default=4,
        title="Requests per second",
        description="This tap's share of the account's 5 requests per second",
    ),
    th.Property(
        "max_left_share",
        th.NumberType(minimum=0, maximum=1),
        default=0.5,
        title="Largest share that may leave",
        description=(
            "Circuit breaker: a difference in which a larger share of the members left, while the "
            "definition is the same, is not believed; 1 switches it off"
        ),
    ),
    th.Property(
        "max_concurrent_requests",
        th.IntegerType(minimum=1, maximum=32),
        default=5,
        title="Concurrent requests",
        description="Requests in flight at most, 1 to 32",
    ),
    th.Property(
        "run_timeout",
        th.IntegerType(minimum=1),
        default=3600,
        title="Run timeout",
        description="Seconds that a sync waits for one evaluation",
    ),
    th.Property(
        "run_attempts",
        th.IntegerType(minimum=1),
        default=3,
        title="Run attempts",
        description="Evaluations per segment and sync, the first included",
    ),
    th.Property(
        "resume_within",
        th.IntegerType(minimum=0),
        default=21_600,
        title="Resume within",
        description="Seconds within which an unfinished run of an earlier sync is taken up again",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=60,
        title="Request timeout",
        description="Seconds that one request may take",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description=(
            "User-Agent of every request (tap-activecampaign-segments/VERSION unless set)"
        ),
    ),
    th.Property(
        "mypreferences",
        mypreferences.OBJECT,
        title="MyPreferences",
        description="The second source, PossibleNOW MyPreferences; not offered unless set",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Emit ACTIVATE_VERSION messages",
        description=(
            "Whether a complete sync tells the target to drop the rows of match_all_results and "
            "segments that it did not send again"
        ),
    ),
).to_dict()


@dataclass(frozen=True)
class Settings:
    """Checked settings; times are in seconds."""

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
    requests_per_second: float
    max_left_share: float
    max_concurrent_requests: int
    run_timeout: float
    run_attempts: int
    resume_within: float
    request_timeout: float
    user_agent: str | None
    mypreferences: mypreferences.Settings | None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration in which `faults` found nothing.

        Args:
            config: The tap's configuration; null is as good as absent.
        """
        values: dict[str, Any] = {name: config.get(name) for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if value is None:
                values[name] = SCHEMA["properties"][name].get("default")
        for name in ("segment_ids", "segment_names", "exclude_segments", "rebaseline"):
            values[name] = tuple(dict.fromkeys(values[name] or ()))
        values["api_url"] = _bare_url(config.get("api_url") or "")
        values["api_token"] = (config.get("api_token") or "").strip()
        if values["mypreferences"]:
            values["mypreferences"] = mypreferences.Settings.of(values["mypreferences"])
        if values["start_date"] is not None:
            values["start_date"] = timestamps.parse(values["start_date"])
        return cls(**values)


def has_activecampaign(config: Mapping[str, Any]) -> bool:
    """Tell whether ActiveCampaign's streams are offered."""
    return not config.get("mypreferences") or any(
        config.get(name) is not None for name in ("api_url", "api_token")
    )


def is_sort(text: str) -> bool:
    """Tell whether a text is an order of results in the API's grammar."""
    return all(SORT.fullmatch(part) for part in text.split(","))


def faults(config: Mapping[str, Any], errors: Iterator[ValidationError]) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong with a configuration, never a secret.

    Args:
        config: The configuration.
        errors: What the JSON schema finds wrong with it.
    """
    wrong = set()
    for error in errors:
        name = ".".join(str(part) for part in error.absolute_path)
        wrong.add(name.partition(".")[0])
        yield f"{name}: {_what_is_wrong(error)}"
    checks: dict[str, Callable[[Any], str | None]] = {
        "api_url": url_error,
        "api_token": _token_fault,
        "segment_ids": _ids_fault,
        "start_date": _date_fault,
        "sort": _sort_fault,
        "user_agent": _user_agent_fault,
        "requests_per_second": _finite_fault,
        "max_left_share": _finite_fault,
        "run_timeout": _finite_fault,
        "request_timeout": _finite_fault,
        "resume_within": _finite_fault,
    }
    for name, check in checks.items():
        value = config.get(name)
        if name in wrong:
            continue
        if value is None and name in {"api_url", "api_token"}:
            if has_activecampaign(config):
                yield f"{name}: is missing (both are shown under Settings > Developer)"
        elif value is not None and (fault := check(value)):
            yield f"{name}: {fault}"
    if config.get("mypreferences") and "mypreferences" not in wrong:
        for name, fault in mypreferences.faults(config["mypreferences"]):
            yield f"mypreferences.{name}: {fault}"


def doubts(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each thing that is allowed and probably not what was meant.

    Args:
        config: A configuration in which `faults` found nothing.
        schema: The JSON schema of the settings, the SDK's own among them.
    """
    known = schema["properties"]
    yield from _unknown("", config, known)
    yield from _unknown(
        "mypreferences.", config.get("mypreferences") or {}, known["mypreferences"]["properties"]
    )
    rate = config.get("requests_per_second") or 0
    if rate > ACCOUNT_LIMIT and has_activecampaign(config):
        # Who has a server of their own without a limit says so by a number beyond all limits.
        if rate >= UNLIMITED and is_loopback_url(config["api_url"]):
            return
        yield (
            f"requests_per_second: {rate:g} is more than the {ACCOUNT_LIMIT} that ActiveCampaign "
            "allows an account, over all its integrations: requests will be refused"
        )


def normalize(config: dict[str, Any]) -> None:
    """Leave out what is null; turn numbers in text, or decimals of a file, into floats."""
    for name in [name for name, value in config.items() if value is None]:
        del config[name]
    for name, schema in SCHEMA["properties"].items():
        value = config.get(name)
        if "number" in schema["type"] and isinstance(value, (str, Decimal)):
            with suppress(ValueError):
                config[name] = float(value)


def _unknown(where: str, given: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    for name in given:
        if name not in known:
            alike = get_close_matches(name, known, n=1)
            guess = f"; did you mean {where}{alike[0]}?" if alike else ""
            yield f"{where}{one_line(name)}: is no setting of this tap, it is left out{guess}"


_RULES = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "minLength": "must not be empty",
    "anyOf": "is none of what it may be",
    "oneOf": "is none of what it may be",
}
"""What a keyword of JSON Schema asks for."""


def _what_is_wrong(error: ValidationError) -> str:
    # jsonschema quotes the value, which may be a secret in the wrong place.
    limit: Any = error.validator_value
    if isinstance(limit, list):
        limit = " or ".join(str(each) for each in limit if each not in (None, "null"))
    rule = _RULES.get(str(error.validator), f"breaks the rule '{error.validator}: {{}}'")
    return rule.format(limit)


def _bare_url(value: str) -> str:
    return value.strip().rstrip("/").removesuffix("/api/3").rstrip("/")


def _token_fault(value: str) -> str | None:
    token = value.strip()
    if not token:
        return "is empty (it is shown under Settings > Developer)"
    if not (token.isascii() and token.isprintable()) or " " in token:
        return "contains characters that no API key has"
    return None


def _user_agent_fault(value: str) -> str | None:
    if not value.strip():
        return "is empty"
    is_fine = value.isascii() and value.isprintable() and value == value.strip()
    return None if is_fine else "contains characters that no header has"


def _ids_fault(value: list[str]) -> str | None:
    bad = [each for each in value if each in {".", ".."} or each != each.strip()]
    return f"{bad[0]!r} is no segment id" if bad else None


def _date_fault(value: str) -> str | None:
    try:
        timestamps.parse(value)
    except MalformedResponseError:
        return "must be a date-time such as 2026-01-31T00:00:00Z"
    return None


def _finite_fault(value: float) -> str | None:
    is_fine = math.isfinite(value) and (not value or 1 / LONGEST < value < LONGEST)
    return None if is_fine else "is no number to count with"


def _sort_fault(value: str) -> str | None:
    if is_sort(value):
        return None
    return (
        f"{brief(value)} is not in the API's grammar: id, email, phone, first_name, last_name, "
        "full_name, cdate, udate, account_name, score, score<id> or field<id>, each also with -, "
        "separated by commas"
    )
