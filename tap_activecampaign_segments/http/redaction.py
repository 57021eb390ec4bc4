"""Words of others as a log may hold them: in one line, without secrets."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
SHORT = 8
"""Characters below which a secret is looked for as a word of its own, not within others."""


def one_line(text: str) -> str:
    """Return a text in one line, what cannot be printed escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )


def credentials(authorization: str) -> list[str]:
    """Return what is secret in such a header: a token, or the parts of a signature."""
    parts = authorization.split()[1:]
    return [*parts, *(part.partition("=")[2].lstrip("=") for part in parts)]


class Secrets:
    """What must never be said."""

    def __init__(self, known: Iterable[str]) -> None:
        """Know some."""
        self._known: dict[str, dict[str, str]] = {}
        for secret in known:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Know one more."""
        if secret and secret not in self._known:
            self._known[secret] = _patterns(secret)

    def masked(self, text: str, *more: str) -> str:
        """Return a text without them.

        Args:
            text: The text.
            more: Further secrets, for this text alone.
        """
        patterns = dict[str, str]()
        for found in (*self._known.values(), *(_patterns(each) for each in more if each)):
            patterns |= found
        # The longest first: one secret may be part of another.
        either = "|".join(patterns[form] for form in sorted(patterns, key=len, reverse=True))
        return re.sub(either, MASK, text) if either else text


def _patterns(secret: str) -> dict[str, str]:
    """Return the forms of a secret, each with what finds it."""
    found = {}
    for form in filter(None, _forms(secret)):
        # Percent signs come with digits in either case.
        pattern = re.sub(r"%([0-9A-F]{2})", r"%(?i:\1)", re.escape(form))
        is_word = len(secret) < SHORT
        found[form] = rf"(?<![^\W_]){pattern}(?![^\W_])" if is_word else pattern
    return found


def _forms(secret: str) -> Iterator[str]:
    """Give what a secret looks like where it is sent, quoted or echoed."""
    yield secret
    yield " ".join(secret.split())
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for is_ascii in (True, False):
        yield json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", r"\/")
    content = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(content).decode()
        yield encoded
        yield encoded.rstrip("=")
