"""JSON as vendors write it, and files hold it: what Python's own decoder takes is taken."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

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
        value = json.loads(content.decode("utf-8-sig", "surrogatepass"))
        text = json.dumps(value, ensure_ascii=False)
        return msgspec.json.decode(_LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text))
    except (msgspec.DecodeError, RecursionError) as error:
        msg = "no JSON"
        raise ValueError(msg) from error
