from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.members import write_files

from trail.errors import ProjectError
from trail.project.find import find_project
from trail.project.pyproject import load_pyproject
from trail.project.workspace import read_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from trail.project.workspace import Workspace


def member(name: str, more: str = "") -> str:
    return f"[project]\nname = '{name}'\nversion = '1'\n{more}\n"


def read(root: Path) -> Workspace:
    return read_workspace(load_pyproject(root / "pyproject.toml"))


def labels(workspace: Workspace) -> list[str]:
    return [workspace.label(one) for one in workspace.members]


@pytest.mark.parametrize(
    ("members", "exclude", "expected"),
    [
        (["libs/*"], [], ["libs/a", "libs/b"]),
        (["./libs/*/"], [], ["libs/a", "libs/b"]),
        (["libs/*"], ["libs/a"], ["libs/b"]),
        (["libs/*", "app"], ["libs/[b-z]"], ["app", "libs/a"]),
        (["libs/**"], [], ["libs/a", "libs/b", "libs/deep/c"]),
        (["libs/a", "libs/*"], [], ["libs/a", "libs/b"]),
        (["*"], [], ["app"]),
        ([".hidden/d"], [], [".hidden/d"]),
        (["nothing/*"], [], []),
        ([], [], []),
    ],
)
def test_members_and_what_is_left_out(
    tmp_path: Path, members: list[str], exclude: list[str], expected: list[str]
) -> None:
    places = ("app", "libs/a", "libs/b", "libs/deep/c", ".hidden/d", "elsewhere/e")
    write_files(
        tmp_path, {f"{place}/pyproject.toml": member(place.rpartition("/")[2]) for place in places}
    )
    for tool in ("trail", "uv"):
        write_files(
            tmp_path,
            {
                "pyproject.toml": (
                    f"[tool.{tool}.workspace]\nmembers = {members!r}\nexclude = {exclude!r}\n"
                ),
                "libs/empty/readme": "",
                "libs/file": "",
            },
        )
        assert labels(read(tmp_path)) == [f"{place}/pyproject.toml" for place in expected]


def test_trails_own_declaration_goes_before_uvs(tmp_path: Path) -> None:
    text = "[tool.uv.workspace]\nmembers = ['a']\n[tool.trail.workspace]\nmembers = ['b']\n"
    write_files(
        tmp_path,
        {
            "pyproject.toml": text,
            "a/pyproject.toml": member("a"),
            "b/pyproject.toml": member("b"),
        },
    )
    assert labels(read(tmp_path)) == ["b/pyproject.toml"]


def test_requires_python_is_what_all_support(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "pyproject.toml": member("top", "requires-python = '>=3.9,<4'")
            + "[tool.trail.workspace]\nmembers = ['*']\n",
            "a/pyproject.toml": member("a", "requires-python = '>=3.11'"),
            "b/pyproject.toml": member("b", "requires-python = '>=3.8,!=3.12.1'"),
            "c/pyproject.toml": member("c"),
        },
    )
    workspace = read(tmp_path)
    assert str(workspace.requires_python) == "!=3.12.1,<4,>=3.11"
    assert workspace.names == {"top", "a", "b", "c"}
    (tmp_path / "pyproject.toml").write_text(member("top", "requires-python = '>=3.9'"))
    alone = read(tmp_path)
    assert (str(alone.requires_python), alone.names) == (">=3.9", frozenset())


def test_the_root_is_found_from_a_member(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "pyproject.toml": (
                "[tool.trail.workspace]\nmembers = ['libs/*']\nexclude = ['libs/x']\n"
            ),
            "pylock.toml": "",
            ".python-version": "3.12",
            "libs/a/pyproject.toml": member("a"),
            "libs/a/src/a/__init__.py": "",
            "libs/a/.python-version": "3.11",
            "libs/a/examples/one/pyproject.toml": member("one"),
            "libs/b/pyproject.toml": member("b"),
            "libs/x/pyproject.toml": member("x"),
            "tools/pyproject.toml": member("tools"),
        },
    )
    inside = find_project(tmp_path / "libs/a/src/a")
    assert inside is not None
    assert (inside.root, inside.place) == (tmp_path, tmp_path / "libs/a")
    assert inside.lock_path == tmp_path / "pylock.toml"
    assert inside.version_file == tmp_path / "libs/a/.python-version"
    assert inside.here is not None
    assert inside.here.name == "a"
    other = find_project(tmp_path / "libs/b")
    assert other is not None
    assert other.version_file == tmp_path / ".python-version"
    top = find_project(tmp_path / "libs")
    assert top is not None
    assert (top.root, top.place, top.here) == (tmp_path, tmp_path, top.pyproject)
    for place in ("libs/a/examples/one", "libs/x", "tools"):
        alone = find_project(tmp_path / place)
        assert alone is not None
        assert (alone.root, alone.lock_path) == (tmp_path / place, None)


def test_a_workspace_below_another_is_its_own(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "pyproject.toml": "[tool.trail.workspace]\nmembers = ['*']\n",
            "a/pyproject.toml": member("a") + "[tool.trail.workspace]\nmembers = ['b']\n",
            "a/b/pyproject.toml": member("b"),
        },
    )
    inner = find_project(tmp_path / "a" / "b")
    assert inner is not None
    assert inner.root == tmp_path / "a"


def test_the_member_that_a_name_means(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "pyproject.toml": "[tool.trail.workspace]\nmembers = ['a']\n",
            "a/pyproject.toml": member("A.b_C"),
        },
    )
    workspace = read(tmp_path)
    assert workspace.named(next(iter(workspace.names))).folder == tmp_path / "a"
    with pytest.raises(ProjectError) as caught:
        workspace.named(load_pyproject(tmp_path / "a/pyproject.toml").name and "b")  # type: ignore[arg-type]
    assert caught.value.details == (("projects", "a-b-c"),)
