"""What others ask of the import hook: importlib_resources, pkgutil, runpy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import (
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

from trail.depot.store import open_depots

if TYPE_CHECKING:
    from trail.depot.store import Depot


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.mark.parametrize(
    "python", [Path(sys.executable), *other_pythons()], ids=lambda path: path.parts[-3]
)
def test_loaders_are_told_as_the_standard_ones(depot: Depot, python: Path) -> None:
    # importlib_resources 6 does so where Python is older than 3.10.
    entry = add_entry(depot, "p", "1", {"p/__init__.py": "", "p/data.txt": "x"})
    prefix = make_prefix(depot, [entry], python=this_python(str(python)))
    code = (
        "import p, sys; loader = type(p.__loader__);"
        "print(loader.__name__, sys.version_info >= (3, 10) or loader.__module__)"
    )

    word = run_python(prefix, "-c", code).split()

    assert word[0] == "PrefixLoader"
    assert word[1] in {"True", "_frozen_importlib_external"}


@pytest.mark.parametrize(
    "python", [Path(sys.executable), *other_pythons()], ids=lambda path: path.parts[-3]
)
def test_what_is_no_text_is_left_to_the_other_hooks(depot: Depot, python: Path) -> None:
    prefix = make_prefix(depot, [], python=this_python(str(python)))
    code = (
        "import pathlib, sys\n"
        "for path in (b'/', 7, pathlib.Path('/')):\n"
        "    try:\n"
        "        sys.path_hooks[0](path)\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )

    assert run_python(prefix, "-c", code).splitlines() == ["not a folder of a prefix"] * 3
