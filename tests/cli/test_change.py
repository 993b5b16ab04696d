"""`trail add` and `trail remove` of what is there already, or elsewhere, or nowhere."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import make_member
from tests.helpers.sources import make_source
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    make_wheel(folder, "app", "1.0", {"app.py": ""}, requires=["base"])
    make_wheel(folder, "base", "1.0", {"base.py": ""})
    make_wheel(folder, "base", "2.0", {"base.py": ""})
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url)


def declare(project: Project, dependencies: list[str], more: str = "") -> Path:
    path = project.root / "pyproject.toml"
    path.write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f"dependencies = {dependencies}\n{more}"
    )
    return path


def dependencies(path: Path) -> list[str]:
    found: list[str] = tomllib.loads(path.read_text())["project"]["dependencies"]
    return found


@pytest.mark.parametrize(
    ("old", "word", "new"),
    [
        ("base<2", "base", "base<2"),
        ("base", "Base", "base"),
        ("base<2", "base>=1", "base>=1"),
        ("base[more]<2", "base[fast]", "base[fast,more]<2"),
        ("base[more]<2", "base==2.0", "base[more]==2.0"),
    ],
)
def test_what_is_not_said_stays_as_it_was(project: Project, old: str, word: str, new: str) -> None:
    path = declare(project, [old])
    result = project.trail("add", word)
    assert result.code == 0, result.err
    (found,) = dependencies(path)
    assert found.lower() == new
    assert project.trail("lock", "--check").code == 0


def test_what_is_there_already_is_said(project: Project) -> None:
    path = declare(project, ["app>=1.0"])
    assert project.trail("lock").code == 0
    before = path.read_bytes()
    same = project.trail("add", "app")
    assert same.err.splitlines()[-1] == "already there: app>=1.0"
    assert "added" not in same.err
    assert path.read_bytes() == before
    both = project.trail("add", "app>=1.0", "base<2")
    assert both.err.splitlines()[-2:] == ["added base<2", "already there: app>=1.0"]


def test_no_bound_is_written_for_what_comes_from_elsewhere(
    project: Project, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "other", "thing", "1.0", {"thing.py": ""})
    make_source(tmp_path / "plain", "plain")
    sources = (
        f"[tool.trail.sources]\nthing = {{ path = '{wheel}' }}\nplain = {{ path = '../plain' }}\n"
    )
    path = declare(project, [], sources)
    result = project.trail("add", "thing", "plain")
    assert result.code == 0, result.err
    assert sorted(dependencies(path)) == ["plain", "thing"]


def test_folders_and_archives_are_added_by_their_paths(project: Project, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "other", "thing", "1.0", {"thing.py": ""})
    make_source(project.root / "libs" / "plain", "plain")
    make_member(tmp_path / "edited", "edited", {"edited.py": ""})
    path = declare(project, ["base"])
    result = project.trail("add", "plain", cwd=project.root / "libs")
    assert "there is no project `plain` on any index" in result.err
    result = project.trail("add", "./plain", cwd=project.root / "libs")
    assert result.code == 0, result.err
    assert project.trail("add", wheel).code == 0
    assert project.trail("add", "--dev", "--editable", "../edited").code == 0
    document = tomllib.loads(path.read_text())
    assert document["project"]["dependencies"] == ["base", "plain", "thing"]
    assert document["dependency-groups"] == {"dev": ["edited"]}
    assert document["tool"]["trail"]["sources"] == {
        "plain": {"path": "libs/plain"},
        "thing": {"path": f"../other/{wheel.name}"},
        "edited": {"path": "../edited", "editable": True},
    }
    ran = project.trail("run", "--group", "dev", "python", "-c", "import plain, thing, edited")
    assert ran.code == 0, ran.err
    assert project.trail("remove", "--dev", "edited").code == 0
    assert "edited" not in path.read_text()


def test_a_path_replaces_an_address(project: Project) -> None:
    folder = make_source(project.root / "libs" / "plain", "plain")
    path = declare(project, [f"plain @ {folder.as_uri()}"])
    result = project.trail("add", "./libs/plain")
    assert result.code == 0, result.err
    assert dependencies(path) == ["plain"]
    assert 'plain = {path = "libs/plain"}' in path.read_text()


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["git+https://h.example/a"],
            [
                "error: `git+https://h.example/a` is an address without a name",
                "hint: trail add 'NAME @ git+https://h.example/a'",
            ],
        ),
        (
            ["./gone"],
            ["error: `./gone` is not there", "hint: write requirements as 'numpy>=2'"],
        ),
        (
            ["--editable", "base"],
            ["error: `base` is no folder, so it cannot be used in place"],
        ),
        (
            ["--editable", "a-1.0-py3-none-any.whl"],
            ["error: `a-1.0-py3-none-any.whl` is no folder, so it cannot be used in place"],
        ),
    ],
)
def test_what_cannot_be_added_is_told(project: Project, words: list[str], lines: list[str]) -> None:
    path = declare(project, [])
    before = path.read_bytes()
    (project.root / "a-1.0-py3-none-any.whl").touch()
    result = project.trail("add", *words)
    assert (result.code, result.err.splitlines()) == (2, lines)
    assert path.read_bytes() == before


def test_a_folder_without_a_name_must_be_named(project: Project) -> None:
    declare(project, [])
    (project.root / "old").mkdir()
    result = project.trail("add", "./old")
    assert result.err.splitlines() == [
        "error: nothing in `./old` tells its name",
        f"hint: trail add 'NAME @ {(project.root / 'old').as_uri()}'",
    ]


def test_removing_what_is_not_there_says_where_it_is(project: Project) -> None:
    more = (
        "[project.optional-dependencies]\nfast = ['colour']\n"
        "[dependency-groups]\nall = [{ include-group = 'test' }]\ntest = ['check']\n"
    )
    path = declare(project, ["app"], more)
    list_ = f"`project.dependencies` in `{path}`"
    for name, words in (
        ("colour", "hint: trail remove --extra fast colour"),
        ("Check", "hint: trail remove --group test Check"),
        ("ap", "hint: did you mean `app`?"),
        ("nothing", ""),
    ):
        result = project.trail("remove", name)
        assert result.code == 1
        lines = [f"error: {list_} does not name `{name}`", words]
        assert result.err.splitlines() == list(filter(None, lines))
    wrong = project.trail("remove", "--group", "tests", "app")
    assert wrong.err.splitlines() == [
        f"error: `dependency-groups.tests` in `{path}` does not name `app`",
        "hint: trail remove app",
    ]
    declare(project, ["app"])
    assert project.trail("lock").code == 0
    locked = project.trail("remove", "base")
    assert locked.err.splitlines() == [
        f"error: {list_} does not name `base`: others require it",
        "hint: trail why base",
    ]


def test_names_that_are_close_to_locked_ones_are_told(project: Project) -> None:
    declare(project, ["app"])
    assert project.trail("lock").code == 0
    for words in (["why", "bases"], ["tree", "Bases"]):
        result = project.trail(*words)
        assert result.err.splitlines() == [
            "error: the lock does not name `bases`",
            "hint: did you mean `base`?",
        ]


@pytest.mark.parametrize(
    "words", [["add", "base"], ["add", "--extra", "x", "base"], ["remove", "a"]]
)
def test_without_a_project_table_nothing_is_written(project: Project, words: list[str]) -> None:
    path = project.root / "pyproject.toml"
    path.write_text('[tool.poetry]\nname = "demo"\n')
    result = project.trail(*words)
    place = "project.optional-dependencies.x" if "--extra" in words else "project.dependencies"
    assert result.code == 1
    assert result.err == (
        f"error: `{path}` has no [project], the table that trail writes requirements to\n"
        f"  place: {place}\n"
        "hint: edit the table that has them by hand, then: trail lock\n"
    )
    assert path.read_text() == '[tool.poetry]\nname = "demo"\n'


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (
            "tool.pdm.dev-dependencies",
            "[tool.pdm.dev-dependencies]\ntest = ['base', '-e file:///${PROJECT_ROOT}/x']\n",
        ),
        ("tool.hatch.envs", "[tool.hatch.envs.default]\ndependencies = ['base']\n"),
    ],
)
def test_tables_that_are_not_read_are_told_of(project: Project, key: str, text: str) -> None:
    path = declare(project, ["app"], text)
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert result.err.count("is not read") == 1
    assert (
        f"warning: `{key}` in `{path}` is not read: write [dependency-groups] instead\n"
        in result.err
    )
