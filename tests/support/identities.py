"""What identifies a person, planted into the answers with contacts."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.support.secrets import assert_absent, secret_forms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.sync import Sync

    Edit = Callable[[dict[str, Any]], Any]

ADDRESS = "  Sesame.Address@Example.com "
PHONE = "+1 (555) 017-3902"
FIRST_NAME = "Sesame-first"
LAST_NAME = "Sesame-last"
IDENTITY = {"email": ADDRESS, "phone": PHONE, "firstName": FIRST_NAME, "lastName": LAST_NAME}
"""Fields of a contact."""
WORDS = " ".join(IDENTITY.values())
"""A text that quotes all of them."""
BODY = {
    "message": WORDS,
    "errors": [{"title": WORDS, "detail": WORDS, "source": {"pointer": WORDS}, WORDS: WORDS}],
}
"""An error that quotes them wherever it can."""


def identity_forms() -> set[str]:
    """Return what must not be said: parts of each value, in all encodings."""
    parts = {ADDRESS.strip(), PHONE, "15550173902", "017-3902", FIRST_NAME, LAST_NAME}
    forms = {form for each in parts for form in secret_forms(each)}
    return forms | {"sesame", "Sesame"} | {form.lower() for form in forms}


def plant(content: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in which all contacts have the same identity."""
    rows = [{**each, **IDENTITY, "note": WORDS} for each in content["contacts"]]
    meta = {**content["meta"], "page_input": {"search": WORDS}}
    return {**content, "contacts": rows, "meta": meta, WORDS: WORDS}


def plant_with(row: dict[str, Any]) -> Edit:
    """Return what plants the identity, and changes the first contact."""

    def edit(content: dict[str, Any]) -> dict[str, Any]:
        planted = plant(content)
        rows = planted["contacts"]
        # The page after the last has none.
        return {**planted, "contacts": [{**each, **row} for each in rows[:1]] + rows[1:]}

    return edit


MALFORMED: dict[str, Edit] = {
    "id": plant_with({"id": ADDRESS}),
    "other id": plant_with({"id": "15550173902"}),
    "nested": plant_with({"email": {ADDRESS: PHONE}, "phone": [PHONE], "firstName": {"x": WORDS}}),
    "dates": plant_with({"cdate": ADDRESS, "udate": WORDS}),
    "numbers": plant_with({"bounced_hard": PHONE, "bounced_soft": ADDRESS, "anonymized": WORDS}),
    "deleted": plant_with({"deleted": ADDRESS}),
    "half a surrogate pair": lambda content: json.dumps(
        plant_with({"email": f"\ud83d{ADDRESS}", "phone": f"{PHONE}\udc00"})(content)
    ).encode(),
    "no object": lambda content: {**plant(content), "contacts": [WORDS, *content["contacts"]]},
    "contacts as a text": lambda content: {**plant(content), "contacts": WORDS},
    "contacts by address": lambda content: {**plant(content), "contacts": {ADDRESS: IDENTITY}},
    "total": lambda content: {**plant(content), "meta": {"total": ADDRESS}},
    "meta": lambda content: {**plant(content), "meta": WORDS},
    "subscription": lambda content: {
        **plant(content),
        "contactLists": [{"contact": ADDRESS, "list": ADDRESS, "status": PHONE, "udate": WORDS}],
    },
    "array": lambda content: [WORDS, plant(content)],
    "errors beside": lambda content: {**plant(content), **BODY},
    "no JSON": lambda content: f"{WORDS} {json.dumps(plant(content))}"[:-1].encode(),
}
"""Answers of 200 with something wrong."""


def said(synced: Sync, folder: Path) -> str:
    """Return the messages, and the rows of the BATCH files in a folder."""
    files = [gzip.decompress(each.read_bytes()).decode() for each in folder.glob("*.gz")]
    return "".join([json.dumps(synced.messages), *files])


def assert_discreet(synced: Sync, *texts: str) -> None:
    """Check that no log line, no state and none of the texts identifies a person."""
    assert "Traceback" not in synced.log
    forms = identity_forms()
    for each in (synced.log, json.dumps(synced.states), str(synced.states), *texts):
        assert_absent(each, forms)
