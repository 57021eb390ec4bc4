"""The catalog file: which streams and columns it selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog
from singer_sdk.singerlib.catalog import Metadata, StreamMetadata

from tap_activecampaign_segments.errors import one_line
from tap_activecampaign_segments.singer.command_line import raise_config_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from logging import Logger

    from singer_sdk.singerlib import CatalogEntry


COLUMN = 2
"""Length of a column's breadcrumb, as in ``("properties", "counts")``."""


def parse_catalog(
    content: dict[str, Any], primary_keys: Mapping[str, Sequence[str]], logger: Logger
) -> Catalog:
    """Return a catalog with what a hand-written one omits.

    Args:
        content: The file, as a JSON object.
        primary_keys: The primary keys of each stream of the tap.
        logger: Where warnings go.

    Raises:
        ConfigValidationError: It is not a catalog, or has no stream of the tap.
    """
    catalog = Catalog()
    try:
        catalog = Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise_config_errors(["--catalog is no Singer catalog"])
    known = {name: key for name, key in primary_keys.items() if name in catalog}
    if not known:
        raise_config_errors(["--catalog has no stream of this tap: discover it anew"])
    if unknown := sorted(map(str, catalog.keys() - known.keys())):
        logger.warning("--catalog: %s: no stream of this tap", one_line(", ".join(unknown)))
    if not any(is_selected(catalog[name]) for name in known):
        logger.warning("--catalog selects no stream: nothing is read but the listing")
    for name, key in known.items():
        if is_selected(catalog[name]):
            raise_config_errors([*_key_errors(catalog[name], key)])
        _complete(catalog[name], key, logger)
    return catalog


def is_selected(entry: CatalogEntry) -> bool:
    """Return whether a catalog selects a stream."""
    return entry.metadata.resolve_selection().get((), True)


def select_automatically(entry: CatalogEntry, columns: Iterable[str]) -> None:
    """Select columns of a selected stream whatever the catalog says of them."""
    if not entry.metadata:
        # Without metadata everything is selected. Metadata of one column would deselect the rest.
        return
    if () not in entry.metadata:
        entry.metadata[()] = StreamMetadata(selected=True)
    for name in columns:
        entry.metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC


def select_whole_objects(entry: CatalogEntry) -> None:
    """Select all properties of an object that is selected without any of them.

    Meltano deselects them where a column is selected by its name alone, as `segments.counts`.
    """
    objects: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for breadcrumb in entry.metadata:
        if len(breadcrumb) > COLUMN:
            objects.setdefault(breadcrumb[:COLUMN], []).append(breadcrumb)
    for column, nested in objects.items():
        is_selected = column in entry.metadata and entry.metadata[column].selected
        if is_selected and not any(entry.metadata[each].selected for each in nested):
            for each in nested:
                del entry.metadata[each]


def _key_errors(entry: CatalogEntry, key: Sequence[str]) -> Iterator[str]:
    name, columns = entry.tap_stream_id, entry.schema.properties
    if missing := {*key} - {*(columns or key)}:
        yield f"--catalog: the schema of {name} lacks {', '.join(sorted(missing))}, its key"
    given: Any = entry.key_properties or ()
    if columns and (unknown := sorted({*map(str, given)} - {*columns})):
        yield f"--catalog: {', '.join(unknown)} in the key_properties of {name} is no column of it"


def _complete(entry: CatalogEntry, key: Sequence[str], logger: Logger) -> None:
    if entry.stream not in {None, entry.tap_stream_id}:
        # The SDK uses one name to look for an entry that it stores under the other.
        logger.warning(
            "--catalog: %s stays %s; to call it %r use stream_maps",
            entry.tap_stream_id,
            entry.tap_stream_id,
            entry.stream,
        )
        entry.stream = entry.tap_stream_id
    # `metadata.root` would create an entry that selects nothing.
    root: Any = entry.metadata.get(())
    # Hand-written catalogs omit the keys, which the SDK would read as an empty key.
    if not (entry.key_properties or (root and root.table_key_properties)):
        entry.key_properties = [*key]
