"""`trail add -r`: the way from pip's requirements files to a project."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import make_member
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    make_wheel(folder, "app", "1.0", {"app.py": ""}, requires=["base"])
    for version in ("1.0", "2.0"):
        make_wheel(folder, "base", version, {"base.py": ""})
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    (project.root / "pyproject.toml").write_text(HEAD)
    return project


def document(project: Project) -> dict[str, object]:
    return tomllib.loads((project.root / "pyproject.toml").read_text())


def test_requirements_files_are_added(project: Project) -> None:
    folder = project.root / "requirements"
    folder.mkdir()
    make_member(project.root / "libs" / "near", "near", {"near.py": ""})
    (folder / "base.txt").write_text(
        f"base==1.0 --hash=sha256:{'0' * 64}  # for a while\n--index-url https://h.example/simple\n"
    )
    (folder / "all.txt").write_text(
        '-r base.txt\n-e ../libs/near\n-e ..\napp; python_version >= "3.11"\n-c limits.txt\n'
    )
    result = project.trail("add", "-r", "all.txt", cwd=folder)
    assert result.code == 0, result.err
    for place, text in (
        ("base.txt:2", "--index-url https://h.example/simple"),
        ("all.txt:5", "-c limits.txt"),
    ):
        assert f"warning: `{folder / place}` is not taken: {text}\n" in result.err
    found = document(project)
    assert found["project"] == {
        "name": "demo",
        "version": "1",
        "requires-python": ">=3.11",
        "dependencies": ['app>=1.0; python_version >= "3.11"', "base==1.0", "near"],
    }
    assert found["tool"] == {
        "trail": {"sources": {"near": {"path": "libs/near", "editable": True}}}
    }
    assert project.trail("run", "python", "-c", "import app, base, near").code == 0


def test_a_file_goes_to_the_group_that_is_named(project: Project) -> None:
    (project.root / "dev.txt").write_text("base<2\n")
    assert project.trail("add", "--dev", "-r", "dev.txt", "app").code == 0
    assert document(project)["dependency-groups"] == {"dev": ["app>=1.0", "base<2"]}


@pytest.mark.parametrize(
    ("text", "place", "line", "problem"),
    [
        ("base\n-r a.txt\n", "r.txt:2", "-r a.txt",
         "cannot read `{root}/a.txt`: no such file or directory"),
        ("-r r.txt\n", "r.txt:1", "-r r.txt", "`{root}/r.txt` includes itself"),
        ("-r https://h.example/r.txt\n", "r.txt:1", "-r https://h.example/r.txt",
         "a file to include must be a local one"),
        ("-e git+https://h.example/a#egg=a\n", "r.txt:1", "-e git+https://h.example/a#egg=a",
         "a repository needs a name: `NAME @ git+https://…`"),
        ("base\n--bad\n", "r.txt:2", "--bad", "unrecognized arguments: --bad"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_changes_nothing(
    project: Project, text: str, place: str, line: str, problem: str
) -> None:
    (project.root / "r.txt").write_text(text)
    result = project.trail("add", "-r", "r.txt")
    assert (result.code, result.err) == (
        1,
        (
            f"error: cannot read `{project.root / place}`\n  line:    {line}\n"
            f"  problem: {problem.format(root=project.root)}\n"
        ),
    )
    assert (project.root / "pyproject.toml").read_text() == HEAD


def test_what_is_no_requirement_is_named_with_its_place(project: Project) -> None:
    (project.root / "r.txt").write_text("base\nno requirement\n")
    result = project.trail("add", "-r", "r.txt")
    assert result.code == 1
    assert f"error: cannot read `{project.root / 'r.txt'}:2`\n  line:    no requirement\n" in (
        result.err
    )


def test_a_file_that_is_missing_or_nothing_at_all(project: Project) -> None:
    result = project.trail("add", "-r", "none.txt")
    path = project.root / "none.txt"
    assert (result.code, result.err) == (
        1,
        f"error: cannot read `{path}`: No such file or directory\n",
    )
    result = project.trail("add")
    assert (result.code, result.err) == (
        2,
        "error: nothing is named to be added\nhint: trail add NAME, or trail add -r FILE\n",
    )
