"""The catalog that the command is given."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog
from singer_sdk.singerlib.catalog import Metadata, StreamMetadata

from tap_activecampaign_segments.errors import one_line
from tap_activecampaign_segments.singer.command_line_files import json_object, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from logging import Logger

    from singer_sdk.singerlib import CatalogEntry


def catalog_of(
    file: IO[str] | None, keys: Mapping[str, Sequence[str]], logger: Logger
) -> Catalog | None:
    """Return the catalog in a file, None without a file.

    Args:
        file: The file.
        keys: Those of each stream.
        logger: Where warnings go.

    Raises:
        ConfigValidationError: It is no catalog, or has no stream of the tap.
    """
    content = json_object(file, "--catalog")
    if content is None:
        return None
    catalog = Catalog()
    try:
        catalog = Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        refuse(["--catalog is no Singer catalog"])
    known = {name: key for name, key in keys.items() if name in catalog}
    if not known:
        refuse(["--catalog has no stream of this tap: discover it anew"])
    if strange := sorted(map(str, catalog.keys() - known.keys())):
        logger.warning("--catalog: %s: no stream of this tap", one_line(", ".join(strange)))
    if not any(is_selected(catalog[name]) for name in known):
        logger.warning("--catalog selects no stream: nothing is read but the listing")
    for name, key in known.items():
        if is_selected(catalog[name]):
            refuse([*_key_faults(catalog[name], key)])
        _prepare(catalog[name], key, logger)
    return catalog


def is_selected(entry: CatalogEntry) -> bool:
    """Tell whether a catalog selects a stream."""
    return entry.metadata.resolve_selection().get((), True)


def with_columns(entry: CatalogEntry, names: Iterable[str]) -> None:
    """Select columns that no catalog can deselect, if the stream is selected."""
    if not entry.metadata:
        # By no metadata everything is selected; by metadata of one column no other.
        return
    if () not in entry.metadata:
        entry.metadata[()] = StreamMetadata(selected=True)
    for name in names:
        entry.metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC


def _key_faults(entry: CatalogEntry, key: Sequence[str]) -> Iterator[str]:
    name, columns = entry.tap_stream_id, entry.schema.properties
    if missing := {*key} - {*(columns or key)}:
        yield f"--catalog: the schema of {name} lacks {', '.join(sorted(missing))}, its key"
    given: Any = entry.key_properties or ()
    if columns and (strange := sorted({*map(str, given)} - {*columns})):
        yield f"--catalog: {', '.join(strange)} in the key_properties of {name} is no column of it"


def _prepare(entry: CatalogEntry, key: Sequence[str], logger: Logger) -> None:
    if entry.stream not in {None, entry.tap_stream_id}:
        # The SDK looks for the one name where it has the other.
        logger.warning(
            "--catalog: %s stays %s; to call it %r use stream_maps",
            entry.tap_stream_id,
            entry.tap_stream_id,
            entry.stream,
        )
        entry.stream = entry.tap_stream_id
    # To ask for what is not there would make an entry by which nothing is selected.
    root: Any = entry.metadata.get(())
    # Without a word on keys, as hands write it, it does not mean that there are none.
    if not (entry.key_properties or (root and root.table_key_properties)):
        entry.key_properties = [*key]
