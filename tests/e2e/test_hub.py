"""The Hub's entry in a real Meltano, in a project that does not define the tap itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.project import TAP, variables_of
from tools.hub import definition

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.e2e.project import Project

REPOSITORY = "https://github.com/OWNER/tap-activecampaign-segments"
# As in the project file, so that nothing is installed again.
PIP_URL = "-e .[sandbox]"
PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"


def name_extractors(project: Project, extractors: list[dict[str, Any]]) -> None:
    """Replace the extractors of the project file."""
    file = yaml.safe_load(project.file.read_text())
    file["plugins"]["extractors"] = extractors
    project.file.write_text(yaml.safe_dump(file))


@pytest.fixture
def locked(project: Project) -> Project:
    """A project in which the entry is a lock file, as after `meltano add` from the Hub."""
    entry = definition.complete(definition.build(), REPOSITORY)
    name_extractors(project, [{"name": TAP, "variant": entry["variant"], "pip_url": PIP_URL}])
    folder = project.folder / "plugins" / "extractors"
    folder.mkdir(parents=True)
    lock = folder / f"{TAP}--{entry['variant']}.lock"
    lock.write_text(json.dumps({"plugin_type": "extractors", **entry}))
    return project


def test_locked_entry_syncs_all_but_the_full_result_and_contacts(
    locked: Project, account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1, 2])
    locked.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(sandbox))
    assert {path.stem for path in locked.output.glob("*.jsonl")} == {
        "match_all_runs",
        "membership_changes",
        "memberships",
        "segment_conditions",
        "segment_definitions",
        "segments",
    }


def test_locked_entry_nests_settings_and_hides_secrets(locked: Project) -> None:
    said = locked.meltano(
        "config",
        "print",
        TAP,
        **{
            f"{PREFIX}MYPREFERENCES_CLIENT_ID": "55",
            f"{PREFIX}MYPREFERENCES_SHARED_SECRET": "hush",
            f"{PREFIX}REQUESTS_PER_SECOND": "2.5",
        },
    )
    config = json.loads(said[said.index("{") :])
    assert config["mypreferences"] == {"client_id": "55", "shared_secret": "*****"}
    assert config["requests_per_second"] == "2.5"


def test_locked_entry_lists_required_settings(locked: Project) -> None:
    said = locked.meltano("config", "list", TAP)
    groups = definition.METADATA["settings_group_validation"]
    for number, group in enumerate(groups, start=1):
        assert f"Group {number}: {', '.join(group)}" in said


def test_checked_in_entry_can_be_added(project: Project) -> None:
    name_extractors(project, [])
    reference = str(definition.PATH)
    project.meltano(
        "add", "--no-install", "--plugin-type", "extractor", "--from-ref", reference, TAP
    )
    [plugin] = yaml.safe_load(project.file.read_text())["plugins"]["extractors"]
    # Meltano leaves it out: the docs say so.
    assert "select" not in plugin
    name_extractors(project, [plugin | {"pip_url": PIP_URL}])
    said = project.meltano("invoke", TAP, "--about", "--format=json")
    assert '"name": "tap-activecampaign-segments"' in said
