"""Runs the command in this process."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.check.facts import FACTS
from tap_activecampaign_segments.activecampaign.check.table import plain
from tap_activecampaign_segments.check import main

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox

ROW = re.compile(r"(confirmed|otherwise|not seen) +(.+?)(?:  +(.*))?")
KEYS = {plain(fact.sentence): fact.key for fact in FACTS}


@dataclass
class Checked:
    """Output of the command.

    Attributes:
        exit_code: Of the process.
        out: Standard output.
        err: Standard error.
        report: What --json wrote, None if nothing.
    """

    exit_code: int
    out: str
    err: str
    report: dict[str, Any] | None

    @property
    def verdicts(self) -> dict[str, str]:
        """The printed verdicts by fact, in order."""
        return {key: verdict for key, (verdict, _) in self._rows.items()}

    @property
    def seen(self) -> dict[str, str]:
        """What the table says was seen, by fact."""
        return {key: seen for key, (_, seen) in self._rows.items()}

    @property
    def otherwise(self) -> set[str]:
        return {key for key, verdict in self.verdicts.items() if verdict == "otherwise"}

    @property
    def not_seen(self) -> set[str]:
        return {key for key, verdict in self.verdicts.items() if verdict == "not seen"}

    @property
    def _rows(self) -> dict[str, tuple[str, str]]:
        matches = (ROW.fullmatch(line) for line in self.out.splitlines())
        return {KEYS[each[2]]: (each[1], each[3] or "") for each in matches if each}


def run_main(*arguments: str) -> Checked:
    """Run the command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = main(arguments)
    return Checked(exit_code, out.getvalue(), err.getvalue(), None)


def check(sandbox: Sandbox, *arguments: str, **settings: Any) -> Checked:
    """Check a sandbox's account.

    Args:
        sandbox: The account.
        arguments: Of the command, besides --config and --json.
        settings: Further settings.
    """
    config = {"api_url": sandbox.url, "api_token": sandbox.token, **settings}
    with tempfile.TemporaryDirectory() as folder:
        path, report = Path(folder, "config.json"), Path(folder, "report.json")
        path.write_text(json.dumps(config))
        checked = run_main("--config", str(path), "--json", str(report), *arguments)
        if report.exists() and (text := report.read_text(encoding="utf-8")):
            checked.report = json.loads(text)
    return checked
