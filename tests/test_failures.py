"""Unexpected errors end in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.singer.base_stream import BaseStream
from tests.support.sync import config_of, run_tap

if TYPE_CHECKING:
    import pytest

    from tap_activecampaign_segments.sandbox import Sandbox


def test_unexpected_error_ends_in_one_line(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.account.add_segment("some", range(3))

    def break_off(*_: object) -> None:
        raise ZeroDivisionError("never thought of")

    monkeypatch.setattr(BaseStream, "_write_schema_message", break_off)
    for arguments, what in (([], "sync"), (["--test"], "test")):
        synced = run_tap(config_of(sandbox), *arguments)
        assert synced.exit_code == 1
        [line] = synced.errors
        assert line.endswith(f"the {what} broke off: ZeroDivisionError: never thought of")
        assert "Traceback" not in synced.log
