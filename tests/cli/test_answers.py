"""The next project with the same files starts as fast as the first one."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.sources import make_source
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

import trail
from trail.depot.roots import read_root

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = ("python", "-c", "import tool; print(tool.__file__)")
PYPROJECT = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.8"\n'


@pytest.fixture
def first(tmp_path: Path) -> Project:
    """A project that was run."""
    project = make_project(tmp_path)
    project.lock([make_wheel(tmp_path, "tool", "1.0", {"tool.py": "x = 1\n"})])
    assert project.trail("run", *CODE).code == 0
    return project


@pytest.fixture
def second(first: Project, tmp_path: Path) -> Project:
    """Another checkout of it, where the slow path ends with a message."""
    shutil.copytree(first.root, tmp_path / "elsewhere" / "second")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "click.py").write_text("raise SystemExit('slow')\n")
    return replace(
        first,
        root=tmp_path / "elsewhere" / "second",
        environ={**first.environ, "PYTHONPATH": str(broken)},
    )


def test_another_checkout_uses_the_same_prefix_at_once(first: Project, second: Project) -> None:
    result = second.trail("run", *CODE)
    assert (result.out, result.code) == (first.trail("run", *CODE).out, 0), result.err


def test_it_has_a_root_that_keeps_the_prefix(first: Project, second: Project) -> None:
    second.trail("run", *CODE)
    roots = [root for path in (first.depot / "roots").iterdir() if (root := read_root(path))]
    own = [root for root in roots if root.project == str(second.root)]
    assert [root.request for root in own] == [("run", f"trail=={trail.__version__}")]
    assert own[0].prefix in {root.prefix for root in roots if root.project == str(first.root)}
    inside = {Path(item.path).parent for item in own[0].inputs}
    assert second.root in inside
    assert first.root not in inside
    shutil.rmtree(first.root)
    assert second.trail("run", *CODE).code == 0


def test_there_is_nothing_to_install_either(second: Project) -> None:
    result = second.trail("install")
    assert result.err.startswith("nothing to do: 1 package in the depot, checked in ")


def test_the_first_run_after_an_installation_is_fast_as_well(second: Project) -> None:
    shutil.rmtree(second.depot / "answers")
    for path in (second.depot / "prefixes").iterdir():
        path.rename(path.with_name(f"away-{path.name}"))
    first = replace(second, environ={})
    words = ("-p", "3.11")
    installed = first.trail("install", "-v", *words)
    assert "`trail run` runs in " in installed.err
    assert second.trail("run", *words, *CODE).code == 0


def test_going_back_to_an_older_lock_is_fast_as_well(first: Project, second: Project) -> None:
    older = (first.root / "pylock.toml").read_bytes()
    (first.root / "pylock.toml").write_bytes(older + b"\n")
    assert first.trail("run", *CODE).code == 0
    (first.root / "pylock.toml").write_bytes(older)
    assert replace(first, environ=second.environ).trail("run", *CODE).code == 0


def _lock(project: Project) -> None:
    with (project.root / "pylock.toml").open("a") as file:
        file.write("# changed\n")


def _pyproject(project: Project) -> None:
    (project.root / "pyproject.toml").write_text(PYPROJECT)


def _python_version(project: Project) -> None:
    (project.root / ".python-version").write_text("3.11\n")


def _prefix(project: Project) -> None:
    (prefix,) = (path for path in (project.depot / "prefixes").iterdir() if path.is_dir())
    prefix.rename(prefix.with_name("away"))


def _damage(project: Project) -> None:
    for path in (project.depot / "answers").iterdir():
        path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("change", [_lock, _pyproject, _python_version, _prefix, _damage])
def test_what_differs_is_looked_at_anew(second: Project, change: Callable[[Project], None]) -> None:
    change(second)
    assert "slow" in second.trail("run", *CODE).err


def test_another_search_path_may_mean_another_python(second: Project, tmp_path: Path) -> None:
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    assert "slow" in second.trail("run", *CODE, PATH=path).err


def test_other_options_are_another_question(second: Project) -> None:
    assert "slow" in second.trail("run", "--link-mode", "copy", *CODE).err


def test_a_project_that_is_a_package_has_no_answer_for_others(
    first: Project, tmp_path: Path
) -> None:
    shutil.rmtree(first.depot / "answers")
    source = make_source(tmp_path / "packaged", "packaged")
    shutil.copy(first.root / "pylock.toml", source)
    project = replace(first, root=source)
    result = project.trail("run", "--frozen", "python", "-c", "import packaged, tool")
    assert result.code == 0, result.err
    assert not (project.depot / "answers").exists()
