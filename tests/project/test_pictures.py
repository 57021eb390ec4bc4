"""The pictures match the discovered streams; to update them: make pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tap_activecampaign_segments.tap import TapActiveCampaignSegments

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "images").glob("*.svg"))
TEXT = re.compile(r'<g id="(\w+)\.\w+">\n<text style="([^"]+)"[^>]*>(\w+)</text>')
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


@pytest.fixture(scope="module")
def offered() -> dict[str, dict[str, Any]]:
    """The catalog's entries by stream."""
    catalog = TapActiveCampaignSegments(config=CONFIG).catalog_dict
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[tuple[str, bool]]]:
    """Texts of each box, title first, and whether they are bold."""
    boxes: dict[str, list[tuple[str, bool]]] = {}
    for box, style, text in TEXT.findall((ROOT / "docs" / "images" / "streams.svg").read_text()):
        boxes.setdefault(box, []).append((text, "700" in style or "bold" in style))
    return boxes


def test_every_stream_is_drawn_with_its_key_in_bold(
    offered: dict[str, dict[str, Any]], drawn: dict[str, list[tuple[str, bool]]]
) -> None:
    bold = {box: [text for text, is_bold in texts if is_bold] for box, texts in drawn.items()}
    assert bold == {name: [name, *entry["key_properties"]] for name, entry in offered.items()}


def test_other_drawn_fields_are_foreign_keys(
    offered: dict[str, dict[str, Any]], drawn: dict[str, list[tuple[str, bool]]]
) -> None:
    keys = {each for entry in offered.values() for each in entry["key_properties"]}
    for box, texts in drawn.items():
        fields = {text for text, is_bold in texts if not is_bold}
        assert fields <= keys & offered[box]["schema"]["properties"].keys()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_docs_show_and_describe_the_picture(picture: Path) -> None:
    image = re.compile(rf"!\[[^\]]{{40,}}\]\((?:docs|\.\.)/images/{picture.name}\)")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert any(image.search(page.read_text(encoding="utf-8")) for page in pages)
