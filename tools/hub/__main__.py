"""Writes the entry that is checked in, or with the repository's URL prints the whole one."""

from __future__ import annotations

import sys

from tools.hub import definition

match sys.argv[1:]:
    case [repository]:
        sys.stdout.write(definition.text(definition.located(definition.entry(), repository)))
    case _:
        definition.CHECKED_IN.write_text(definition.HEAD + definition.text(definition.entry()))
        sys.stdout.write(f"{definition.CHECKED_IN.name} is what the tap says of itself.\n")
