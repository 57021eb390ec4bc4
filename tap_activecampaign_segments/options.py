"""Files that the command line names: the state and the catalog."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import Catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def refuse(faults: list[str]) -> None:
    """End the command, one line for each fault.

    Raises:
        ConfigValidationError: There are faults.
    """
    if faults:
        msg = "Config validation failed"
        raise ConfigValidationError(msg, errors=faults, schema={})


def json_object(file: IO[str] | None, option: str) -> dict[str, Any] | None:
    """Return what a file holds, None without a file.

    Raises:
        ConfigValidationError: It is no JSON object.
    """
    if file is None:
        return None
    content: Any = None
    # RecursionError: nested deeper than anything that was meant.
    with suppress(ValueError, RecursionError):
        content = json.load(file)
    if not isinstance(content, dict):
        refuse([f"{option} is no JSON object"])
    return dict(content)


def catalog_of(file: IO[str] | None, keys: Mapping[str, Sequence[str]]) -> Catalog | None:
    """Return the catalog in a file, None without a file.

    Args:
        file: The file.
        keys: Those of each stream.

    Raises:
        ConfigValidationError: It is no catalog.
    """
    content = json_object(file, "--catalog")
    if content is None:
        return None
    catalog = Catalog()
    try:
        catalog = Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        refuse(["--catalog is no Singer catalog"])
    for name, key in keys.items():
        entry = catalog.get(name)
        if entry and (missing := {*key} - {*(entry.schema.properties or key)}):
            refuse([f"--catalog: the schema of {name} lacks {', '.join(sorted(missing))}, its key"])
        # To ask for what is not there would make an entry by which nothing is selected.
        root: Any = entry.metadata.get(()) if entry else None
        # Without a word on keys, as hands write it, it does not mean that there are none.
        if entry and not (entry.key_properties or (root and root.table_key_properties)):
            entry.key_properties = [*key]
    return catalog
