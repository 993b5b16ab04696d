"""Build backends: isolation, what they ask for, and how their failures are told."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.sources import make_source

from trail.build.backend import Backend, BuildPython, Recipe
from trail.errors import BuildError
from trail.report import Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Pythons:
    """Gives this Python for everything, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, requirements: Sequence[str]) -> BuildPython:
        self.asked.append(tuple(requirements))
        python = Path(sys.executable)
        return BuildPython(executable=python, scripts=python.parent, entries=("b/1/x", "a/1/x"))


def backend(
    tmp_path: Path,
    tree: Path,
    provide: Pythons | None = None,
    *,
    recipe: Recipe | None = None,
    environ: Mapping[str, str] | None = None,
    keep: bool = True,
) -> Backend:
    return Backend(
        tree,
        "thing 1.0",
        provide=provide or Pythons(),
        recipe=recipe or Recipe(),
        environ=environ if environ is not None else {"PATH": os.environ["PATH"]},
        log=tmp_path / "build.log",
        keep=keep,
        reporter=Reporter(),
    )


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wheels"
    made.mkdir()
    return made


def failure(tmp_path: Path, **facts: str) -> BuildError:
    tree = make_source(tmp_path / "tree", **facts)  # type: ignore[arg-type]  # texts only
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree).build(folder(tmp_path))
    return caught.value


def test_wheel_is_built_with_what_backend_and_recipe_ask_for(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree", build_requires=("one",), asks=("two>=1", "one"))
    pythons = Pythons()
    job = backend(tmp_path, tree, pythons, recipe=Recipe(requires=("more",)))
    wheel = job.build(folder(tmp_path))
    assert wheel.name == "thing-1.0-py3-none-any.whl"
    assert "thing.py" in zipfile.ZipFile(wheel).namelist()
    assert pythons.asked == [("one", "more"), ("one", "more", "two>=1")]
    assert job.entries == ("a/1/x", "b/1/x")


def test_editable_wheel_refers_to_the_tree(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree")
    wheel = backend(tmp_path, tree).build(folder(tmp_path), editable=True)
    assert zipfile.ZipFile(wheel).read("_thing.pth").decode() == f"{tree / 'src'}\n"


def test_metadata_comes_without_a_build(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree", requires=("other>=2",), run="raise SystemExit(3)")
    data = backend(tmp_path, tree).metadata(folder(tmp_path))
    assert data is not None
    assert b"Requires-Dist: other>=2\n" in data


def test_build_sees_neither_the_users_python_settings_nor_secrets(tmp_path: Path) -> None:
    run = (
        "print(sorted(n for n in os.environ if n.startswith(('PYTHON', 'TRAIL', 'VIRTUAL', 'X'))))"
    )
    tree = make_source(tmp_path / "tree", run=f"{run}; print(os.environ['PATH']); sys.exit(1)")
    environ = {
        "PATH": "/usr/bin",
        "PYTHONPATH": "/somewhere",
        "PYTHONHOME": "/nowhere",
        "VIRTUAL_ENV": "/else",
        "TRAIL_INDEX_URL": "https://user:secret@host",
    }
    recipe = Recipe(environ={"X": "1"})
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree, recipe=recipe, environ=environ).build(folder(tmp_path))
    lines = caught.value.output.splitlines()
    assert lines[-2:] == [
        "['PYTHONNOUSERSITE', 'X']",
        f"{Path(sys.executable).parent}{os.pathsep}/usr/bin",
    ]


def test_config_settings_reach_the_backend(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree", run="print(config_settings); sys.exit(1)")
    recipe = Recipe(config_settings={"debug": "yes", "args": ["-a", "-b"]})
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree, recipe=recipe).build(folder(tmp_path))
    assert "{'debug': 'yes', 'args': ['-a', '-b']}" in caught.value.output


def test_failed_build_is_told_whole_with_a_command_that_fails_in_the_same_way(
    tmp_path: Path,
) -> None:
    tree = make_source(tmp_path / "tree", run="print('first'); raise RuntimeError('no luck')")
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree).build(folder(tmp_path))
    error = caught.value
    assert str(error) == "cannot build `thing 1.0`: `build_wheel` ended with status 1"
    assert error.output.startswith("backend says: wheel\nfirst\nTraceback ")
    assert error.output.rstrip().endswith("RuntimeError: no luck")
    code = "import sys; sys.path[:0] = ['.']; import backend as b; print(b.build_wheel('.'))"
    path = f'PATH={Path(sys.executable).parent}:"$PATH"'
    command = f'cd {tree} && {path} {sys.executable} -c "{code}"'
    shell = command.replace(f'"{code}"', "")
    assert error.hint is not None
    assert error.hint.startswith(f"to try it by hand: {shell}")
    output = tmp_path / "output"
    assert os.system(f"({error.hint.partition(': ')[2]}) > {output} 2>&1") != 0
    assert "RuntimeError: no luck" in output.read_text()


def test_command_for_an_archive_says_where_to_run_it(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree", run="sys.exit(2)")
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree, keep=False).build(folder(tmp_path))
    assert str(caught.value.hint).startswith(
        "to try it by hand, in the unpacked source:"
        f' PATH={Path(sys.executable).parent}:"$PATH" {sys.executable} -c '
    )


def test_command_has_the_variables_of_the_build(tmp_path: Path) -> None:
    run = "raise RuntimeError([os.environ.get(name) for name in ('CFLAGS', 'WORD')])"
    recipe = Recipe(environ={"CFLAGS": "-O2 -g", "WORD": "a'b"}, config_settings={"key": "value"})
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, make_source(tmp_path / "tree", run=run), recipe=recipe).build(
            folder(tmp_path)
        )
    assert caught.value.hint is not None
    assert " CFLAGS='-O2 -g' WORD=" in caught.value.hint
    output = tmp_path / "output"
    assert os.system(f"({caught.value.hint.partition(': ')[2]}) > {output} 2>&1") != 0
    told = "RuntimeError: ['-O2 -g', \"a'b\"]"
    assert told in caught.value.output
    assert told in output.read_text()


def test_build_that_is_killed_says_so(tmp_path: Path) -> None:
    error = failure(tmp_path, run="os.kill(os.getpid(), 9)")
    assert str(error) == "cannot build `thing 1.0`: `build_wheel` was ended by signal 9"


def test_backend_that_is_not_there_is_named(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree")
    (tree / "backend.py").unlink()
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree).build(folder(tmp_path))
    assert str(caught.value) == (
        "cannot build `thing 1.0`: its backend `backend` cannot be imported"
    )
    assert "backend" in caught.value.output


def test_backend_without_editable_wheels_is_told(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree")
    text = (tree / "backend.py").read_text()
    (tree / "backend.py").write_text(text.replace("def build_editable", "def other"))
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree).build(folder(tmp_path), editable=True)
    assert str(caught.value) == (
        "cannot build `thing 1.0` to be edited in place: its backend `backend` is too old, or"
        " cannot do that (PEP 660)"
    )


def test_wheel_that_was_not_made_is_an_error(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree")
    text = (tree / "backend.py").read_text()
    (tree / "backend.py").write_text(text + "\nbuild_wheel = lambda *a, **k: '../x.whl'\n")
    with pytest.raises(BuildError, match=r"says that it made `\.\./x\.whl`, which is not there"):
        backend(tmp_path, tree).build(folder(tmp_path))


def test_backend_path_must_stay_inside(tmp_path: Path) -> None:
    tree = make_source(tmp_path / "tree")
    path = tree / "pyproject.toml"
    path.write_text(path.read_text().replace("['.']", "['..']"))
    with pytest.raises(BuildError) as caught:
        backend(tmp_path, tree).build(folder(tmp_path))
    assert caught.value.details == (("expected", "folders inside it"),)
