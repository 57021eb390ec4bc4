"""The package's structure; what import-linter cannot express of it."""

from __future__ import annotations

from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import tap_activecampaign_segments

PACKAGE = "tap_activecampaign_segments"
SANDBOX = f"{PACKAGE}.sandbox"
FOLDER = Path(tap_activecampaign_segments.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))

MAX_DEPTH = 9
"""Maximum number of imports on a chain, type-only imports included."""
MAX_LINES = 350
MAX_AT_TOP_LEVEL = 14


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, type-only imports included."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=False, cache_dir=None)
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}


def select(*, in_sandbox: bool) -> dict[str, set[str]]:
    """The imports within the sandbox, or within the rest of the package."""
    names = {name for name in imports() if f"{name}.".startswith(f"{SANDBOX}.") is in_sandbox}
    return {name: imports()[name] & names for name in names}


@pytest.mark.parametrize("in_sandbox", [False, True], ids=["tap", "sandbox"])
def test_imports_are_shallow_and_acyclic(*, in_sandbox: bool) -> None:
    modules = select(in_sandbox=in_sandbox)
    chains: dict[str, list[str]] = {}
    for name in TopologicalSorter(modules).static_order():
        chains[name] = [name, *max((chains[each] for each in modules[name]), key=len, default=[])]
    longest = max(chains.values(), key=len)
    assert len(longest) - 1 <= MAX_DEPTH, longest


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_conditions_import_nothing_of_their_source() -> None:
    source = f"{PACKAGE}.activecampaign"
    room = f"{source}.conditions"
    for name, found in imports().items():
        if name.startswith(room):
            assert not [
                each
                for each in found
                if f"{each}.".startswith(f"{source}.") and not each.startswith(room)
            ], name


def test_top_level_is_small() -> None:
    assert len([path for path in MODULES if path.parent == FOLDER]) <= MAX_AT_TOP_LEVEL
