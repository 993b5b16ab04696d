from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.errors import ProjectError
from trail.project.find import find_project

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_nothing(tmp_path: Path) -> None:
    assert find_project(tmp_path) is None


def test_a_pyproject_above(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[project]\nname = "demo"\n')
    start = tmp_path / "src" / "demo"
    start.mkdir(parents=True)
    project = find_project(start)
    assert project is not None
    assert project.root == tmp_path
    assert project.pyproject is not None
    assert project.pyproject.name == "demo"
    assert project.lock_path is None
    assert project.version_file is None


def test_a_lock_alone(tmp_path: Path) -> None:
    lock = write(tmp_path / "pylock.toml")
    project = find_project(tmp_path)
    assert project is not None
    assert (project.root, project.pyproject, project.lock_path) == (tmp_path, None, lock)


def test_the_nearest_one_counts(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml")
    write(tmp_path / "pylock.toml")
    inner = write(tmp_path / "inner" / "pylock.toml")
    project = find_project(tmp_path / "inner")
    assert project is not None
    assert (project.root, project.pyproject, project.lock_path) == (inner.parent, None, inner)


def test_a_lock_goes_before_requirements(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml")
    requirements = write(tmp_path / "requirements.txt")
    project = find_project(tmp_path)
    assert project is not None
    assert project.lock_path == requirements
    lock = write(tmp_path / "pylock.toml")
    project = find_project(tmp_path)
    assert project is not None
    assert project.lock_path == lock


def test_requirements_alone_count_in_the_start_folder(tmp_path: Path) -> None:
    requirements = write(tmp_path / "requirements.txt")
    (tmp_path / "inner").mkdir()
    project = find_project(tmp_path)
    assert project is not None
    assert (project.root, project.lock_path) == (tmp_path, requirements)
    assert find_project(tmp_path / "inner") is None


def test_requirements_do_not_hide_the_project_around_them(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml")
    write(tmp_path / "docs" / "requirements.txt")
    project = find_project(tmp_path / "docs")
    assert project is not None
    assert (project.root, project.lock_path) == (tmp_path, None)


def test_the_nearest_version_file_within_the_project(tmp_path: Path) -> None:
    write(tmp_path / ".python-version", "3.8\n")
    write(tmp_path / "project" / "pyproject.toml")
    (tmp_path / "project" / "src").mkdir()
    project = find_project(tmp_path / "project" / "src")
    assert project is not None
    assert project.version_file is None
    outer = write(tmp_path / "project" / ".python-version", "3.12\n")
    project = find_project(tmp_path / "project" / "src")
    assert project is not None
    assert project.version_file == outer


def test_folders_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    (tmp_path / "pylock.toml").mkdir()
    assert find_project(tmp_path) is None


def test_a_pyproject_that_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[project\n")
    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path)
    assert caught.value.message == f"`{path}` is not valid TOML"
    assert caught.value.details[0] == ("place", "line 1, column 9")
