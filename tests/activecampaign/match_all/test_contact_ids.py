"""Contact ids in little memory, their digest and their difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import diff_contact_ids
from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.support.processes import peak_memory, running_tap

if TYPE_CHECKING:
    from pathlib import Path

pages = st.lists(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20), max_size=10)


@given(previous=pages, new=pages)
def test_difference_equals_that_of_sets(previous: list[list[int]], new: list[list[int]]) -> None:
    sides = []
    for side in (previous, new):
        distinct = list(dict.fromkeys(number for page in side for number in page))
        contact_ids = ContactIds()
        for start in range(0, len(distinct), 7):
            contact_ids.append(distinct[start : start + 7])
        sides.append((contact_ids, set(distinct)))
    (ids_before, before), (ids_after, after) = sides
    assert diff_contact_ids(ids_before, ids_after) == (
        sorted(after - before),
        sorted(before - after),
    )


@given(ids=pages)
def test_pages_are_returned_and_repetitions_detected(ids: list[list[int]]) -> None:
    contact_ids = ContactIds()
    for page in ids:
        contact_ids.append(page)
    flat = [number for page in ids for number in page]
    assert list(contact_ids) == ids
    assert len(contact_ids) == len(flat)
    assert contact_ids.has_duplicates == (len(set(flat)) < len(flat))


@given(ids=st.sets(st.integers(0, 2**63 - 1), min_size=1, max_size=50), seed=st.randoms())
def test_digest_does_not_depend_on_the_order(ids: set[int], seed: Any) -> None:
    shuffled = list(ids)
    seed.shuffle(shuffled)
    one, other = ContactIds(), ContactIds()
    one.append(sorted(ids))
    for number in shuffled:
        other.append([number])
    assert one.digest == other.digest
    other.append([7 if 7 not in ids else 2**62 + 1])
    assert one.digest != other.digest


def test_memory_grows_with_changes_not_with_members(tmp_path: Path) -> None:
    peaks = {}
    for size in (10_000, 1_000_000):
        account = Account()
        segment = account.add_segment("some", range(size))
        # The state knows the run without a first sync.
        run = account.start(segment, "id")
        instant = timestamps.normalize(account.timestamps.format(run.started))
        facts = {
            "run_id": run.run_id,
            "sort": "id",
            "run_id_start": instant,
            "run_id_end": instant,
            "segment_timestamp": None,
            "baseline_run_id": run.run_id,
            "digest": None,
            "streams": ["membership_changes"],
        }
        entry = {
            "context": {"segment_id": segment.segment_id},
            "match_all": {"predecessor": facts},
        }
        segment.members = range(size // 100, size + size // 100)
        with (
            Sandbox(account, requests_per_second=None) as sandbox,
            running_tap(
                sandbox,
                tmp_path,
                streams={"membership_changes"},
                state={"bookmarks": {"match_all_runs": {"partitions": [entry]}}},
            ) as tap,
        ):
            synced = tap.finish()
        assert synced.exit_code == 0, synced.log
        assert len(synced.records("membership_changes")) == size // 50
        peaks[size] = peak_memory(synced)
    assert peaks[1_000_000] - peaks[10_000] < 40 * 2**20
