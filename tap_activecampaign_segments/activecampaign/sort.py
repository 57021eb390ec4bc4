"""The grammar of ``sort``, the order of match-all results."""

from __future__ import annotations

import re

SORT_FIELD = re.compile(
    r"-?(id|email|phone|first_name|last_name|full_name|cdate|udate|account_name|score\d*|field\d+)"
)
"""One field of ``sort``, ascending or descending (documented)."""


def is_sort(text: str) -> bool:
    """Return whether a text is an order of results in the API's grammar (documented)."""
    return all(SORT_FIELD.fullmatch(part) for part in text.split(","))
