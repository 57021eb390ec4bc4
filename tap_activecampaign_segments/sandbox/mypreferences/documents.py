"""JSON documents of exports and errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox.responses import ApiError

    from .exports import Export


def build_status(export: Export) -> dict[str, Any]:
    """Return the status of an export. Sizes are known only when it is complete."""
    is_complete = export.status in {"Complete", "Retrieved"}
    size = sum(len(row.document.encode()) for row in export.rows) if is_complete else None
    return {
        "AccessToken": export.token,
        "Status": export.status,
        "RowCount": len(export.rows) if is_complete else None,
        "ByteCount": size,
    }


def build_page(export: Export, limit: int, offset: int) -> dict[str, Any]:
    """Return one page of an export's profiles.

    Args:
        export: A complete export.
        limit: Maximum number of profiles.
        offset: Number of the first profile, from 1.
    """
    rows = export.rows[offset - 1 : offset - 1 + limit]
    return {
        "Count": len(rows),
        "HasMore": offset - 1 + len(rows) < len(export.rows),
        "Limit": limit,
        "Offset": offset,
        "TotalResults": len(export.rows),
        "UserProfilePreferences": [json.loads(row.document) for row in rows],
    }


def build_error(error: ApiError) -> dict[str, Any]:
    """Return an error of the export API."""
    return {"Message": error.detail}


def build_token_error(error: ApiError) -> dict[str, Any]:
    """Return an error of the token endpoint (RFC 6749)."""
    return {"error": error.pointer or "invalid_request", "error_description": error.detail}
