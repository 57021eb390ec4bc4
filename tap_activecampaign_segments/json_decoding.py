"""Lenient JSON decoding: accepts what Python's own decoder accepts, at msgspec's speed."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_BYTE_ORDER_MARK = "\ufeff"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_json(content: bytes) -> Any:
    r"""Return the value of a JSON document.

    Lone surrogates, as of an emoji that was cut in two, become U+FFFD; a byte-order mark is
    ignored. msgspec rejects both, so such documents are decoded again by Python's decoder.

    Example:
        >>> decode_json(b'{"name": "cut \\ud83d"}')
        {'name': 'cut �'}

    Args:
        content: The document in UTF-8.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return msgspec.json.decode(_repair(content.decode("utf-8", "surrogatepass")))
    except (msgspec.DecodeError, RecursionError) as error:
        msg = "no JSON"
        raise ValueError(msg) from error


def decode_json_file(text: str) -> Any:
    """Return the value of a user's JSON file; like `decode_json`, but infinities are accepted.

    Args:
        text: The document.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    try:
        return json.loads(_repair(text))
    except RecursionError as error:
        msg = "no JSON"
        raise ValueError(msg) from error


def _repair(text: str) -> str:
    """Return a document that strict decoders accept."""
    value = json.loads(text.removeprefix(_BYTE_ORDER_MARK))
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False))
