"""Every model after every chapter of a hard history, on real databases, against the truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.dbt.databases import load_all
from tests.dbt.hard_history import BROKEN, hard_history
from tests.dbt.project import DbtProject
from tests.dbt.rows import assert_same
from tests.dbt.session import DbtSession
from tests.dbt.timeline import members_at
from tests.dbt.truth import MAILABLE_MAX_AGE_DAYS, OVERLAP_MIN_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database
    from tests.dbt.truth import Truth

VARIABLES = {
    "overlap_min_size": OVERLAP_MIN_SIZE,
    "mailable_max_age_days": MAILABLE_MAX_AGE_DAYS,
}
MISSING_CHANGES = "runs_have_all_of_their_changes"


def test_every_model_is_true_after_every_chapter(database: Database, tmp_path: Path) -> None:
    chapters = hard_history()
    instants = _instants(chapters[-1].truth)
    project = DbtProject(tmp_path / "project", database, variables=VARIABLES)
    project.add_model("past", _past(instants))
    wrong: list[str] = []
    with DbtSession(project) as dbt:
        for chapter in chapters:
            load_all(database, chapter.loads)
            warned = dbt.succeed("build")
            if warned != ({MISSING_CHANGES} if chapter.title in BROKEN else set()):
                wrong.append(f"{chapter.title}: warnings of {warned}")
            past = _members_at(chapter.truth, instants)
            for name, true in {**chapter.truth.models, "past": past}.items():
                _note(wrong, f"{chapter.title}, {name}", project.rows(name), true)
    fresh = DbtProject(tmp_path / "fresh", database, "fresh", VARIABLES)
    fresh.build()
    for name in fresh.relations():
        _note(wrong, f"incremental, {name}", project.rows(name), fresh.rows(name))
    project.build("--full-refresh")
    for name in fresh.relations():
        _note(wrong, f"refreshed, {name}", project.rows(name), fresh.rows(name))
    assert not wrong, "\n".join(wrong)


def test_the_history_is_hard() -> None:
    """The history has what an incremental build may get wrong."""
    titles = [chapter.title for chapter in hard_history()]
    truths = dict(zip(titles, (chapter.truth for chapter in hard_history()), strict=True))
    lines: dict[str, list[list[str]]] = {}
    for truth in truths.values():
        for segment_id, timeline in truth.timelines.items():
            lines.setdefault(segment_id, []).append([each.run_id for each in timeline])
    steps = [(before, after) for line in lines.values() for before, after in pairwise(line)]
    assert any(after[: len(before)] != before for before, after in steps), "inserted runs"
    assert any({*before} - {*after} for before, after in steps), "runs that no longer count"
    rows = truths["end"].models["membership_intervals"]
    for kind in ("joined", "baseline", "segment_edited"):
        assert any(row["began_by"] == kind for row in rows)
    for kind in ("left", "baseline", "segment_edited"):
        assert any(row["ended_by"] == kind for row in rows)


def _note(wrong: list[str], title: str, found: list[Any], true: list[Any]) -> None:
    try:
        assert_same(title, found, true)
    except AssertionError as error:
        wrong.append(str(error))


def _instants(truth: Truth) -> list[datetime]:
    """Instants before, at, between and after evaluations."""
    ends = sorted(each.ended for timeline in truth.timelines.values() for each in timeline)
    moment = timedelta(microseconds=1)
    middle = ends[len(ends) // 2]
    quarters = [ends[len(ends) // 4], ends[len(ends) * 3 // 4]]
    return [ends[0] - moment, ends[0], middle - moment, middle, *quarters, ends[-1]]


def _past(instants: list[datetime]) -> str:
    """A model of the members at some instants."""
    return "\nunion all\n".join(
        f"select '{number}' as number, past.*"
        f" from ({{{{ activecampaign_segments.members_at('{at:%Y-%m-%d %H:%M:%S.%f}') }}}}) as past"
        for number, at in enumerate(instants)
    )


def _members_at(truth: Truth, instants: list[datetime]) -> list[dict[str, object]]:
    return [
        {"number": str(number), "segment_id": segment_id, "contact_id": contact_id}
        for number, at in enumerate(instants)
        for segment_id, contact_id in members_at(truth.timelines, at)
    ]
