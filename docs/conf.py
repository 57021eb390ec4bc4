"""Sphinx configuration: ``make docs``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
REPOSITORY = os.environ.get("REPOSITORY_URL", "").rstrip("/")

project = "tap-activecampaign-segments"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
html_show_sourcelink = False
myst_heading_anchors = 3


def read(_app: Sphinx, page: str, source: list[str]) -> None:
    """Adapt a page to the site, so that the files are plain Markdown for a Git host.

    The README is the first page. The lists of links in index.md become the sidebar. Links to files
    outside docs/ go to the repository; without its address only their text is left.
    """
    text = source[0]
    if page == "index":
        text = (ROOT / "README.md").read_text().replace("](docs/", "](") + sidebar(text)
        text = re.sub(r"\]\(([A-Z]+(?:\.md)?|meltano\.yml)\)", r"](../\1)", text)
    text = re.sub(r"\]\(((?:\.\./)*)\.\./README\.md", r"](\1index.md", text)
    up = r"\.\./" * (page.count("/") + 1)
    link = rf"[\1]({REPOSITORY}/blob/HEAD/\2)" if REPOSITORY else r"\1"
    source[0] = re.sub(rf"\[([^\]]+)\]\({up}([^)]+)\)", link, text)


def sidebar(index: str) -> str:
    """Return a toctree for each section of index.md."""
    toctrees = []
    for section in index.split("\n## ")[1:]:
        caption, _, rest = section.partition("\n")
        pages = "\n".join(re.findall(r"\]\((.+)\.md\)", rest))
        toctrees.append(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    return "".join(toctrees)


def setup(app: Sphinx) -> None:
    """Register the adaptation."""
    app.connect("source-read", read)
