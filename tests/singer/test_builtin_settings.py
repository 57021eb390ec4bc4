"""The SDK's own settings: what cannot be used is refused before any request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.batches import batch_config
from tests.support.sync import assert_refused, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"encoding": {"format": "jsonl", "compression": "none"}}, "encoding.compression"),
        ({"encoding": {"format": "jsonl", "compression": "zstd"}}, "encoding.compression"),
        ({"encoding": {"format": "csv"}}, "encoding.format"),
        ({"encoding": {}}, "encoding.format"),
        ({"encoding": None}, "encoding"),
        ({"encoding": {"format": "jsonl", "level": 9}}, "encoding.level"),
        ({"storage": {"root": "s3://bucket/folder"}}, "storage.root"),
        ({"storage": {"root": "nope://x"}}, "storage.root"),
        ({"storage": {"root": "file:///proc/no/such"}}, "storage.root"),
        ({"storage": {"prefix": "x"}}, "storage.root"),
        ({"storage": {"root": "x", "params": {"secret": "SESAME"}, "bucket": "y"}}, "bucket"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 10**30}, "batch_size"),
        ({"storage": {"root": "memory://x"}}, "storage.root"),
        ({"batch_size": "7"}, "batch_size"),
        ({"batches": 7}, "batches"),
    ],
    ids=str,
)
def test_unusable_batch_config_is_refused(
    populated: Sandbox, tmp_path: Path, change: dict[str, Any], name: str
) -> None:
    synced = sync(populated, batch_config={**batch_config(tmp_path), **change})
    assert_refused(populated, synced, name)
    assert "SESAME" not in synced.log


@pytest.mark.parametrize(("expression", "is_refused"), [("fake.name()", True), ("'fake.x'", False)])
def test_fake_values_without_faker_are_refused(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, expression: str, *, is_refused: bool
) -> None:
    monkeypatch.setattr("tap_activecampaign_segments.singer.stream_maps.find_spec", lambda _: None)
    sandbox.account.add_segment("some", [1])
    synced = sync(sandbox, stream_maps={"memberships": {"x": expression}})
    if is_refused:
        assert_refused(sandbox, synced, "pip install faker")
    else:
        assert synced.exit_code == 0


def test_parquet_without_pyarrow_is_refused(
    populated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_activecampaign_segments.singer.batch_config.find_spec", lambda _: None)
    config = batch_config(tmp_path, encoding={"format": "parquet"})
    assert_refused(populated, sync(populated, batch_config=config), "pip install pyarrow")
