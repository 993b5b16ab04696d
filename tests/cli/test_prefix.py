"""`trail prefix`, and `.venv` in a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.lock([make_wheel(tmp_path, "one", "1.0", {"one.py": ""})])
    return project


def test_the_path_is_a_folder_with_a_python(project: Project) -> None:
    path = Path(project.trail("prefix", "path").out.rstrip("\n"))
    assert (path / "pyvenv.cfg").is_file()
    assert (path / "bin" / "python").exists()


def test_show_says_what_it_holds(project: Project) -> None:
    shown = json.loads(project.trail("prefix", "show", "--json").out)
    assert [entry.split("/")[0] for entry in shown["entries"]] == ["one"]
    assert Path(shown["python"]).exists()
    assert "  one 1.0\n" in project.trail("prefix", "show").out


@pytest.mark.parametrize("options", [[], ["--file"]], ids=["link", "file"])
def test_the_link_is_made_and_kept_current(
    project: Project, tmp_path: Path, options: list[str]
) -> None:
    result = project.trail("prefix", "link", *options)
    assert result.code == 0, result.err
    place = project.root / ".venv"

    def target() -> str:
        return place.read_text().strip() if options else str(place.readlink())

    assert place.is_symlink() == (not options)
    assert target() == project.trail("prefix", "path").out.strip()
    project.lock([make_wheel(tmp_path, "two", "1.0", {"two.py": ""})])
    assert project.trail("run", "python", "-c", "import two").code == 0
    assert target() == project.trail("prefix", "path").out.strip()


def test_runs_with_other_options_leave_the_link(project: Project, tmp_path: Path) -> None:
    two = package(
        make_wheel(tmp_path, "two", "1.0", {"two.py": ""}), marker='"test" in dependency_groups'
    )
    wheels: list[Path | str] = [tmp_path / "one-1.0-py3-none-any.whl", two]
    project.lock(wheels, head='dependency-groups = ["test"]')
    assert project.trail("prefix", "link", "--group", "test").code == 0
    linked = (project.root / ".venv").readlink()
    assert project.trail("run", "python", "-c", "import one").code == 0
    assert project.trail("prefix", "path").code == 0
    assert (project.root / ".venv").readlink() == linked
    three = make_wheel(tmp_path, "three", "1.0", {"three.py": ""})
    project.lock([*wheels, three], head='dependency-groups = ["test"]')
    assert project.trail("run", "python", "-c", "import three").code == 0
    assert (project.root / ".venv").readlink() == linked
    assert project.trail("run", "--group", "test", "python", "-c", "import two, three").code == 0
    path = project.trail("prefix", "path", "--group", "test").out.strip()
    assert str((project.root / ".venv").readlink()) == path != str(linked)


def test_the_link_is_kept_from_collection(project: Project) -> None:
    assert project.trail("prefix", "link").code == 0
    assert project.trail("depot", "gc", "--days", "0").code == 0
    assert (project.root / ".venv" / "pyvenv.cfg").is_file()


def test_a_strange_venv_stays(project: Project) -> None:
    place = project.root / ".venv"
    place.mkdir()
    result = project.trail("prefix", "link")
    assert result.code == 1
    assert result.err == (
        f"error: `{place}` is there already, and trail did not make it\n"
        "hint: move it away first: mv .venv old.venv\n"
    )
    assert project.trail("run", "python", "-c", "import one").code == 0
    assert place.is_dir()
    assert not place.is_symlink()
