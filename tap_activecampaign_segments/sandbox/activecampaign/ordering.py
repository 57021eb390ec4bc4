"""The grammar of ``sort``, and contacts in that order."""

import itertools
import operator
import re
import zlib
from collections.abc import Callable, Sequence

from tap_activecampaign_segments.sandbox.seeded import mix

_FIELD = re.compile(
    r"-?(?:id|email|phone|first_name|last_name|full_name|cdate|udate|account_name"
    r"|score[0-9]*|field[0-9]+)"
)

# Contacts share the values of these fields, so that a second sort field matters.
_DISTINCT_VALUES = {"first_name": 300, "last_name": 3000, "account_name": 60}
_DISTINCT_VALUES_BY_PREFIX = {"score": 101, "field": 12}


def is_sort(text: str) -> bool:
    """Return whether the text is a comma-separated list of fields, each with an optional dash."""
    return all(_FIELD.fullmatch(field) for field in text.split(","))


def order(members: Sequence[int], sort: str) -> Sequence[int]:
    """Return contact ids in an order; the same sequence if it has that order already.

    Args:
        members: Contact ids.
        sort: A valid ``sort``, see `is_sort`. A contact's fields follow from its id.
    """
    fields = sort.split(",")
    name, descending = fields[0].removeprefix("-"), fields[0].startswith("-")
    if name == "id":
        ascending = members if _is_ascending(members) else sorted(members)
        return ascending[::-1] if descending else ascending
    columns = [_make_column(field) for field in fields]
    sign = -1 if fields[-1].startswith("-") else 1

    def rank(contact: int) -> tuple[int, ...]:
        return (*(column(contact) for column in columns), sign * contact)

    return sorted(members, key=rank)


def _make_column(field: str) -> Callable[[int], int]:
    """Return a function from contact to field value, negative for a descending order."""
    name = field.removeprefix("-")
    sign = -1 if field.startswith("-") else 1
    salt = zlib.crc32(name.encode())
    prefix = name.rstrip("0123456789")
    values = _DISTINCT_VALUES.get(name) or _DISTINCT_VALUES_BY_PREFIX.get(prefix) or 2**64
    return lambda contact: sign * (mix(contact, salt) % values)


def _is_ascending(members: Sequence[int]) -> bool:
    if isinstance(members, range):
        return members.step > 0
    return all(map(operator.lt, members, itertools.islice(members, 1, None)))
