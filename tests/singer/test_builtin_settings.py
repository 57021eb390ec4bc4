"""The SDK's own settings: what cannot be used is refused before any request."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.singer.batch_config import config_errors
from tests.support.batches import batch_config
from tests.support.sync import assert_refused, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox, Segment


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"encoding": {"format": "jsonl", "compression": "none"}}, "encoding.compression"),
        ({"encoding": {"format": "jsonl", "compression": "zstd"}}, "encoding.compression"),
        ({"encoding": {"format": "csv"}}, "encoding.format"),
        ({"encoding": {}}, "encoding.format"),
        ({"encoding": None}, "encoding"),
        ({"encoding": {"format": "jsonl", "level": 9}}, "encoding.level"),
        ({"storage": {"root": "file:///proc/no/such"}}, "storage.root"),
        ({"storage": {"prefix": "x"}}, "storage.root"),
        ({"storage": {"root": "x", "params": {"secret": "SESAME"}, "bucket": "y"}}, "bucket"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 10**30}, "batch_size"),
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


def without(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Let an import of a library fail."""
    monkeypatch.setitem(sys.modules, library, None)


PARQUET = {"encoding": {"format": "parquet"}}
FLAT = {"flattening_enabled": True, "flattening_max_depth": 2}


@pytest.mark.parametrize(
    ("settings", "name", "library", "extra"),
    [
        ({"stream_maps": {"memberships": {"x": "fake.name()"}}}, "memberships.x", "faker", "faker"),
        (
            {"stream_maps": {"memberships": {"__filter__": "fake.pybool()"}}},
            "__filter__",
            "faker",
            "faker",
        ),
        ({"faker_config": {"seed": 7}}, "faker_config", "faker", "faker"),
        ({"faker_config": {"locale": ["de_DE"], "seed": None}}, "faker_config", "faker", "faker"),
        ({"batch_config": PARQUET, **FLAT}, "encoding.format", "pyarrow", "parquet"),
        ({"batch_config": {"storage": {"root": "s3://b/x"}}}, "storage.root", "s3fs", "s3"),
        ({"batch_config": {"storage": {"root": "s3a://b/x"}}}, "storage.root", "s3fs", "s3"),
    ],
    ids=str,
)
def test_missing_library_is_refused_and_its_extra_named(
    populated: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    name: str,
    library: str,
    extra: str,
) -> None:
    without(monkeypatch, library)
    if batches := settings.get("batch_config"):
        settings = {**settings, "batch_config": batch_config(tmp_path, **batches)}
    synced = sync(populated, **settings)
    command = f"pip install 'tap-activecampaign-segments[{extra}]'"
    assert_refused(populated, synced, name, library, command)


@pytest.mark.parametrize(
    "settings",
    [
        {"stream_maps": {"memberships": {"x": "'fake.name()'"}}},
        {"stream_maps": {"memberships": {"fake": "'x'"}}},
        {"faker_config": {}},
        {"faker_config": {"seed": None, "locale": None}},
    ],
    ids=str,
)
def test_faker_is_not_needed_where_it_is_not_used(
    populated: Sandbox, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    without(monkeypatch, "faker")
    assert sync(populated, **settings).exit_code == 0


@pytest.mark.parametrize(
    "root",
    [
        *("gs://bucket/x", "gcs://bucket/x", "az://container/x", "abfs://container/x"),
        *("sftp://host/x", "ftp://host/x", "smb://host/share", "hdfs://host/x", "webhdfs://host/x"),
        *("http://host/x", "https://host/x", "github://owner:name@main/x", "hf://datasets/a/b"),
        *("memory://x", "zip://x.zip", "simplecache::s3://bucket/x", "S3://bucket/x", "nope://x"),
        *("data:,x", "s3://", "s3:///", "local://x"),
    ],
)
def test_other_storage_is_refused_without_a_request(
    populated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    def connect(*_: object) -> None:
        pytest.fail(f"{root}: a connection")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    synced = sync(populated, batch_config=batch_config(tmp_path, storage={"root": root}))
    assert_refused(populated, synced, "batch_config.storage.root")
    assert not [*tmp_path.iterdir()]


def test_parquet_of_objects_is_refused(populated: Sandbox, tmp_path: Path) -> None:
    synced = sync(populated, batch_config=batch_config(tmp_path, **PARQUET))
    assert_refused(populated, synced, "batch_config.encoding.format", "flattening_enabled")


def test_s3_with_its_library_is_accepted(tmp_path: Path) -> None:
    pytest.importorskip("s3fs")
    params = {"key": "x", "secret": "SESAME", "endpoint_url": "http://127.0.0.1:1"}
    storage = {"root": "s3://bucket/folder", "params": params}
    assert not [*config_errors({"batch_config": batch_config(tmp_path, storage=storage)})]


def test_fake_values_have_the_configured_locale_and_seed(
    sandbox: Sandbox, segment: Segment
) -> None:
    pytest.importorskip("faker")
    maps = {"memberships": {"city": "fake.postcode()"}}
    found = []
    for seed in ("7", "7", "8"):
        config = {"locale": ["ja_JP"], "seed": seed}
        synced = sync(sandbox, stream_maps=maps, faker_config=config)
        assert synced.exit_code == 0
        found.append([row["city"] for row in synced.records("memberships")])
    assert found[0] == found[1] != found[2]
    assert len(found[0]) == len(segment.members)
    assert all(len(code) == len("123-4567") and code[3] == "-" for code in found[0])


@pytest.mark.parametrize("locale", ["xx_XX", ["de_DE", "tlh"], " "])
def test_unknown_locale_is_refused(sandbox: Sandbox, locale: object) -> None:
    pytest.importorskip("faker")
    synced = sync(sandbox, faker_config={"locale": locale})
    assert_refused(sandbox, synced, "faker_config.locale")
