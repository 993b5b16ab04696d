from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import (
    Python,
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

from trail.depot.store import open_depots

if TYPE_CHECKING:
    from trail.prefix.model import Prefix

NOTE = "`yaml` is part of `pyyaml`, which is locked but not selected: trail run --group dev"


@pytest.fixture(params=[Path(sys.executable), *other_pythons()], ids=lambda path: path.parts[-3])
def python(request: pytest.FixtureRequest) -> Python:
    return this_python(str(request.param))


@pytest.fixture
def prefix(tmp_path: Path, python: Python) -> Prefix:
    depot = open_depots([tmp_path / "depot"]).receiver
    entry = add_entry(depot, "p", "1.0", {"pkg/__init__.py": ""})
    return make_prefix(depot, [entry], python=python, notes=(("yaml", NOTE), ("pkg", "never")))


def test_a_missing_module_is_explained(prefix: Prefix) -> None:
    command = [str(prefix.python), "-c", "import yaml.nodes"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = result.stderr.splitlines()
    assert lines[-2:] == ["ModuleNotFoundError: No module named 'yaml'", NOTE]


def test_programs_see_the_same_error(prefix: Prefix) -> None:
    code = (
        "try: import yaml\n"
        "except ModuleNotFoundError as e: print(type(e).__name__, e.name, e.path, str(e))"
    )
    first = run_python(prefix, "-c", code).splitlines()[0]
    assert first == "ModuleNotFoundError yaml None No module named 'yaml'"


def test_who_only_asks_gets_none(prefix: Prefix) -> None:
    code = (
        "import importlib.util as u, importlib.machinery as m;"
        "print(u.find_spec('yaml'), m.PathFinder.find_spec('yaml'), u.find_spec('nothing'))"
    )
    assert run_python(prefix, "-c", code) == "None None None"


def test_unknown_names_and_submodules_are_none_of_its_business(prefix: Prefix) -> None:
    for name in ("nothing", "pkg.yaml", "pkg.pkg"):
        command = [str(prefix.python), "-c", f"import {name}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        last = result.stderr.splitlines()[-1]
        assert last == f"ModuleNotFoundError: No module named '{name}'"


def test_a_finder_behind_it_still_finds(prefix: Prefix) -> None:
    code = (
        "import sys, importlib.machinery as m, types\n"
        "class Late:\n"
        "  @staticmethod\n"
        "  def find_spec(name, path=None, target=None):\n"
        "    if name == 'yaml': return m.ModuleSpec(name, Late)\n"
        "  @staticmethod\n"
        "  def create_module(spec): return None\n"
        "  @staticmethod\n"
        "  def exec_module(module): module.V = 'late'\n"
        "sys.meta_path.append(Late)\n"
        "import yaml; print(yaml.V)\n"
    )
    assert run_python(prefix, "-c", code) == "late"


def test_without_notes_there_is_no_finder(tmp_path: Path) -> None:
    prefix = make_prefix(open_depots([tmp_path / "depot"]).receiver, [])
    assert not (prefix.site_packages / "_trail_explain.py").exists()
    code = "import sys; print(type(sys.meta_path[-1]).__name__)"
    assert run_python(prefix, "-c", code) == "type"
