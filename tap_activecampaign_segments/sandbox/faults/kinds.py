"""The kinds of faults, the operations they apply to, and the stage at which they act."""

from typing import Literal

Stage = Literal["late", "instead", "start", "run", "page", "export", "envelope", "answer"]
"""When a fault acts.

- ``late``: before the operation, which is delayed
- ``instead``: before the operation, which is replaced
- ``start``: when a run is started
- ``run``, ``export``: on the run or export that the request creates or reads
- ``page``, ``envelope``: on the fields of a response, of ActiveCampaign or MyPreferences
- ``answer``: on the shape of a response of either
"""

OPERATIONS = (
    "list",
    "segment",
    "definition",
    "start",
    "read",
    "count_history",
    "recent_counts",
    "initiate",
    "status",
    "data",
    "commit",
    "token",
    "user",
    "match",
    "contacts",
)

STAGES: dict[str, Stage] = {
    "slow": "late",
    "status": "instead",
    "retry_after": "instead",
    "empty": "instead",
    "html": "instead",
    "redirect": "instead",
    "not_found": "instead",
    "gateway_404": "instead",
    "reset": "instead",
    "hang": "instead",
    "same_run": "start",
    "run_fails": "run",
    "run_never_ends": "run",
    "run_expires": "run",
    "total_changes": "page",
    "duplicate": "page",
    "missing_row": "page",
    "text_id": "page",
    "no_page": "page",
    "empty_result": "page",
    "total_is": "page",
    "last_page_is": "page",
    "per_page_is": "page",
    "export_fails": "export",
    "export_errors": "export",
    "export_never_ends": "export",
    "export_expires": "export",
    "export_retrieved": "export",
    "unknown_status": "envelope",
    "has_more_wrong": "envelope",
    "count_zero": "envelope",
    "nothing_found": "envelope",
    "total_wrong": "envelope",
    "repeats_profiles": "envelope",
    "lower_case_keys": "envelope",
    "not_object": "answer",
    "no_data": "answer",
    "data_object": "answer",
    "digits": "answer",
    "no_end": "answer",
    "edit": "answer",
    "cut": "answer",
}
"""Stage of each kind."""

DEFAULT_OPERATIONS = {
    "run_fails": "start",
    "run_never_ends": "start",
    "run_expires": "read",
    "same_run": "start",
    "export_fails": "initiate",
    "export_errors": "initiate",
    "export_never_ends": "initiate",
    "export_expires": "status",
    "export_retrieved": "status",
    "unknown_status": "status",
    "has_more_wrong": "data",
    "count_zero": "data",
    "nothing_found": "data",
    "total_wrong": "data",
    "repeats_profiles": "data",
    "lower_case_keys": "data",
}
"""Operation of a fault that names none. All other kinds then apply to every operation."""
