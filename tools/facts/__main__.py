"""Update the tables: `python -m tools.facts`."""

from __future__ import annotations

import sys

from tools.facts import tables

for table in tables.TABLES:
    page = tables.ROOT / table.page
    page.write_text(tables.update(page.read_text(encoding="utf-8"), table), encoding="utf-8")
    sys.stdout.write(f"{table.page} is up to date.\n")
