"""Every model after every chapter of a hard history, on real databases, against the truth."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tests.dbt.databases import load_all
from tests.dbt.hard_history import hard_history
from tests.dbt.project import DbtProject
from tests.dbt.rows import assert_same
from tests.dbt.timeline import members_at
from tests.dbt.truth import OVERLAP_MIN_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database
    from tests.dbt.truth import Truth

VARIABLES = {"overlap_min_size": OVERLAP_MIN_SIZE}


def test_every_model_is_true_after_every_chapter(database: Database, tmp_path: Path) -> None:
    project = DbtProject(tmp_path / "project", database, variables=VARIABLES)
    wrong = []
    for chapter in hard_history():
        load_all(database, chapter.loads)
        instants = _instants(chapter.truth)
        project.add_model("past", _past(instants))
        project.build()
        models = {**chapter.truth.models, "past": _members_at(chapter.truth, instants)}
        for name, true in models.items():
            try:
                assert_same(f"{chapter.title}, {name}", project.rows(name), true)
            except AssertionError as error:
                wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
    fresh = DbtProject(tmp_path / "fresh", database, "fresh", VARIABLES)
    fresh.build()
    for name in fresh.relations():
        assert_same(f"incremental, {name}", project.rows(name), fresh.rows(name))
    fresh.build("--full-refresh")
    for name in fresh.relations():
        assert_same(f"refreshed, {name}", project.rows(name), fresh.rows(name))


def _instants(truth: Truth) -> list[datetime]:
    """Instants before, at, between and after evaluations."""
    ends = sorted(each.ended for timeline in truth.timelines.values() for each in timeline)
    moment = timedelta(microseconds=1)
    middle = ends[len(ends) // 2]
    return [ends[0] - moment, ends[0], middle - moment, middle, ends[-2], ends[-1]]


def _past(instants: list[datetime]) -> str:
    """A model of the members at some instants."""
    return "\nunion all\n".join(
        f"select '{number}' as number, past.*"
        f" from ({{{{ activecampaign_segments.members_at('{_text(at)}') }}}}) as past"
        for number, at in enumerate(instants)
    )


def _members_at(truth: Truth, instants: list[datetime]) -> list[dict[str, object]]:
    return [
        {"number": str(number), "segment_id": segment_id, "contact_id": contact_id}
        for number, at in enumerate(instants)
        for segment_id, contact_id in members_at(truth.timelines, at)
    ]


def _text(at: datetime) -> str:
    return at.astimezone(timezone.utc).replace(tzinfo=None).isoformat(" ")
