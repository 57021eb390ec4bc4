"""The Hub entry matches the tap and the project file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.sync import about
from tools.hub import definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parents[2] / "meltano.yml"

ONLY_ON_THE_HUB = {
    "domain_url",
    "keywords",
    "log_parser",
    "maintenance_status",
    "next_steps",
    "prereq",
    "quality",
    "settings_preamble",
    "supported_python_versions",
    "usage",
}
"""Fields that a project file does not have."""

VALUES = {
    "api_url": "https://ACCOUNT.api-us1.com",
    "mypreferences.oauth_token_url": "https://example.com/token",
    "mypreferences.segment_groups": ["Newsletter"],
}


@pytest.fixture(scope="module")
def entry() -> dict[str, Any]:
    return definition.build()


def checked_in() -> dict[str, Any]:
    return yaml.safe_load(definition.PATH.read_text())  # type: ignore[no-any-return]


def by_name(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in found}


def project_settings() -> dict[str, dict[str, Any]]:
    """Return the settings that the project file declares."""
    [plugin] = yaml.safe_load(PROJECT.read_text())["plugins"]["extractors"]
    return by_name(plugin["settings"])


def hub_settings() -> dict[str, dict[str, Any]]:
    """Return the settings that the checked-in entry declares."""
    return by_name(checked_in()["settings"])


def test_entry_is_up_to_date(entry: dict[str, Any]) -> None:
    # To update it: make hub.
    assert definition.PATH.read_text() == definition.HEADER + definition.to_yaml(entry)


def test_project_file_defines_the_same_plugin() -> None:
    entry = checked_in()
    [plugin] = yaml.safe_load(PROJECT.read_text())["plugins"]["extractors"]
    found = by_name(plugin.pop("settings"))
    assert found == by_name(entry.pop("settings"))
    # It installs the tap from the checkout.
    del plugin["pip_url"]
    assert plugin == {name: entry[name] for name in plugin}
    assert set(entry) - set(plugin) == ONLY_ON_THE_HUB | {"logo_url", "pip_url"}


KINDS = {
    "array": {"array"},
    "boolean": {"boolean"},
    "integer": {"integer"},
    # Meltano 4.4 cannot pass every decimal.
    "number": {"string"},
    "object": {"object"},
    "string": {"string", "options", "date_iso8601"},
}
"""Kinds of setting by JSON type."""


def leaves(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the settings that Meltano can set one by one."""
    for name, each in schema["properties"].items():
        if name != "stream_maps" and each.get("properties"):
            yield from leaves(each, f"{prefix}{name}.")
        else:
            yield prefix + name, each


def types(schema: dict[str, Any]) -> set[str]:
    """Return the JSON types of a setting, without null."""
    told = schema.get("type", [])
    nested = [types(each) for each in schema.get("oneOf", ())]
    return {*([told] if isinstance(told, str) else told)}.union(*nested) - {"null"}


@pytest.mark.parametrize("read", [project_settings, hub_settings])
def test_every_setting_of_the_tap_is_declared(
    read: Callable[[], dict[str, dict[str, Any]]],
) -> None:
    declared = read()
    told = dict(leaves(about()["settings"]))
    assert len(told) > 40
    assert told.keys() <= declared.keys()
    # The SDK reads these without listing them.
    assert declared.keys() - told.keys() == {
        "batch_config.batch_size",
        "batch_config.storage.params",
    }
    for name, schema in told.items():
        kinds = set().union(*(KINDS[each] for each in types(schema)))
        assert declared[name]["kind"] in kinds, name
        assert ("options" in declared[name]) == ("enum" in schema), name
        assert declared[name].get("value") == schema.get("default"), name
        if schema.get("secret"):
            assert declared[name]["sensitive"] is True, name


def test_quick_start_agrees_with_the_project_file() -> None:
    readme = PROJECT.with_name("README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(.+?)```", readme, re.DOTALL)
    quick = yaml.safe_load(block)["plugins"]
    whole = yaml.safe_load(PROJECT.read_text())["plugins"]
    for kind in ("extractors", "loaders"):
        [plugin] = quick[kind]
        full = by_name(whole[kind])[plugin["name"]]
        declared = by_name(full.pop("settings"))
        for name, setting in by_name(plugin.pop("settings")).items():
            assert setting == {each: declared[name][each] for each in setting}
        if kind == "extractors":
            # The project file installs the tap from the checkout.
            del plugin["pip_url"]
        assert plugin == {each: full[each] for each in plugin}
    assert quick["extractors"][0]["select"]
    assert "flush_all_streams" in block


def test_entry_is_valid_by_the_plugin_schema(entry: dict[str, Any], tmp_path: Path) -> None:
    plugin = {name: value for name, value in entry.items() if name not in ONLY_ON_THE_HUB}
    path = tmp_path / "meltano.yml"
    path.write_text(yaml.safe_dump({"plugins": {"extractors": [plugin]}}))
    line = ["-m", "check_jsonschema", "--builtin-schema", "vendor.meltano", str(path)]
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout


def test_only_secrets_are_sensitive(entry: dict[str, Any]) -> None:
    assert {each["name"] for each in entry["settings"] if each.get("sensitive")} == {
        "api_token",
        # Credentials of a bucket, and salts.
        "batch_config.storage.params",
        "stream_map_config",
        "mypreferences.oauth_client_secret",
        "mypreferences.shared_secret",
    }


@pytest.mark.parametrize("group", checked_in()["settings_group_validation"], ids=len)
def test_groups_of_required_settings_are_minimal(
    group: list[str],
) -> None:
    assert not config_errors(group)
    for each in group:
        assert config_errors([name for name in group if name != each])


def config_errors(names: list[str]) -> list[str]:
    """Configuration errors with only these settings."""
    config: dict[str, Any] = {}
    for name in names:
        parent, _, child = name.rpartition(".")
        (config.setdefault(parent, {}) if parent else config)[child] = VALUES.get(name, "some")
    tap = TapActiveCampaignSegments(config=config, validate_config=False, setup_mapper=False)
    return [*tap.config_errors(config)]


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_located_entry_has_repository_fields(ending: str) -> None:
    address = "https://github.com/OWNER/tap-activecampaign-segments"
    assert definition.complete(checked_in(), address + ending) == checked_in() | {
        "docs": f"{address}#readme",
        "repo": address,
        "variant": "owner",
    }


def test_tagged_entry_installs_from_the_repository() -> None:
    address = "https://github.com/OWNER/tap-activecampaign-segments"
    entry = definition.complete(checked_in(), f"{address}/", "v0.1.0")
    assert entry["pip_url"] == f"git+{address}.git@v0.1.0"


def test_entry_tells_how_it_differs_and_how_to_install_it() -> None:
    entry = checked_in()
    assert entry["usage"].startswith("Why not `tap-activecampaign`? ")
    assert "git+REPOSITORY_URL@TAG" in entry["next_steps"]
    assert entry["maintenance_status"] == "beta"


def test_keys_and_settings_are_sorted(entry: dict[str, Any]) -> None:
    text = definition.to_yaml(entry)
    assert json.dumps(yaml.safe_load(text)) == json.dumps(yaml.safe_load(text), sort_keys=True)
    names = [each["name"] for each in entry["settings"]]
    assert names == sorted(names)
    assert entry["capabilities"] == sorted(entry["capabilities"])
