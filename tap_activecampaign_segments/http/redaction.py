"""Redacts known secrets from text."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
MIN_SUBSTRING_LENGTH = 8
"""Shorter secrets are redacted only as whole words, not within others."""


class Redactor:
    """Redacts secrets, also where they are quoted or encoded.

    Example:
        >>> Redactor(["top secret"]).redact("GET x?token=top%20secret")
        'GET x?token=***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        """Create a redactor.

        Args:
            secrets: The known secrets; empty ones are ignored.
        """
        self._patterns: dict[str, dict[str, str]] = {}
        for secret in secrets:
            self.add_secret(secret)

    def add_secret(self, secret: str) -> None:
        """Redact another secret from now on."""
        if secret and secret not in self._patterns:
            self._patterns[secret] = _patterns_by_form(secret)

    def redact(self, text: str, *secrets: str) -> str:
        """Return a text with `MASK` in place of each secret.

        Args:
            text: The text.
            secrets: Further secrets, of this text alone.
        """
        patterns = dict[str, str]()
        for found in (
            *self._patterns.values(),
            *(_patterns_by_form(each) for each in secrets if each),
        ):
            patterns |= found
        # The longest first: one secret may be part of another.
        either = "|".join(patterns[form] for form in sorted(patterns, key=len, reverse=True))
        return re.sub(either, MASK, text) if either else text


def authorization_secrets(header: str) -> list[str]:
    """Return the secrets in an ``Authorization`` header: a token, or the parts of a signature."""
    parts = header.split()[1:]
    return [*parts, *(part.partition("=")[2].lstrip("=") for part in parts)]


def _patterns_by_form(secret: str) -> dict[str, str]:
    """Return the forms of a secret, each with its regular expression."""
    found = {}
    for form in filter(None, _forms(secret)):
        # Percent-encoding has hex digits in either case.
        pattern = re.sub(r"%([0-9A-F]{2})", r"%(?i:\1)", re.escape(form))
        is_word = len(secret) < MIN_SUBSTRING_LENGTH
        found[form] = rf"(?<![^\W_]){pattern}(?![^\W_])" if is_word else pattern
    return found


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is sent, quoted or echoed."""
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
