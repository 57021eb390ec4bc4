"""What an export is asked to contain."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from .answers import RefusedError
from .instants import microseconds, milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .profiles import Profile, Row

LISTS = {
    "AlternateId": "AlternateIds",
    "PhoneNumber": "PhoneNumbers",
    "EmailAddress": "Emails",
}
CRITERIA = ("ProfileId", *LISTS)
_FIELDS = ("LastDateTime", "MatchCriteria", "MatchType", "Values")
_NULLABLE = ("LastDateTime", "MatchCriteria", "Values")
_LENGTH = len("2020-04-12T23:20:50.523")


def rounded_up(instant: int) -> int:
    """Milliseconds as the vendor's database keeps them: always later, ending in 0, 3 or 7."""
    tens, last = divmod(instant, 10)
    if last < 3:  # noqa: PLR2004 (the vendor's table)
        return tens * 10 + 3
    return tens * 10 + (7 if last < 7 else 10)  # noqa: PLR2004


@dataclass(frozen=True)
class Order:
    """The body of an initiate, read and found right.

    Attributes:
        body: As it was sent.
        fields: Those of it that are not null.
        since: Epoch milliseconds of the oldest change that is wanted, already rounded.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    since: int | None = None

    @classmethod
    def read(cls, text: bytes, content_type: str) -> Order:
        """Read a body, and refuse whatever is not as described."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            _refuse("the body must be application/json")
        try:
            body = json.loads(text)
        except ValueError:
            _refuse("the body is not JSON")
        if not isinstance(body, dict):
            _refuse("the body is not a JSON object")
        for name, value in body.items():
            if name not in _FIELDS:
                _refuse(f"{name}: no such field")
            if value is None and name in _NULLABLE:
                continue
            if name == "Values":
                if not isinstance(value, list) or not value or not all(map(_is_word, value)):
                    _refuse("Values must be one or more strings")
            elif not _is_word(value):
                _refuse(f"{name} must be a string")
        fields = {name: value for name, value in body.items() if value is not None}
        _check_criteria(fields)
        return cls(body, fields, _since(fields))

    def wants(self, row: Row) -> bool:
        """Whether a profile is to be exported."""
        if self.since is not None and milliseconds(row.changed) < self.since:
            return False
        return "MatchCriteria" not in self.fields or self._matches(json.loads(row.document))

    def _matches(self, profile: Profile) -> bool:
        criterion, kind = self.fields["MatchCriteria"], self.fields.get("MatchType")
        wanted = {value.casefold() for value in self.fields["Values"]}
        if criterion == "ProfileId":
            typed = kind is None or profile.get("CustomerType") == kind
            return typed and str(profile["ProfileId"]) in wanted
        for each in profile.get(LISTS[criterion]) or ():
            # The names within these objects are not public, so that any value may be meant.
            words = [value for value in each.values() if isinstance(value, str)]
            if (kind is None or kind in words) and wanted & {word.casefold() for word in words}:
                return True
        return False


def _check_criteria(fields: Mapping[str, Any]) -> None:
    criterion = fields.get("MatchCriteria")
    if criterion is None:
        if "MatchType" in fields or "Values" in fields:
            _refuse("MatchType and Values need MatchCriteria")
        return
    if criterion not in CRITERIA:
        _refuse(f"MatchCriteria must be one of {', '.join(CRITERIA)}")
    if criterion == "AlternateId" and "MatchType" not in fields:
        _refuse("MatchType is required with AlternateId")
    if "Values" not in fields:
        _refuse("Values are required with MatchCriteria")


def _since(fields: Mapping[str, Any]) -> int | None:
    if "LastDateTime" not in fields:
        return None
    text: str = fields["LastDateTime"].removesuffix("Z")
    instant = microseconds(text)
    if instant is None or len(text) != _LENGTH:
        _refuse("LastDateTime must be like 2020-04-12T23:20:50.523Z")
    return rounded_up(instant // 1000)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _refuse(detail: str) -> NoReturn:
    raise RefusedError(HTTPStatus.BAD_REQUEST, detail)
