"""Strict prefixes, on each Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.prefixes import (
    Python,
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

from trail.depot.store import Depot, open_depots
from trail.model import NormalizedName
from trail.prefix.model import Prefix, Strictness

ERROR = (
    "No module named 'inner': this project does not declare `inner-things` (there for `outer`)\n"
    "hint: trail add inner-things"
)


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
    return folder


@pytest.fixture
def prefix(depot: Depot, python: Python, project: Path) -> Prefix:
    files = {"outer/__init__.py": "import inner, optional\n", "space/one/__init__.py": ""}
    entries = [
        add_entry(depot, "outer", "1.0", files, requires=["inner_things"], scripts={"o": "outer"}),
        add_entry(depot, "inner-things", "1.0", {"inner.py": "", "space/two/__init__.py": ""}),
        add_entry(depot, "optional", "1.0", {"optional.py": "", "colorsys.py": "", "mine.py": ""}),
        add_entry(depot, "meta", "1.0", {}, requires=["part"]),
        add_entry(depot, "part", "1.0", {"part.py": "", "shared/__init__.py": ""}),
        add_entry(depot, "rest", "1.0", {"shared/rest.py": ""}),
    ]
    declared = frozenset(map(NormalizedName, ("outer", "meta")))
    return make_prefix(
        depot, entries, python=python, strict=Strictness(root=project, declared=declared)
    )


def run(prefix: Prefix, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [prefix.python, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )


def fault(prefix: Prefix, folder: Path, *words: str | Path) -> str:
    """What a Python says below its traceback, without the guesses of Python 3.15."""
    lines = run(prefix, folder, *words).stderr.partition("ModuleNotFoundError: ")[2]
    return re.sub(r"\. Did you mean: '[a-z0-9_.]+'\?\n", "\n", lines).rstrip("\n")


@pytest.mark.parametrize("before", ["", "import outer\n"])
@pytest.mark.parametrize("statement", ["import inner", "from inner import x", "import inner as i"])
def test_project_code_may_not_import_what_it_does_not_declare(
    prefix: Prefix, project: Path, before: str, statement: str
) -> None:
    """Whether somebody imported it before or not."""
    code = before + statement
    (project / "app.py").write_text(code)
    (project / "package").mkdir()
    (project / "package" / "__init__.py").write_text(code)
    for words in (["-c", code], ["app.py"], ["-m", "app"], ["-c", "import package"]):
        assert fault(prefix, project, *words) == ERROR, words


def test_the_rest_is_as_always(prefix: Prefix, project: Path) -> None:
    (project / "mine.py").write_text("HERE = 'project'")
    code = (
        "import outer, sys, colorsys, json.decoder, mine, part, shared, shared.rest\n"
        "import space.one, space\n"
        "from space import one\n"
        "from mine import *\n"
        "from colorsys import rgb_to_hls\n"
        "print(outer.inner.__name__, outer.optional.__name__, mine.HERE)"
    )
    assert run_python(prefix, "-c", code, PYTHONPATH=str(project)) == "inner optional project"


def test_parts_of_a_namespace_are_judged_alone(prefix: Prefix, project: Path) -> None:
    for statement in ("import space.two", "from space import one, two", "from space.two import x"):
        assert fault(prefix, project, "-c", statement) == ERROR.replace("inner'", "space.two'")


def test_a_program_can_do_without(prefix: Prefix) -> None:
    code = (
        "import outer\n"
        "try: import inner\n"
        "except ModuleNotFoundError as e: print(type(e) is ModuleNotFoundError, e.name, e.path)"
    )
    assert run_python(prefix, "-c", code) == "True inner None"


def test_programs_elsewhere_are_not_judged(prefix: Prefix, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "tool.py").write_text("import inner")
    assert run(prefix, other, "-c", "import tool").stderr == ""
    assert fault(prefix, other, "tool.py") == ERROR  # but the main program is
    assert run(prefix, project, "-m", "optional").stderr == ""


def test_children_are_judged_and_other_pythons_not(prefix: Prefix, project: Path) -> None:
    (project / "app.py").write_text(
        "import multiprocessing, os, subprocess, sys\n"
        "def work(_):\n"
        "    try: import inner\n"
        "    except ImportError: return 'refused'\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [0]))\n"
        "    print([name for name in os.environ if 'TRAIL' in name])\n"
        "    sys.stdout.flush()\n"
        "    code = 'print(type(__import__).__name__)'\n"
        "    subprocess.run([os.path.realpath(sys.executable), '-c', code])\n"
        "    subprocess.run([sys.executable, '-I', '-c', 'import inner'])\n"
    )
    result = run(prefix, project, "app.py")
    assert result.stdout == "['refused']\n[]\nbuiltin_function_or_method\n"
    assert result.stderr.endswith(ERROR + "\n")


def test_imports_by_c_code_are_not_those_of_its_caller(prefix: Prefix) -> None:
    data = "b'cinner\\n__name__\\n.'"
    code = f"import pickle; print(pickle.loads({data}))"
    assert run_python(prefix, "-c", code) == "inner"


def test_wrong_arguments_are_the_import_systems_affair(prefix: Prefix) -> None:
    code = (
        "calls = ((1, {}), {}), (('json', ()), {}), (('sys',), {'level': 1}), (('',), {})\n"
        "for words, more in calls:\n"
        "    try: print(__import__(*words, **more))\n"
        "    except Exception as e: print(type(e).__name__, e)\n"
    )
    assert run_python(prefix, "-c", code) == run_python(prefix, "-S", "-c", code)


def test_tracebacks_have_one_line_more(prefix: Prefix, project: Path) -> None:
    (project / "one.py").write_text("import two")
    (project / "two.py").write_text("import three")
    (project / "three.py").write_text("1 / 0")
    strict = run(prefix, project, "one.py").stderr.splitlines()
    plain = run(prefix, project, "-S", "one.py").stderr.splitlines()
    extra = [line for line in strict if "importlib" in line]
    assert [line for line in strict if line not in extra] == plain
    assert len(extra) == 1


def test_without_it_nothing_is_there(depot: Depot, prefix: Prefix) -> None:
    other = make_prefix(depot, [])
    assert not list(other.site_packages.glob("_trail_strict*"))
    assert run_python(other, "-c", "print(type(__import__).__name__)") == (
        "builtin_function_or_method"
    )
    assert prefix.key != other.key
