"""The output in the docs is that of the command on the sandbox."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.table import plain
from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.activecampaign.check.invoke import Checked, check

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "check-an-account.md"
CHANGING = re.compile(r"\d+(\.\d+)?")
"""Numbers, most of which depend on the time of the start."""


def test_documented_output_is_that_of_the_demo(clock: SharedClock) -> None:
    [block] = re.findall(r"^```text\n(.+?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    documented = Checked(0, block, "", None)
    account = Account.demo(now=clock.time())
    with Sandbox(account, clock=clock) as sandbox:
        checked = check(sandbox)
    assert checked.exit_code == 0, checked.out
    assert checked.verdicts == documented.verdicts
    assert len(sandbox.requests) <= 60
    seen = {key: CHANGING.sub("N", text) for key, text in checked.seen.items()}
    assert {key: CHANGING.sub("N", text) for key, text in documented.seen.items()} == seen


def test_excerpt_in_the_readme_is_of_that_output() -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.compile(r"^\$ activecampaign-check .+?\n(.+?)^```$", re.DOTALL | re.MULTILINE)
    [excerpt] = block.findall(readme)
    lines = [plain(each) for each in excerpt.splitlines() if each != "..."]
    assert set(lines) <= set(PAGE.read_text().splitlines())
