"""Secrets in all forms in which they may be quoted."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from tests.support.mypreferences import oauth_config, signed_config
from tests.support.sync import config_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_activecampaign_segments.sandbox import Sandbox


def config_of_both(sandbox: Sandbox, *, oauth: bool = False, **settings: Any) -> dict[str, Any]:
    """Return a configuration of both vendors."""
    second = oauth_config(sandbox) if oauth else signed_config(sandbox)
    return {**config_of(sandbox), "mypreferences": second, **settings}


def secret_forms(secret: str) -> set[str]:
    """Return a secret in all encodings in which it may be quoted."""
    percents = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {
        secret,
        *percents,
        *(each.replace("%2B", "%2b").replace("%2F", "%2f") for each in percents),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    }


def secrets_of(sandbox: Sandbox) -> set[str]:
    """Return every secret of both vendors, in all encodings."""
    preferences = sandbox.preferences
    sent = {
        request.headers[name].split()[-1].removeprefix("Signature=")
        for request in sandbox.requests
        for name in ("authorization", "api-token")
        if name in request.headers
    }
    known = {sandbox.token, preferences.shared_secret, preferences.oauth_client_secret}
    tokens = {str(each.token) for each in preferences.exports}
    return {form for secret in known | sent | tokens for form in secret_forms(secret)}


def assert_absent(said: object, secrets: Iterable[str]) -> None:
    """Check that a text contains none of the secrets."""
    found = [secret for secret in secrets if secret in str(said)]
    assert not found, said


HOSTILE_IDS = [
    "../audiences",
    "a/b",
    "a?sort=x",
    "a#b",
    "%2e%2e",
    "%2F..%2F",
    "..\\..",
    "...",
    "a\r\nX-Header: 1",
    "\x00\x1b",
    "ünï/cødé",
    "a;b=c&d",
]
