"""Pseudo-random values that depend on a seed alone."""

import hashlib
import random
import uuid

_MASK = 2**64 - 1


def make_digest(*seed: object) -> str:
    """Return 64 hex digits."""
    return hashlib.sha256("\x1f".join(map(str, seed)).encode()).hexdigest()


def make_id(*seed: object) -> str:
    """Return a UUID."""
    return str(uuid.UUID(make_digest(*seed)[:32], version=4))


def make_random(*seed: object) -> random.Random:
    """Return a seeded generator."""
    return random.Random(make_digest(*seed))  # noqa: S311 (nothing here is secret)


def mix(number: int, salt: int) -> int:
    """Return 64 bits, distinct for distinct numbers under one salt (splitmix64)."""
    word = (number + salt * 0x9E3779B97F4A7C15) & _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


def count_moves(generator: random.Random, size: int, churn: float) -> int:
    """Return how many of `size` elements leave, and as many join.

    A small collection changes only now and then, but on average by the same share as a large one.

    Args:
        generator: Decides about the fraction.
        size: Number of elements.
        churn: Share of the elements that changes, 0 to 1. Leaving and joining count half each.
    """
    exact = size * churn / 2
    return int(exact) + (generator.random() < exact % 1)
