"""The project file: it has all that the tap has, and Meltano finds no fault with it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from e2e.project import ROOT, Project
from tap_activecampaign_segments import settings
from tap_activecampaign_segments.tap import TapActiveCampaignSegments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What Meltano makes of the project file, and what it said."""
    return Project(tmp_path_factory.mktemp("file") / "project").manifest()


def test_every_setting_of_the_tap_is_in_the_project_file(
    manifest: tuple[dict[str, Any], str],
) -> None:
    [tap] = manifest[0]["plugins"]["extractors"]
    found = {each["name"]: each for each in tap["settings"]}
    assert found == {name: setting(name, schema) for name, schema in leaves(settings.SCHEMA)}


def leaves(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings as Meltano knows them: what lies in an object has a name with dots."""
    for name, property_ in schema["properties"].items():
        if "properties" in property_:
            yield from leaves(property_, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", property_


def setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A setting of the tap as the project file should have it."""
    [kind] = [each for each in schema["type"] if each != "null"]
    if kind == "number":
        # Meltano 4.4 cannot write a decimal that comes from the environment; the tap reads text.
        kind = "string"
    return {
        "name": name,
        "kind": "date_iso8601" if schema.get("format") == "date-time" else kind,
        "label": schema["title"],
        "description": schema["description"],
        **({"value": schema["default"]} if "default" in schema else {}),
        **({"sensitive": True} if schema.get("secret") else {}),
    }


def test_the_project_file_has_the_capabilities_of_the_tap(
    manifest: tuple[dict[str, Any], str],
) -> None:
    [tap] = manifest[0]["plugins"]["extractors"]
    capabilities = {each.value for each in TapActiveCampaignSegments.capabilities}
    assert set(tap["capabilities"]) == capabilities


def test_meltano_finds_no_fault_with_the_project_file(
    manifest: tuple[dict[str, Any], str],
) -> None:
    # It only warns of what it finds.
    assert "Compiled" in manifest[1]
    assert "Failed to validate" not in manifest[1]


def test_the_project_file_keeps_to_the_schema() -> None:
    line = ["-m", "check_jsonschema", "--builtin-schema", "vendor.meltano", "meltano.yml"]
    done = subprocess.run([sys.executable, *line], cwd=ROOT, check=False)
    assert done.returncode == 0
