"""JSON as vendors write it, and files hold it: what Python's own decoder takes is taken."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_BYTE_ORDER_MARK = "\ufeff"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded(content: bytes) -> Any:
    r"""Return the value that a JSON document holds.

    A lone surrogate, as of an emoji that was cut in two, becomes U+FFFD, and a byte-order mark is
    passed over. Python's decoder takes both; the faster one, which is asked first, takes neither.

    Example:
        >>> decoded(b'{"name": "cut \\ud83d"}')
        {'name': 'cut �'}

    Args:
        content: The document in UTF-8.

    Raises:
        ValueError: It is no JSON, or nested deeper than can be read.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return msgspec.json.decode(_mended(content.decode("utf-8", "surrogatepass")))
    except (msgspec.DecodeError, RecursionError) as error:
        msg = "no JSON"
        raise ValueError(msg) from error


def decoded_file(text: str) -> Any:
    """Return the value that a file of the user's holds; likewise, and infinite numbers are taken.

    Args:
        text: The document.

    Raises:
        ValueError: It is no JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(_mended(text))
    except RecursionError as error:
        msg = "no JSON"
        raise ValueError(msg) from error


def _mended(text: str) -> str:
    """Return a document as one that every decoder takes."""
    value = json.loads(text.removeprefix(_BYTE_ORDER_MARK))
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False))
