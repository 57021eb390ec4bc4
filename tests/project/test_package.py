"""The source distribution and the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[2]
PACKAGE = "tap_activecampaign_segments"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built offline."""
    folder = tmp_path_factory.mktemp("dist")
    line = ["-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    environment = {name: each for name, each in os.environ.items() if name != "REPOSITORY_URL"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *line], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    [path] = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    [name] = [each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")]
    return HeaderParser().parsestr(wheel.read(name).decode())


def test_wheel_has_only_the_package(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"{PACKAGE}/py.typed", f"{PACKAGE}/schemas/segments.json"} < names


def test_source_distribution_is_complete(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/")[1] for name in archive.getnames()}
    assert {"LICENSE", "Makefile", "README.md", "docs", "meltano.yml", PACKAGE, "tests"} < names
    made = {".git", ".hypothesis", ".meltano", ".venv", "build", "dist", "output"}
    assert not names & made
    assert not [name for name in names if name.endswith("_cache")]


def test_metadata_has_license_pythons_and_readme(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "README.md").read_text()
    assert "Project-URL" not in metadata


def test_repository_url_makes_links_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = "https://example.com/OWNER/NAME"
    monkeypatch.setenv("REPOSITORY_URL", f"{repository}/")
    line = ["-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run([sys.executable, *line], capture_output=True, check=True)  # noqa: S603
    [path] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    assert f"Repository, {repository}" in metadata.get_all("Project-URL", [])
    readme = str(metadata.get_payload())
    assert f"]({repository}/blob/HEAD/docs/how-to/sql.md)" in readme
    assert f"]({repository}/raw/HEAD/docs/images/streams.svg)" in readme
    assert not re.findall(r"\]\((?!https://)", readme)


def test_wheel_has_both_commands(wheel: zipfile.ZipFile) -> None:
    [name] = [each for each in wheel.namelist() if each.endswith("/entry_points.txt")]
    commands = wheel.read(name).decode()
    for command in ("tap-activecampaign-segments", "activecampaign-sandbox"):
        assert f"\n{command} = {PACKAGE}." in commands


def test_package_runs_as_a_module() -> None:
    line = [sys.executable, "-m", PACKAGE, "--about", "--format", "json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)  # noqa: S603
    assert json.loads(done.stdout)["name"] == "tap-activecampaign-segments"


def test_sandbox_dependencies_are_an_extra(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist", [])
    for library in ("starlette", "uvicorn"):
        [needed] = [each for each in required if each.startswith(library)]
        assert needed.endswith("; extra == 'sandbox'")
