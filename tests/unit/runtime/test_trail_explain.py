"""The note of a failed import, on each Python."""

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

from trail.depot.roots import Root, read_input, write_root
from trail.depot.store import Depot, open_depots
from trail.runtime._trail_explain import KNOWN

if TYPE_CHECKING:
    from trail.prefix.model import Prefix

LOCK = """\
lock-version = "1.0"
created-by = "somebody"
[[packages]]
name = "pkg"
version = "1.0"

[[packages]]
name = "tester"
version = "1.0"
marker = "\\"test\\" in dependency_groups or 'ci' in dependency_groups"  # a comment
wheels = [
  { url = "x", hashes = { sha256 = "0" } },
]

[[packages]]
name = "plotter"
marker = '"plot" in extras'
[packages.archive]
name = "no name of a package"

[[packages]]
name = "winner"
marker = "sys_platform == 'win32'"

[[packages]]
name = "scikit-learn"

[tool.other]
name = "other"
"""
GROUP = "`tester_inside` is part of `tester`, which is locked for the group `test`"


@pytest.fixture(params=[Path(sys.executable), *other_pythons()], ids=lambda path: path.parts[-3])
def python(request: pytest.FixtureRequest) -> Python:
    return this_python(str(request.param))


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "pylock.toml").write_text(LOCK)
    return folder


@pytest.fixture
def prefix(depot: Depot, python: Python, project: Path) -> Prefix:
    entry = add_entry(depot, "pkg", "1.0", {"pkg/__init__.py": "", "space/one/__init__.py": ""})
    add_entry(depot, "tester", "1.0", {"tester_inside/__init__.py": ""})
    add_entry(depot, "plotter", "1.0", {"plotter_inside.py": ""})
    add_entry(depot, "stranger", "1.0", {"strange.py": "", "space/two/three.py": ""})
    prefix = make_prefix(depot, [entry], python=python)
    belong(prefix, depot, project)
    return prefix


def belong(prefix: Prefix, depot: Depot, project: Path) -> None:
    """Note that a project uses the prefix."""
    inputs = [read_input(str(project / name)) for name in ("pyproject.toml", "pylock.toml")]
    root = Root(project=str(project), prefix=str(prefix.path), inputs=inputs)
    write_root(depot.layout.root_file(project.name), root)


def say(prefix: Prefix, statement: str, folder: Path) -> list[str]:
    """What a Python says at the end of its traceback."""
    result = subprocess.run(
        [prefix.python, "-c", statement], capture_output=True, text=True, check=False, cwd=folder
    )
    lines = result.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Module"))
    return lines[start + 1 :]


def part(module: str, distribution: str) -> str:
    return f"`{module}` is part of `{distribution}`, which is locked"


def test_what_is_locked_for_a_group_or_an_extra(prefix: Prefix, project: Path) -> None:
    assert say(prefix, "import tester_inside.more", project) == [
        GROUP,
        "hint: trail run --group test COMMAND",
    ]
    assert say(prefix, "import plotter_inside", project) == [
        "`plotter_inside` is part of `plotter`, which is locked for the extra `plot`",
        "hint: trail run --extra plot COMMAND",
    ]


def test_what_is_locked_for_another_platform_or_since(prefix: Prefix, project: Path) -> None:
    assert say(prefix, "import winner", project) == [
        "`winner` is locked, but not for this platform and Python: sys_platform == 'win32'"
    ]
    assert say(prefix, "import sklearn", project) == [
        f"{part('sklearn', 'scikit-learn')}, but not in the prefix that this process runs in",
        "hint: trail run COMMAND",
    ]


def test_what_is_not_locked(prefix: Prefix, project: Path) -> None:
    assert say(prefix, "import strange", project) == [
        "`strange` is part of `stranger`, which is not in the lock",
        "hint: trail add stranger",
    ]
    assert say(prefix, "import yaml", project) == [
        "`yaml` is part of `pyyaml`, which is not in the lock",
        "hint: trail add pyyaml",
    ]
    (project / "pyproject.toml").unlink()
    assert say(prefix, "import yaml", project)[-1] == "hint: trail run --with pyyaml COMMAND"


def test_a_portion_of_a_namespace(prefix: Prefix, project: Path) -> None:
    assert say(prefix, "import space.two.three", project) == [
        "`space.two` is part of `stranger`, which is not in the lock",
        "hint: trail add stranger",
    ]
    assert say(prefix, "import space.four", project) == []


def test_of_unknown_names_nothing_is_said(prefix: Prefix, project: Path) -> None:
    for name in ("nothing", "reqeusts", "pkg.tester_inside", "json.yaml"):
        assert say(prefix, f"import {name}", project) == []


def test_the_project_is_the_one_around_the_program(
    prefix: Prefix, depot: Depot, project: Path, tmp_path: Path
) -> None:
    """Prefixes are shared: nothing may be said that is true of another project only."""
    assert say(prefix, "import tester_inside", tmp_path)[0] == GROUP  # the only one
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("")
    (other / "pylock.toml").write_text("")
    belong(prefix, depot, other)
    assert say(prefix, "import tester_inside", project / "..") == [
        "`tester_inside` is part of `tester`, which is not in the prefix that this process runs in",
        "hint: trail run --with tester COMMAND",
    ]
    assert say(prefix, "import tester_inside", other) == [
        "`tester_inside` is part of `tester`, which is not in the lock",
        "hint: trail add tester",
    ]
    assert say(prefix, "import tester_inside", project)[0] == GROUP


def test_the_traceback_is_that_of_the_import_system(prefix: Prefix, project: Path) -> None:
    (project / "inner.py").write_text("def load():\n    import tester_inside\n")
    code = "import inner\ninner.load()"
    command = [str(prefix.python), "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    plain = subprocess.run(
        [command[0], "-S", *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
    )
    # Python 3.15 says more where there is no `site`.
    plain_error = plain.stderr.partition(". Site initialization is disabled")[0].rstrip("\n")
    assert plain_error.splitlines()[-1] == "ModuleNotFoundError: No module named 'tester_inside'"
    assert process.stderr == f"{plain_error}\n{GROUP}\nhint: trail run --group test COMMAND\n"


def test_a_module_to_run_is_explained_too(prefix: Prefix, project: Path) -> None:
    command = [str(prefix.python), "-m", "tester_inside"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert result.stderr == (
        f"{GROUP}\nhint: trail run --group test COMMAND\n"
        f"{prefix.python}: No module named tester_inside\n"
    )
    code = (
        "import runpy\n"
        "try: runpy.run_module('tester_inside')\n"
        "except ImportError as error: print(error)"
    )
    assert run_python(prefix, "-c", code) == "No module named tester_inside"
    command = [str(prefix.python), "-m", "nothing"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert result.stderr == f"{prefix.python}: No module named nothing\n"


def test_programs_see_the_same_error(prefix: Prefix) -> None:
    code = (
        "try: import tester_inside\n"
        "except ModuleNotFoundError as e:\n"
        "  text = 'No module named ' + repr('tester_inside')\n"
        "  print(type(e).__name__, e.name, e.path, e.msg == text, e.args == (text,))\n"
        "  print(repr(e) == repr(ModuleNotFoundError(text, name='tester_inside')))"
    )
    assert run_python(prefix, "-c", code).splitlines() == [
        "ModuleNotFoundError tester_inside None True True",
        "True",
    ]


def test_who_only_asks_gets_none(prefix: Prefix) -> None:
    code = (
        "import importlib.util as u, importlib.machinery as m;"
        "print(u.find_spec('yaml'), m.PathFinder.find_spec('yaml'), u.find_spec('nothing'))"
    )
    assert run_python(prefix, "-c", code) == "None None None"


def test_nothing_is_read_until_somebody_looks(prefix: Prefix) -> None:
    code = (
        "import sys\n"
        "try: import tester_inside\n"
        "except ImportError as e: error = e\n"
        "print('_trail_explain' in sys.modules)\n"
        "import traceback\n"
        "text = ''.join(traceback.format_exception_only(type(error), error))\n"
        "print('_trail_explain' in sys.modules, 'locked' in text)\n"
    )
    assert run_python(prefix, "-c", code) == "False\nTrue True"


def test_the_error_can_be_sent_and_noted(prefix: Prefix) -> None:
    code = (
        "import copy, pickle, sys\n"
        "try: import tester_inside\n"
        "except ImportError as e:\n"
        "  if hasattr(e, 'add_note'): e.add_note('mine')\n"
        "  for other in (copy.copy(e), copy.deepcopy(e), pickle.loads(pickle.dumps(e))):\n"
        "    notes = getattr(other, '__notes__', [str(e).partition('\\n')[2], 'mine'])\n"
        "    print(type(other).__name__, other.name, len(notes), notes[0][:15], *notes[1:])\n"
        "    print(type(pickle.loads(pickle.dumps(notes))) is list)\n"
    )
    line = "ModuleNotFoundError tester_inside 2 `tester_inside` mine\nTrue"
    assert run_python(prefix, "-c", code) == "\n".join([line] * 3)


def test_a_finder_behind_it_still_finds(prefix: Prefix, project: Path) -> None:
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
        "import yaml\n"
        "print(yaml.V, len(sys.meta_path))\n"
        "try: import nothing\n"
        "except ImportError: print(len(sys.meta_path))\n"
        "import strange\n"
    )
    assert say(prefix, code, project)[-1] == "hint: trail add stranger"
    assert run_python(prefix, "-c", code.replace("import strange\n", "")).split()[0] == "late"


def test_what_cannot_be_read_is_not_explained(prefix: Prefix, project: Path) -> None:
    (project / "pylock.toml").write_bytes(b"\xff")
    assert say(prefix, "import tester_inside", project) == []


def test_known_names_differ_from_their_distributions() -> None:
    assert list(KNOWN) == sorted(KNOWN)
    assert all(name != distribution for name, distribution in KNOWN.items())
