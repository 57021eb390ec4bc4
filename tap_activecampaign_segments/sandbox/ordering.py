"""The grammar of ``sort``, and contacts in that order."""

import itertools
import operator
import re
import zlib
from collections.abc import Callable, Sequence

from .chance import mixed

GRAMMAR = re.compile(
    r"-?(?:id|email|phone|first_name|last_name|full_name|cdate|udate|account_name"
    r"|score[0-9]*|field[0-9]+)"
)

# How many values a field has; contacts share them, so that a second field decides something.
_FEW = {"first_name": 300, "last_name": 3000, "account_name": 60}
_FEW_PREFIXES = {"score": 101, "field": 12}


def is_sort(text: str) -> bool:
    """Whether the text is a comma-separated list of fields, each with or without a dash."""
    return all(GRAMMAR.fullmatch(field) for field in text.split(","))


def ordered(members: Sequence[int], sort: str) -> Sequence[int]:
    """The contact ids in an order; the very same sequence if it is in that order already.

    Args:
        members: Contact ids.
        sort: A list that `is_sort`.
    """
    fields = sort.split(",")
    name, descending = fields[0].removeprefix("-"), fields[0].startswith("-")
    if name == "id":
        ascending = members if _ascends(members) else sorted(members)
        return ascending[::-1] if descending else ascending
    columns = [_column(field) for field in fields]
    last = -1 if fields[-1].startswith("-") else 1

    def rank(contact: int) -> tuple[int, ...]:
        return (*(column(contact) for column in columns), last * contact)

    return sorted(members, key=rank)


def _column(field: str) -> Callable[[int], int]:
    """The value of one field, negative where the order is descending."""
    name = field.removeprefix("-")
    sign = -1 if field.startswith("-") else 1
    salt = zlib.crc32(name.encode())
    prefix = name.rstrip("0123456789")
    values = _FEW.get(name) or _FEW_PREFIXES.get(prefix) or 2**64
    return lambda contact: sign * (mixed(contact, salt) % values)


def _ascends(members: Sequence[int]) -> bool:
    if isinstance(members, range):
        return members.step > 0
    return all(map(operator.lt, members, itertools.islice(members, 1, None)))
