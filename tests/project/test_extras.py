"""The extras: what they install is what the SDK looks for."""

from __future__ import annotations

import re
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest

from tap_activecampaign_segments.singer.extras import LIBRARIES

PROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("extra", "library"), LIBRARIES.items())
def test_extra_is_the_sdks_own(extra: str, library: str) -> None:
    assert f'\n{extra} = ["singer-sdk[{extra}]"]\n' in PROJECT
    assert extra in (metadata("singer-sdk").get_all("Provides-Extra") or [])
    marker = rf"{library}\b.*extra == [\"']{extra}[\"']"
    assert any(re.match(marker, each, re.IGNORECASE) for each in requires("singer-sdk") or [])
