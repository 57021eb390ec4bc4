"""An independent check of a tap's raw output against the Singer specification.

It knows nothing of the tap or its SDK: bytes in, the first violation out. `sync.check_messages` is
the short check that every sync of the other tests gets; this one reads every line of a real output.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

import jsonschema
from jsonschema.validators import Draft4Validator, Draft7Validator, Draft202012Validator

FIELDS = {
    "SCHEMA": ({"type", "stream", "schema", "key_properties"}, {"bookmark_properties"}),
    "RECORD": ({"type", "stream", "record"}, {"version", "time_extracted"}),
    "STATE": ({"type", "value"}, set()),
    "ACTIVATE_VERSION": ({"type", "stream", "version"}, set()),
    "BATCH": ({"type", "stream", "encoding", "manifest"}, set()),
}
"""Required and optional fields of each type of message."""
DRAFTS = (Draft4Validator, Draft7Validator, Draft202012Validator)
"""The drafts of JSON Schema that targets validate with."""
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_timestamp(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(TIMESTAMP.fullmatch(value) and datetime.fromisoformat(f"{value[:-1]}+00:00"))


class InvalidOutputError(Exception):
    """A line of the output violates the specification."""


@dataclass
class _Stream:
    """What is known of a stream.

    Attributes:
        keys: Properties that are never null.
        validators: Of its records, one for each draft.
        versions: Of its records.
        is_activated: Whether its ACTIVATE_VERSION was seen.
    """

    keys: list[str]
    validators: list[Any]
    versions: set[object] = field(default_factory=set)
    is_activated: bool = False


class SingerOutput:
    """The messages of one sync, validated one by one.

    Attributes:
        records: Their number by stream.
        types: Number of messages by type.
        state: The last STATE.
    """

    def __init__(self, output: bytes) -> None:
        """Validate an output.

        Raises:
            InvalidOutputError: The output is not valid.
        """
        self.records = Counter[str]()
        self.types = Counter[str]()
        self.state: dict[str, Any] = {}
        self._streams: dict[str, _Stream] = {}
        *lines, rest = output.split(b"\n")
        if rest:
            _fail(len(lines) + 1, "is not terminated")
        self._is_saved = True
        for number, line in enumerate(lines, 1):
            self._add_line(number, line)
        if not self._is_saved:
            _fail(len(lines), "is the last, and no STATE follows the records")

    def _add_line(self, number: int, line: bytes) -> None:
        try:
            self._add(_decoded(line))
        except (jsonschema.SchemaError, jsonschema.ValidationError) as error:
            _fail(number, error.message)
        except (ValueError, RecursionError) as error:
            _fail(number, str(error))

    def _add(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind not in FIELDS:
            msg = f"is of type {kind!r}"
            raise ValueError(msg)
        required, optional = FIELDS[kind]
        if required - message.keys() or message.keys() - required - optional:
            msg = f"{kind} has the fields {sorted(message)}"
            raise ValueError(msg)
        self.types[kind] += 1
        getattr(self, f"_add_{kind.lower()}")(message)

    def _add_schema(self, message: dict[str, Any]) -> None:
        name, schema, keys = (message[each] for each in ("stream", "schema", "key_properties"))
        if name in self._streams:
            msg = f"{name} has a second SCHEMA"
            raise ValueError(msg)
        bookmarks = message.get("bookmark_properties") or []
        if missing := {*keys, *bookmarks} - schema["properties"].keys():
            msg = f"{name} lacks the properties {sorted(missing)}"
            raise ValueError(msg)
        for draft in DRAFTS:
            draft.check_schema(schema)
        self._streams[name] = _Stream(
            [*keys, *bookmarks], [draft(schema, format_checker=_formats) for draft in DRAFTS]
        )

    def _add_record(self, message: dict[str, Any]) -> None:
        name, record = message["stream"], message["record"]
        stream = self._stream(name)
        if stream.is_activated:
            msg = f"{name} has a record after its ACTIVATE_VERSION"
            raise ValueError(msg)
        if null := [key for key in stream.keys if record.get(key) is None]:
            msg = f"{name} has a record without {null}"
            raise ValueError(msg)
        for validator in stream.validators:
            validator.validate(record)
        if extracted := message.get("time_extracted"):
            datetime.fromisoformat(extracted.replace("Z", "+00:00"))
        stream.versions.add(message.get("version"))
        self.records[name] += 1
        self._is_saved = False

    def _add_batch(self, message: dict[str, Any]) -> None:
        self._stream(message["stream"])
        if not message["manifest"]:
            msg = "has no files"
            raise ValueError(msg)

    def _add_activate_version(self, message: dict[str, Any]) -> None:
        name = message["stream"]
        stream = self._stream(name)
        if type(message["version"]) is not int or stream.versions - {message["version"]}:
            msg = f"{name} has records of another version"
            raise ValueError(msg)
        stream.is_activated = True

    def _add_state(self, message: dict[str, Any]) -> None:
        self.state = _object(message["value"])
        self._is_saved = True

    def _stream(self, name: str) -> _Stream:
        if name not in self._streams:
            msg = f"{name!r} has no SCHEMA before"
            raise ValueError(msg)
        return self._streams[name]


def _decoded(line: bytes) -> dict[str, Any]:
    return _object(
        json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    )


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    msg = f"has {value!r} in place of an object"
    raise ValueError(msg)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        msg = f"has a key twice: {[name for name, _ in pairs]}"
        raise ValueError(msg)
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    msg = f"has the number {text}"
    raise ValueError(msg)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _no_number(text)
    return number


def _fail(number: int, reason: str) -> NoReturn:
    msg = f"line {number} {reason}"
    raise InvalidOutputError(msg)
