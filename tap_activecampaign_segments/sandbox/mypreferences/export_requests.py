"""The body of a request that initiates an export."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from tap_activecampaign_segments.sandbox.responses import ApiError

from .timestamps import parse_microseconds, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .profiles import Profile, Row

_LISTS = {
    "AlternateId": "AlternateIds",
    "PhoneNumber": "PhoneNumbers",
    "EmailAddress": "Emails",
}
_CRITERIA = ("ProfileId", *_LISTS)
_FIELDS = ("LastDateTime", "MatchCriteria", "MatchType", "Values")
_NULLABLE = ("LastDateTime", "MatchCriteria", "Values")
_LENGTH = len("2020-04-12T23:20:50.523")


def round_up(milliseconds: int) -> int:
    """Return the next higher milliseconds that end in 0, 3 or 7 (documented)."""
    tens, last = divmod(milliseconds, 10)
    if last < 3:  # noqa: PLR2004 (the vendor's rounding)
        return tens * 10 + 3
    return tens * 10 + (7 if last < 7 else 10)  # noqa: PLR2004


@dataclass(frozen=True)
class ExportRequest:
    """A valid request for an export.

    Attributes:
        body: The JSON object as sent.
        fields: The fields that are not null.
        since: Epoch milliseconds of the oldest change to export, rounded up; None for all.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    since: int | None = None

    @classmethod
    def parse(cls, text: bytes, content_type: str) -> ExportRequest:
        """Parse a body; raises `ApiError` if it is not as documented."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            _reject("the body must be application/json")
        try:
            body = json.loads(text)
        except ValueError:
            _reject("the body is not JSON")
        if not isinstance(body, dict):
            _reject("the body is not a JSON object")
        for name, value in body.items():
            if name not in _FIELDS:
                _reject(f"{name}: no such field")
            if value is None and name in _NULLABLE:
                continue
            if name == "Values":
                if not isinstance(value, list) or not value or not all(map(_is_text, value)):
                    _reject("Values must be one or more strings")
            elif not _is_text(value):
                _reject(f"{name} must be a string")
        fields = {name: value for name, value in body.items() if value is not None}
        _check_criteria(fields)
        return cls(body, fields, _parse_since(fields))

    def selects(self, row: Row) -> bool:
        """Return whether a profile is to be exported."""
        if self.since is not None and to_milliseconds(row.changed) < self.since:
            return False
        return "MatchCriteria" not in self.fields or self._matches(json.loads(row.document))

    def _matches(self, profile: Profile) -> bool:
        criterion, kind = self.fields["MatchCriteria"], self.fields.get("MatchType")
        values = {value.casefold() for value in self.fields["Values"]}
        if criterion == "ProfileId":
            has_type = kind is None or profile.get("CustomerType") == kind
            return has_type and str(profile["ProfileId"]) in values
        for each in profile.get(_LISTS[criterion]) or ():
            # The keys of these objects are not public, so any value may match.
            texts = [value for value in each.values() if isinstance(value, str)]
            if (kind is None or kind in texts) and values & {text.casefold() for text in texts}:
                return True
        return False


def _check_criteria(fields: Mapping[str, Any]) -> None:
    criterion = fields.get("MatchCriteria")
    if criterion is None:
        if "MatchType" in fields or "Values" in fields:
            _reject("MatchType and Values need MatchCriteria")
        return
    if criterion not in _CRITERIA:
        _reject(f"MatchCriteria must be one of {', '.join(_CRITERIA)}")
    if criterion == "AlternateId" and "MatchType" not in fields:
        _reject("MatchType is required with AlternateId")
    if "Values" not in fields:
        _reject("Values are required with MatchCriteria")


def _parse_since(fields: Mapping[str, Any]) -> int | None:
    if "LastDateTime" not in fields:
        return None
    text: str = fields["LastDateTime"].removesuffix("Z")
    since = parse_microseconds(text)
    if since is None or len(text) != _LENGTH:
        _reject("LastDateTime must be like 2020-04-12T23:20:50.523Z")
    return round_up(since // 1000)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _reject(detail: str) -> NoReturn:
    raise ApiError(HTTPStatus.BAD_REQUEST, detail)
