"""The tables of assumptions in the docs are those of the lists."""

from __future__ import annotations

import pytest

from tools.facts.tables import ROOT, TABLES, Table, update


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.page)
def test_page_is_up_to_date(table: Table) -> None:
    # To update it: make facts.
    text = (ROOT / table.page).read_text(encoding="utf-8")
    assert update(text, table) == text


def test_page_without_the_comments_is_refused() -> None:
    with pytest.raises(ValueError, match="once each"):
        update("no table", TABLES[0])
