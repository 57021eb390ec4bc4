"""The records of a run's child streams, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tap_activecampaign_segments.singer.fast_records import RecordPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation

Change = Literal["joined", "left"]
DIFFERENCES_PER_PAGE = 10_000


def result_pages(evaluation: Evaluation) -> Iterator[RecordPage]:
    """Yield the records of `match_all_results`; none if the ranks are unknown, or not current."""
    run = evaluation.result.run
    # The rank in a recorded run is unknown if its order is.
    if not evaluation.is_newest or run.sort is None:
        return
    record = {
        "segment_id": run.segment_id,
        "contact_id": 0,
        "position": 0,
        "run_id": run.run_id,
        "run_id_end": run.run_id_end,
        "segment_timestamp": run.segment_timestamp,
    }
    first = 1
    for contact_ids in evaluation.result.contact_ids:
        positions = range(first, first + len(contact_ids))
        yield RecordPage(record, {"contact_id": contact_ids, "position": positions})
        first = positions.stop


def change_pages(
    evaluation: Evaluation, build_record: Callable[[Evaluation, Change], dict[str, Any]]
) -> Iterator[RecordPage]:
    """Yield the records of a change stream.

    Args:
        evaluation: The run.
        build_record: Returns the record of a contact, with 0 in place of its id.
    """
    if evaluation.is_baseline:
        record = build_record(evaluation, "joined")
        for page in evaluation.result.contact_ids:
            yield RecordPage(record, {"contact_id": page})
    changes: tuple[tuple[Change, Sequence[int]], ...] = (
        ("joined", evaluation.joined),
        ("left", evaluation.left),
    )
    for change, contact_ids in changes:
        record = build_record(evaluation, change)
        for start in range(0, len(contact_ids), DIFFERENCES_PER_PAGE):
            page_ids = contact_ids[start : start + DIFFERENCES_PER_PAGE]
            yield RecordPage(record, {"contact_id": page_ids})


def change_record(evaluation: Evaluation, change: Change) -> dict[str, Any]:
    """Return a record of `membership_changes`; see `change_pages`."""
    run = evaluation.result.run
    previous = evaluation.predecessor.run if evaluation.predecessor else None
    return {
        "segment_id": run.segment_id,
        "contact_id": 0,
        "run_id": run.run_id,
        "change": change,
        "changed_at": run.run_id_end,
        "previous_run_id": previous.run_id if previous else None,
        "previous_run_id_end": previous.run_id_end if previous else None,
        "segment_timestamp": run.segment_timestamp,
        "definition_changed": evaluation.definition_changed,
        "is_baseline": evaluation.is_baseline,
    }


def membership_record(evaluation: Evaluation, change: Change) -> dict[str, Any]:
    """Return a record of `memberships`; see `change_pages`."""
    run = evaluation.result.run
    return {
        "segment_id": run.segment_id,
        "contact_id": 0,
        "is_member": change == "joined",
        "changed_at": run.run_id_end,
        "run_id": run.run_id,
        "baseline_run_id": evaluation.baseline_run_id,
    }
