"""Redaction: no secret in log lines, errors and reprs, and no foreign text that breaks a line."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from requests.auth import HTTPBasicAuth

from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.http.client import RequestSpec
from tap_activecampaign_segments.http.redaction import MASK
from tap_activecampaign_segments.mypreferences.client import MyPreferencesClient
from tap_activecampaign_segments.mypreferences.export_lifecycle import Export
from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.activecampaign import client_of
from tests.support.mypreferences import oauth_config, signed_config
from tests.support.secrets import assert_absent, config_of_both, secret_forms, secrets_of
from tests.support.servers import Listener, authorization_of, refusal
from tests.support.sync import config_of, run_tap, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.clocks import SharedClock

SPECIAL = "t+k/e=n%41&'\"\\<8>"


@pytest.mark.parametrize("form", sorted(secret_forms(SPECIAL)))
def test_token_is_redacted_in_every_form(
    both_vendors: Sandbox, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(Account, "token", SPECIAL)
    body = json.dumps({"errors": [{"title": f"bad «{form}»", "detail": f"{form}: no"}]})
    headers = {"X-Key": "".join(each for each in form if each.isascii())}
    both_vendors.faults.add(
        Fault("status", operation="start", status=409, body=body, headers=headers)
    )
    synced = sync(both_vendors)
    [line] = synced.errors
    assert f"(bad «{MASK}»: {MASK}: no)" in line
    assert_absent(synced.log, secret_forms(SPECIAL))


@pytest.mark.parametrize("oauth", [False, True], ids=["signed", "oauth"])
def test_signature_is_redacted_when_the_server_repeats_it(
    both_vendors: Sandbox, *, oauth: bool
) -> None:
    def repeat(head: str) -> str:
        sent = authorization_of(head)
        secrets = " ".join(sorted(secret_forms(sent[-1].removeprefix("Signature="))))
        return refusal(f"wrong: {' '.join(sent)} {secrets}")

    with Listener(repeat) as elsewhere:
        config = config_of_both(both_vendors, oauth=oauth)
        config["mypreferences"]["api_url"] = elsewhere.url
        synced = run_tap(config)
    [head] = elsewhere.heads
    [line] = [each for each in synced.errors if "Newsletter" in each]
    assert "(wrong: " in line
    assert_absent(synced.log, secret_forms(authorization_of(head)[-1].removeprefix("Signature=")))


def test_client_credentials_are_redacted_in_token_errors(
    both_vendors: Sandbox,
) -> None:
    with Listener(lambda head: refusal(" ".join(authorization_of(head)))) as elsewhere:
        config = config_of_both(both_vendors, oauth=True)
        config["mypreferences"]["oauth_token_url"] = elsewhere.url
        synced = run_tap(config)
    [head] = elsewhere.heads
    assert f"(Basic {MASK})" in synced.errors[0]
    assert_absent(synced.log, {authorization_of(head)[-1]})


@pytest.mark.parametrize("token", ["e", "API", "7"])
def test_short_token_garbles_no_message(
    both_vendors: Sandbox, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(Account, "token", token)
    body = json.dumps({"errors": [{"title": f"the key '{token}' is weak, see APIs, 17"}]})
    both_vendors.faults.add(Fault("status", operation="start", status=409, body=body))
    [line] = sync(both_vendors).errors
    assert f"answered 409 (the key '{MASK}' is weak, see APIs, 17)" in line
    assert "segmentMatchAll" in line


@pytest.mark.parametrize("kind", ["status", "reset", "redirect", "cut", "unreachable"])
def test_errors_and_their_causes_carry_no_secret(
    both_vendors: Sandbox, clock: SharedClock, kind: str
) -> None:
    to = {"api_url": "http://127.0.0.1:1"} if kind == "unreachable" else {}
    second = MyPreferencesSettings.from_config({"mypreferences": signed_config(both_vendors, **to)})
    callers: list[Callable[[], object]] = [
        lambda: client_of(both_vendors, clock, **to).get("audiences"),
        lambda: MyPreferencesClient(second, clock, logging.getLogger("test")).get_export_status(
            "tok/en+1"
        ),
    ]
    for call, secret in zip(callers, (both_vendors.token, second.shared_secret), strict=True):
        both_vendors.faults.clear()
        if not to:
            both_vendors.faults.add(Fault(kind, times=None, body=json.dumps({"message": secret})))
        with pytest.raises(TapError) as caught:
            call()
        error: BaseException | None = caught.value
        while error is not None:
            assert_absent(repr(error), secrets_of(both_vendors) | secret_forms("tok/en+1"))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_reprs_show_no_secret(both_vendors: Sandbox, clock: SharedClock) -> None:
    second = MyPreferencesSettings.from_config(
        {"mypreferences": oauth_config(both_vendors, shared_secret="a shared secret")}
    )
    first = ActiveCampaignSettings.from_config(
        {**config_of(both_vendors), "mypreferences": signed_config(both_vendors)}
    )
    http = MyPreferencesClient(second, clock, logging.getLogger("test"))
    export = Export("export token", "2026-01-01T00:00:00.000000Z", None, "request hash")
    content = RequestSpec("GET", "https://x/export%20token", auth=HTTPBasicAuth("x", "a password"))
    for each in (first, second, http, vars(http), client_of(both_vendors, clock), export, content):
        shown = repr(each) + str(each)
        assert_absent(
            shown,
            {
                *secrets_of(both_vendors),
                "a shared secret",
                "export token",
                "export%20token",
                "a password",
            },
        )


ODD = "VIP\n2026-01-01 | ERROR | \x1b[31mred\r\x85\u2028end"


def test_foreign_text_never_breaks_a_log_line(both_vendors: Sandbox) -> None:
    def fail(answer: dict[str, Any]) -> dict[str, Any]:
        facts = answer["data"][0]["attributes"]
        facts.update(run_id=ODD, is_ready=False, run_id_end=facts["run_id_start"])
        return answer

    title = json.dumps({"errors": [{"title": ODD, "detail": ODD}]})
    both_vendors.account.add_segment(ODD, [1, 2], segment_id=ODD)
    slow = both_vendors.account.add_segment("slow", [1, 2], evaluation_seconds=100)
    both_vendors.preferences.add_group(ODD, 3)
    for status in (503, 409):
        both_vendors.faults.add(
            Fault("status", "start", status=status, body=title, segment_id=slow.segment_id)
        )
    both_vendors.faults.add(Fault("status", "initiate", status=409, body=title))
    both_vendors.faults.add(
        Fault("status", operation="count_history", status=409, body=title, segment_id=ODD)
    )
    both_vendors.faults.add(Fault("edit", operation="start", answer=fail, segment_id=ODD))
    synced = run_tap(
        config_of_both(both_vendors, segment_names=[ODD.lower(), "*"], segment_ids=[ODD + "x"])
    )
    assert synced.exit_code == 1
    lines = synced.log.split("\n")
    assert all(line[:2] == "20" and line[10:11] == " " for line in lines if line)
    assert all(each.isprintable() for line in lines for each in line)
    assert not any(line.startswith("2026-01-01 | ERROR") for line in lines)
    assert any("failed at ActiveCampaign; evaluating it again" in line for line in lines)
