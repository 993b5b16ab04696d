"""Projects of Poetry as they are: locked and run with what `poetry install` would install."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import make_source
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = '[tool.poetry]\nname = "demo"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.11"\n'


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    for name in ("base", "tool", "docs"):
        for version in ("1.0", "1.5", "2.0"):
            make_wheel(folder, name, version, {f"{name}.py": f"version = '{version}'\n"})
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url)


def write(project: Project, text: str) -> Path:
    path = project.root / "pyproject.toml"
    path.write_text(text)
    return path


def locked(project: Project) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package for package in document["packages"]}


def test_groups_that_are_not_optional_are_there_unasked(project: Project) -> None:
    write(
        project,
        f"{HEAD}base = '^1.0'\n"
        "[tool.poetry.group.test.dependencies]\ntool = '~1.0 || ^2'\n"
        "[tool.poetry.group.docs]\noptional = true\n"
        "[tool.poetry.group.docs.dependencies]\ndocs = '1.*'\n",
    )
    result = project.trail("lock")
    assert (result.code, "warning" in result.err) == (1, False), result.err
    assert "no version specifier (PEP 440) says `~1.0 || ^2`" in result.err
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text().replace("~1.0 || ^2", "^1 || ^2"))
    assert project.trail("lock").code == 0
    assert {name: one["version"] for name, one in locked(project).items()} == {
        "base": "1.5",
        "tool": "2.0",
        "docs": "1.5",
    }
    code = "import base, tool; print(base.version, tool.version)"
    assert project.trail("run", "python", "-c", code).out == "1.5 2.0\n"
    assert project.trail("run", "python", "-c", "import docs").code == 1
    assert project.trail("run", "--group", "docs", "python", "-c", "import docs").code == 0
    assert project.trail("run", "--no-default-groups", "python", "-c", "import tool").code == 1
    assert project.trail("lock", "--check").code == 0


def test_a_constraint_that_cannot_be_said_is_named(project: Project) -> None:
    path = write(project, f"{HEAD}base = '1.0 || 2.0'\n")
    result = project.trail("lock")
    assert (result.code, result.err) == (
        1,
        (
            f"error: `{path}` has a constraint that no lock can be made from\n"
            "  key:     tool.poetry.dependencies.base\n"
            "  problem: no version specifier (PEP 440) says `1.0 || 2.0`\n"
            'hint: write one range, such as `base = ">=1.0,<=2.0"`, or [project] dependencies ='
            ' ["base>=1.0,<=2.0"]\n'
        ),
    )
    assert not (project.root / "pylock.toml").exists()


def test_a_folder_is_used_in_place(project: Project, tmp_path: Path) -> None:
    source = make_source(tmp_path / "thing", requires=("base<2",))
    write(
        project,
        f"{HEAD}[tool.poetry.group.dev.dependencies]\n"
        f"thing = {{ path = '{source}', develop = true }}\n",
    )
    assert project.trail("lock").code == 0
    assert locked(project)["thing"]["directory"]["editable"] is True
    assert locked(project)["base"]["version"] == "1.5"
    assert project.trail("run", "python", "-c", "import thing").code == 0


def test_what_poetry_keeps_is_not_written_to(project: Project) -> None:
    text = f"{HEAD}[tool.poetry.group.test.dependencies]\ntool = '*'\n"
    path = write(project, text)
    for words in (["add", "--group", "Test", "base"], ["remove", "--group", "test", "tool"]):
        result = project.trail(*words)
        assert (result.code, result.err) == (
            1,
            (
                f"error: `{path}` has the group `{words[2]}` in a table of Poetry, which trail"
                " does not write to\n"
                "  place: tool.poetry.group.test\n"
                "hint: edit it by hand, then: trail lock\n"
            ),
        )
    result = project.trail("add", "base")
    assert "has no [project], the table that trail writes requirements to" in result.err
    assert path.read_text() == text
    assert project.trail("add", "--group", "new", "base").code == 0
    assert locked(project).keys() == {"base", "tool"}


def test_sources_of_poetry(project: Project, tmp_path: Path) -> None:
    """One that is explicit has what names it; the others have what the first of them has."""
    folder = tmp_path / "company"
    make_wheel(folder, "base", "9.0", {"base.py": ""})
    make_wheel(folder, "tool", "9.0", {"tool.py": ""})
    with serve_index(folder) as company:
        address = company.url.replace("://", "://user:secret@")
        source = f"[[tool.poetry.source]]\nname = 'Company'\nurl = '{address}'\n"
        text = f"{HEAD}base = {{ version = '*', source = 'company' }}\ntool = '*'\n{source}"
        write(project, f"{text}priority = 'explicit'\n")
        result = project.trail("lock")
        assert result.code == 0, result.err
        assert {name: one["version"] for name, one in locked(project).items()} == {
            "base": "9.0",
            "tool": "2.0",
        }
        assert "secret" not in result.err + (project.root / "pylock.toml").read_text()
        write(project, text)
        assert project.trail("lock", "--upgrade").code == 0
        assert locked(project)["tool"]["version"] == "9.0"
        write(project, f"{text}priority = 'supplemental'\n")
        assert project.trail("lock", "--upgrade").code == 0
        assert locked(project)["tool"]["version"] == "2.0"


def test_what_of_pdms_sources_is_not_taken_over(project: Project, index: IndexServer) -> None:
    path = write(
        project,
        "[project]\nname = 'demo'\nversion = '1'\nrequires-python = '>=3.11'\n"
        "dependencies = ['base']\n[[tool.pdm.source]]\nname = 'company'\n"
        f"url = '{index.url}'\nexclude_packages = ['tool']\n",
    )
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert (
        f"warning: `tool.pdm.source[0].exclude_packages` in `{path}` is not taken over:"
        " write [[tool.trail.index]] instead\n" in result.err
    )
