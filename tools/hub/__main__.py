"""Update the entry: `python -m tools.hub`, or print a complete one: `… REPOSITORY_URL [TAG]`."""

from __future__ import annotations

import sys

from tools.hub import definition

match sys.argv[1:]:
    case [repository, *tag]:
        entry = definition.complete(definition.build(), repository, *tag)
        sys.stdout.write(definition.to_yaml(entry))
    case _:
        definition.PATH.write_text(definition.HEADER + definition.to_yaml(definition.build()))
        sys.stdout.write(f"{definition.PATH.name} is up to date.\n")
