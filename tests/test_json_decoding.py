"""JSON as vendors write it: lone surrogates, byte order marks, and what is not JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.fuzzing import RAW, Raw, check_end
from tests.support.sync import LOG_STREAMS, sync


@pytest.mark.parametrize(
    "said",
    [
        b"cut \\ud83d",
        b"\\udc00 cut",
        b"raw \xed\xa0\xbd bytes",
        b"two \\ud83d\\ud83d",
    ],
)
def test_lone_surrogate_becomes_one_replacement_character(
    account: Account, sandbox: Sandbox, said: bytes
) -> None:
    account.add_segment("NAME", [1])

    def cut(body: dict[str, Any]) -> bytes:
        return json.dumps(body).encode().replace(b"NAME", said)

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=cut))
    sandbox.faults.add(Fault("edit", operation="definition", times=None, answer=cut))
    synced = sync(sandbox)
    assert synced.exit_code == 0, synced.errors
    for stream in ("segments", "segment_definitions"):
        [row] = synced.records(stream)
        assert "\ufffd" in row["name"]
        assert not any("\ud800" <= each <= "\udfff" for each in row["name"])


def test_byte_order_mark_in_a_response_is_skipped(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(
        Fault("edit", times=None, answer=lambda body: json.dumps(body).encode("utf-8-sig"))
    )
    assert sync(sandbox).exit_code == 0


@pytest.mark.parametrize("said", ["NaN", "1e400", '"tab\tin"'])
def test_response_that_is_not_json_is_unusable(
    account: Account, sandbox: Sandbox, said: str
) -> None:
    account.add_segment("NAME", [1])
    sandbox.faults.add(
        Fault(
            "edit",
            operation="list",
            times=None,
            answer=lambda body: json.dumps(body).replace('"NAME"', said).encode(),
        )
    )
    assert "without usable content" in sync(sandbox).errors[0]


def warnings_for_damage(sandbox: Sandbox, kind: str) -> list[str]:
    """Sync with two answers damaged as bytes, and return the warnings."""
    sandbox.account.add_segment("VIP", range(3))
    for operation in ("list", "start"):
        sandbox.faults.add(Fault("edit", operation, answer=Raw(kind).of))
    synced = sync(sandbox, streams={"segments", *LOG_STREAMS})
    check_end(synced)
    assert synced.exit_code == 0
    assert len(synced.records("membership_changes")) == 3
    return synced.warnings


@pytest.mark.parametrize("kind", sorted(RAW.keys() - {"twice", "bom", "surrogate"}))
def test_malformed_response_is_requested_again(sandbox: Sandbox, kind: str) -> None:
    assert len(warnings_for_damage(sandbox, kind)) == 2


@pytest.mark.parametrize("kind", ["bom", "surrogate"])
def test_lenient_json_is_accepted(sandbox: Sandbox, kind: str) -> None:
    assert warnings_for_damage(sandbox, kind) == []
