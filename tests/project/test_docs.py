"""The documentation: it names what there is, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.tap import TapActiveCampaignSegments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "dbt").glob("*.md")])
CODE_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CONFIG = {
    "api_url": "https://example.com",
    "api_token": "token",
    "mypreferences": {
        "client_id": "client",
        "user_id": "user",
        "shared_secret": "secret",
        "segment_groups": ["group"],
    },
}
BUILT_IN = ("batch_config", "faker_config", "flattening_", "stream_map")
"""Settings that the SDK documents."""


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a Git host makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def rows(text: str) -> str:
    """Return the tables of a text."""
    return "\n".join(line for line in text.splitlines() if line.startswith("|"))


def tables_of(page: str) -> str:
    """Return the tables of a page."""
    return rows((ROOT / page).read_text(encoding="utf-8"))


def setting_names(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, property_ in schema["properties"].items():
        if name == "mypreferences":
            yield from setting_names(property_)
        if not name.startswith(BUILT_IN):
            yield name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_setting_is_in_a_table() -> None:
    tables = tables_of("README.md") + tables_of("docs/reference/settings.md")
    for name in setting_names(TapActiveCampaignSegments.config_jsonschema):
        assert f"`{name}`" in tables, name


def test_every_stream_and_column_is_in_a_table() -> None:
    reference = (ROOT / "docs" / "reference" / "streams.md").read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^## `(\w+)`\n(.+?)(?=^## |\Z)", reference, re.DOTALL | re.MULTILINE)
    )
    streams = TapActiveCampaignSegments(config=CONFIG).catalog_dict["streams"]
    assert sections.keys() == {each["tap_stream_id"] for each in streams}
    overview = tables_of("README.md")
    for stream in streams:
        name = stream["tap_stream_id"]
        assert f"[`{name}`](docs/reference/streams.md#{name})" in overview
        documented = set(
            re.findall(
                r"`(\w+)`",
                "".join(
                    line.split("|")[1]
                    for line in sections[name].splitlines()
                    if line.startswith("|")
                ),
            )
        )
        assert documented == stream["schema"]["properties"].keys(), name


def test_every_module_that_contributors_are_sent_to_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([^\n]+)\n(.+?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    for section, folder in (
        ("Where things are", "tap_activecampaign_segments"),
        ("Tests", "tests"),
    ):
        paths = re.findall(r"`([\w/]+(?:\.py|/))`", rows(sections[section]))
        assert paths
        for path in paths:
            assert (ROOT / folder / path).exists(), path


def test_every_module_is_in_the_table_for_contributors() -> None:
    tables = tables_of("CONTRIBUTING.md")
    package = ROOT / "tap_activecampaign_segments"
    for module in package.rglob("*.py"):
        path = module.relative_to(package)
        if path.parts[0] not in {"sandbox", "schemas"} and not path.stem.startswith("__"):
            assert f"`{path.as_posix()}`" in tables, path
