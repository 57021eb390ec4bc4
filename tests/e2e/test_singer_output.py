"""The whole output under Meltano is valid Singer, by two independent checks."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tap_activecampaign_segments.sandbox import Sandbox
from tests.e2e import recording_target, truth
from tests.e2e.project import ALL_STREAMS, ROOT, TAP, Project, variables_of
from tests.support.singer_output import InvalidOutputError, SingerOutput

CHECK_TAP = ROOT / ".venv" / "singer-tools" / "bin" / "singer-check-tap"
RECORDER = "target-recorder"


class Recorder:
    """A project whose loader records the output of each sync."""

    def __init__(self, folder: Path) -> None:
        """Make the project."""
        program = folder / RECORDER
        source = Path(recording_target.__file__).read_text(encoding="utf-8")
        program.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
        program.chmod(0o755)
        loader = f"""  - name: {RECORDER}
    namespace: target_recorder
    executable: {program}
    settings:
    - name: path
"""
        self.project = Project(folder / "project", loaders=loader)

    def run(self, name: str, **variables: str) -> bytes:
        """Sync, and return what the loader read."""
        path = self.project.output / name
        variables["TARGET_RECORDER_PATH"] = str(path)
        self.project.meltano("run", "--no-install", TAP, RECORDER, **variables)
        return path.read_bytes()


@pytest.fixture(scope="module", params=[0, 2], ids=["nested", "flattened"])
def outputs(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> list[bytes]:
    """Three outputs of all streams: two syncs, and one of `meltano invoke`."""
    recorder = Recorder(tmp_path_factory.mktemp("recorder"))
    recorder.project.configure_tap(
        flattening_enabled=request.param > 0, flattening_max_depth=request.param
    )
    account, preferences = truth.furnished()
    more = ALL_STREAMS | truth.PAGES | {"EMIT_ACTIVATE_VERSION_MESSAGES": "true"}
    with Sandbox(account, requests_per_second=None, preferences=preferences) as sandbox:
        variables = variables_of(sandbox, more=more)
        first = recorder.run("first", **variables)
        truth.change(account, preferences)
        second = recorder.run("second", **variables)
        invoked = recorder.project.stdout("invoke", "--no-install", TAP, **variables)
    return [first, second, invoked]


def test_every_line_is_valid(outputs: list[bytes]) -> None:
    first, second, invoked = map(SingerOutput, outputs)
    for output in (first, second, invoked):
        assert output.types["SCHEMA"] == len(truth.KEYS)
        assert output.types["ACTIVATE_VERSION"] == 2
        assert output.types.keys() == {"SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION"}
    assert first.records.keys() == truth.KEYS.keys()
    # Without a state everything is read anew.
    assert second.records["membership_changes"] < invoked.records["membership_changes"]


def test_singer_check_tap_accepts_it(outputs: list[bytes], tmp_path: Path) -> None:
    for output in outputs:
        checked = check_tap(output, tmp_path)
        assert checked.returncode == 0, checked.stdout
        assert "The output is valid." in checked.stdout
        table = [line.split("|")[1:3] for line in checked.stdout.splitlines() if "|" in line]
        _, *rows = [(name.strip(), number.strip()) for name, number in table]
        assert Counter({name: int(number) for name, number in rows}) == SingerOutput(output).records


def test_damaged_output_is_refused_by_both(outputs: list[bytes], tmp_path: Path) -> None:
    damaged = outputs[0].replace(b'"contact_id":7,', b'"contact_id":"seven",')
    assert damaged != outputs[0]
    assert check_tap(damaged, tmp_path).returncode != 0
    with pytest.raises(InvalidOutputError):
        SingerOutput(damaged)


def check_tap(output: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the Singer project's own check, which makes a folder where it runs."""
    if not CHECK_TAP.exists():
        pytest.fail("singer-tools is not installed: make .venv/singer-tools/.ready does it")
    return subprocess.run(
        [CHECK_TAP],
        input=output.decode(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        check=False,
    )
