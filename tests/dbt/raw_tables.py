"""The columns that loaders of other warehouses make of the streams' schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "tap_activecampaign_segments" / "schemas"
METADATA: dict[str, Schema] = {
    "_sdc_extracted_at": {"type": ["string", "null"], "format": "date-time"},
    "_sdc_received_at": {"type": ["string", "null"], "format": "date-time"},
    "_sdc_batched_at": {"type": ["string", "null"], "format": "date-time"},
    "_sdc_deleted_at": {"type": ["string", "null"], "format": "date-time"},
    "_sdc_sequence": {"type": ["integer", "null"]},
    "_sdc_table_version": {"type": ["integer", "null"]},
}
"""Metadata columns that loaders add to each table unless they are told not to."""


@dataclass(frozen=True)
class Loader:
    """A loader, as far as it shapes the tables.

    Attributes:
        dialect: Of its warehouse, by dbt's and sqlglot's name.
        column_name: The name that it stores for a property.
        column_type: The type that it stores for a property.
        streams: Those that are loaded; empty for all.
    """

    dialect: str
    column_name: Callable[[str], str]
    column_type: Callable[[Schema], str]
    streams: frozenset[str] = frozenset()

    def tables(self) -> dict[str, dict[str, str]]:
        """Return the columns of each stream's table, with their types."""
        return {
            path.stem: {
                self.column_name(name): self.column_type(schema)
                for name, schema in (
                    json.loads(path.read_text("utf-8"))["properties"] | METADATA
                ).items()
            }
            for path in sorted(SCHEMAS.glob("*.json"))
            if not self.streams or path.stem in self.streams
        }


def _is(schema: Schema, kind: str) -> bool:
    kinds = schema.get("type", [])
    return kind in ([kinds] if isinstance(kinds, str) else kinds)


def _scalar(schema: Schema, instant: str, integer: str, text: str, nested: str) -> str:
    if _is(schema, "object") or _is(schema, "array"):
        return nested
    if schema.get("format") == "date-time":
        return instant
    if _is(schema, "integer"):
        return integer
    return "BOOLEAN" if _is(schema, "boolean") else text


def _snowflake(schema: Schema) -> str:
    return _scalar(schema, "TIMESTAMP_NTZ(9)", "NUMBER(38,0)", "VARCHAR(16777216)", "VARIANT")


def _snowflake_zoned(schema: Schema) -> str:
    """Return the type under `timestamp_type: TIMESTAMP_TZ`."""
    return _snowflake(schema).replace("_NTZ", "_TZ")


def _redshift(schema: Schema) -> str:
    return _scalar(
        schema, "timestamp without time zone", "bigint", "character varying(10000)", "super"
    )


def _redshift_text(schema: Schema) -> str:
    return _scalar(
        schema,
        "timestamp without time zone",
        "numeric(18,0)",
        "character varying(10000)",
        "character varying(65535)",
    )


def _bigquery(schema: Schema) -> str:
    """Return the type under `schema_resolver_version: 2`; the first makes empty records."""
    if _is(schema, "array"):
        items = schema.get("items", {})
        nested = _bigquery(items) if "type" in items else "JSON"
        return f"ARRAY<{nested}>"
    if _is(schema, "object") and schema.get("properties"):
        fields = schema["properties"].items()
        return f"STRUCT<{', '.join(f'`{name}` {_bigquery(field)}' for name, field in fields)}>"
    return _scalar(schema, "TIMESTAMP", "INT64", "STRING", "JSON").replace("BOOLEAN", "BOOL")


def _bigquery_text(schema: Schema) -> str:
    return _scalar(schema, "TIMESTAMP", "INT64", "STRING", "STRING").replace("BOOLEAN", "BOOL")


_FEWEST = frozenset({"segments", "match_all_runs", "membership_changes"})
"""The streams without which the package is not built."""

LOADERS = {
    # MeltanoLabs: its session ignores the case of quoted names, so that all are upper case.
    "snowflake": Loader("snowflake", str.upper, _snowflake),
    # z3z1ma with `denormalized: true`; without it, a table has one JSON column of all data.
    "bigquery": Loader("bigquery", str, _bigquery),
    # Loaders that write JSON as text.
    "bigquery-text": Loader("bigquery", str, _bigquery_text),
    # TicketSwap; Redshift folds names to lower case, quoted or not.
    "redshift": Loader("redshift", str.lower, _redshift),
    # pipelinewise, with what it does not flatten.
    "redshift-text": Loader("redshift", str.lower, _redshift_text),
}
LOADERS |= {
    f"{name}-fewest": replace(LOADERS[name], streams=_FEWEST) for name in ("bigquery", "redshift")
} | {
    "snowflake-fewest": Loader("snowflake", str.upper, _snowflake_zoned, _FEWEST),
}
