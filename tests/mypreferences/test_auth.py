"""Authorization: HMAC signatures and OAuth tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.mypreferences.auth import SignatureAuth
from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.fuzzing import check_end
from tests.support.mypreferences import export, oauth_config, request_kinds
from tests.support.secrets import config_of_both
from tests.support.sync import run_tap

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def test_request_is_signed_as_documented(clock: SharedClock) -> None:
    at = datetime(2026, 1, 31, 12, 0, 5, tzinfo=timezone.utc)
    header = SignatureAuth("client", "user", "secret", clock).build_header(at)
    digest = hmac.new(b"secret", b"client:user:2026-01-31T12:00:05Z", hashlib.sha256).digest()
    assert header == (
        "PNAUTHINFO3-HMAC-SHA256 Credential=user/2026-01-31T12:00:05Z "
        f"Signature={base64.b64encode(digest).decode()}"
    )


def test_every_request_has_a_fresh_signature(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5, processing_seconds=3600)
    assert export(mypreferences).exit_code == 0
    signatures = {request.headers["authorization"] for request in mypreferences.requests}
    assert len(signatures) > 10


def test_oauth_token_is_requested_once_and_renewed_in_time(
    mypreferences: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    synced = run_tap({"mypreferences": oauth_config(mypreferences)})
    assert synced.exit_code == 0
    assert request_kinds(mypreferences).count("token") == 1
    monkeypatch.setattr(mypreferences.preferences, "token_lifetime", 60)
    assert run_tap({"mypreferences": oauth_config(mypreferences)}).exit_code == 0


def test_oauth_token_is_renewed_once_after_a_401(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    mypreferences.faults.add(Fault("status", operation="data", status=401))
    synced = run_tap({"mypreferences": oauth_config(mypreferences)})
    assert synced.exit_code == 0
    assert request_kinds(mypreferences).count("token") == 2
    mypreferences.faults.add(Fault("status", operation="data", status=401, times=None))
    mypreferences.clear_requests()
    assert run_tap({"mypreferences": oauth_config(mypreferences)}).exit_code == 1
    assert request_kinds(mypreferences).count("data") == 2


def test_wrong_secret_ends_the_sync_in_one_line(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    synced = export(mypreferences, shared_secret="wrong one")
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert "wrong one" not in synced.log


def test_secrets_may_contain_any_characters(both_vendors: Sandbox) -> None:
    both_vendors.preferences.shared_secret = "clé / + % € \"'"
    both_vendors.preferences.oauth_client_secret = "clé / + % € \"'"
    for oauth in (False, True):
        assert run_tap(config_of_both(both_vendors, oauth=oauth)).exit_code == 0


@pytest.mark.parametrize("token", ["", "a\nb", "\u20ac", None, 7])
def test_unusable_oauth_token_fails_in_one_line(group: Sandbox, token: Any) -> None:
    answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
    group.faults.add(Fault("edit", "token", times=None, answer=lambda _: answer))
    synced = run_tap({"mypreferences": oauth_config(group)})
    check_end(synced)
    [line] = synced.errors
    assert "without a usable access_token" in line


@pytest.mark.parametrize("lifetime", ["soon", "", None, -5, 0, 10**400, 1.5, "3600", [1]])
def test_odd_oauth_lifetime_is_tolerated(group: Sandbox, lifetime: Any) -> None:
    group.faults.add(
        Fault("edit", "token", times=None, answer=lambda answer: answer | {"expires_in": lifetime})
    )
    synced = run_tap({"mypreferences": oauth_config(group)})
    assert synced.exit_code == 0
    assert len(synced.records("segment_group_profiles")) == 3
