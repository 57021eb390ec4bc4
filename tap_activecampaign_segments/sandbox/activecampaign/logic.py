"""The logic of generated definitions, and edits of it as a person makes them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox.seeded import make_digest, make_random

from .condition_templates import choose_other_value, make_random_condition
from .conditions import hash_condition, make_groups

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from .conditions import Document
    from .definitions import Version

    _Edit = Callable[[random.Random, list[Document], list[Document]], None]

_MAX_CONDITIONS = 6
_OTHER = {"and": "or", "or": "and"}


def make_logic(*seed: object) -> dict[str, Any]:
    """Return the fields of a `Version` that make up its logic: conditions, groups, hash, author."""
    generator = make_random(*seed, "logic")
    conditions = [make_random_condition(generator) for _ in range(generator.randrange(1, 5))]
    # Every other definition with enough conditions has two groups.
    first = len(conditions) - generator.randrange(2) if len(conditions) > 1 else 1
    parts = [part for part in (conditions[:first], conditions[first:]) if part]
    groups = [(generator.choice(("and", "or")), part) for part in parts]
    return {
        **make_groups(*groups),
        "operator": generator.choice(("and", "or")),
        **_sign(generator, *seed),
    }


def edit_logic(version: Version, *seed: object) -> dict[str, Any]:
    """Return the logic of the version after another one: most of it stays.

    A condition gets another value, one is added or removed, or the conditions of a group are
    joined otherwise.

    Args:
        version: The one before.
        seed: Decides what is changed.
    """
    if not _is_editable(version):
        return make_logic(*seed)
    generator = make_random(*seed, "edit")
    conditions, groups = copy.deepcopy(version.conditions), copy.deepcopy(version.groups)
    edits: list[_Edit] = [_change_value]
    if len(conditions) < _MAX_CONDITIONS:
        edits.append(_add_condition)
    if any(len(group["values"]) > 1 for group in groups):
        edits += [_remove_condition, _change_operator]
    generator.choice(edits)(generator, conditions, groups)
    return {"conditions": conditions, "groups": groups, **_sign(generator, *seed)}


def _sign(generator: random.Random, *seed: object) -> dict[str, str]:
    """Return the hash of a logic, and who saved it."""
    return {
        "segment_hash": make_digest(*seed, "segment_hash"),
        "user_id": str(generator.randrange(1, 5)),
    }


def _is_editable(version: Version) -> bool:
    """Return whether all conditions and groups have the form that edits rely on."""
    names = {"name", "data_type", "value"}
    if not all(isinstance(each, dict) for each in (*version.conditions, *version.groups)):
        return False
    has_fields = all(
        "id" in condition and condition.get("fields") and names <= condition["fields"][0].keys()
        for condition in version.conditions
    )
    ids = [value.get("id") for group in version.groups for value in group.get("values", ())]
    known = [condition.get("id") for condition in version.conditions]
    return bool(ids) and has_fields and sorted(map(str, ids)) == sorted(map(str, known))


def _change_value(
    generator: random.Random, conditions: list[Document], _groups: list[Document]
) -> None:
    with_value = [place for place, each in enumerate(conditions) if each["fields"][0]["value"]]
    index = generator.choice(with_value or range(len(conditions)))
    field = conditions[index]["fields"][0]
    field["value"] = choose_other_value(generator, field)
    conditions[index] = hash_condition(conditions[index])


def _add_condition(
    generator: random.Random, conditions: list[Document], groups: list[Document]
) -> None:
    numbers = [int(each["id"]) for each in conditions if str(each["id"]).isdecimal()]
    condition_id = str(max(numbers, default=0) + 1)
    conditions.append({"id": condition_id} | make_random_condition(generator))
    generator.choice(groups)["values"].append({"id": condition_id, "type": "condition"})


def _remove_condition(
    generator: random.Random, conditions: list[Document], groups: list[Document]
) -> None:
    """Remove a condition of a group that keeps another."""
    group = generator.choice([each for each in groups if len(each["values"]) > 1])
    removed = group["values"].pop(generator.randrange(len(group["values"])))["id"]
    conditions[:] = [each for each in conditions if each["id"] != removed]


def _change_operator(
    generator: random.Random, _conditions: list[Document], groups: list[Document]
) -> None:
    """Join the conditions of a group otherwise."""
    group = generator.choice([each for each in groups if len(each["values"]) > 1])
    group["operator"] = _OTHER.get(group.get("operator", ""), "and")
