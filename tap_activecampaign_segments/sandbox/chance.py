"""Whatever looks random but follows from a seed."""

import hashlib
import random
import uuid

_WORD = 2**64 - 1


def digest(*parts: object) -> str:
    """64 hex digits that follow from the parts."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def identifier(*parts: object) -> str:
    """A UUID that follows from the parts."""
    return str(uuid.UUID(digest(*parts)[:32], version=4))


def generator(*parts: object) -> random.Random:
    """A random generator that follows from the parts."""
    return random.Random(digest(*parts))  # noqa: S311 (nothing here is secret)


def mixed(number: int, salt: int) -> int:
    """64 bits that follow from two numbers, all different for different numbers (splitmix64)."""
    word = (number + salt * 0x9E3779B97F4A7C15) & _WORD
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)
