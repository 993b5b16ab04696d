"""`[tool.trail] strict = true`, `--strict` and `--no-strict`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[project]
name = "demo"
version = "1"
dependencies = ["outer", "demo[own]"]
[project.optional-dependencies]
own = ["own-extra"]
plot = ["plotter"]
[dependency-groups]
test = ["tester"]
[tool.trail]
strict = true
"""
ERROR = """\
ModuleNotFoundError: No module named 'inner': this project does not declare `inner` (there for \
`outer`)
hint: trail add inner
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    (project.root / "pyproject.toml").write_text(PYPROJECT)
    outer = {"outer.py": "import inner\n"}
    project.lock(
        [
            make_wheel(tmp_path, "outer", "1.0", outer, requires=["inner"]),
            make_wheel(tmp_path, "inner", "1.0", {"inner.py": ""}),
            make_wheel(tmp_path, "own-extra", "1.0", {"own_extra.py": ""}),
            package(
                make_wheel(tmp_path, "plotter", "1.0", {"plotter.py": ""}),
                marker='"plot" in extras',
            ),
            make_wheel(tmp_path, "tester", "1.0", {"tester.py": ""}),
        ],
        head='dependency-groups = ["test"]\nextras = ["plot"]',
    )
    return project


def test_only_what_is_declared_can_be_imported(project: Project) -> None:
    result = project.trail("run", "--frozen", "python", "-c", "import outer, own_extra, inner")
    assert result.code == 1
    assert result.err.endswith(ERROR)
    again = project.trail("run", "--frozen", "python", "-c", "import outer, own_extra, inner")
    assert again.err.endswith(ERROR)  # the fast path


def test_extras_and_groups_count_where_they_are_chosen(project: Project) -> None:
    words = ("python", "-c", "import plotter, tester")
    chosen = project.trail("run", "--frozen", "--extra", "plot", "--group", "test", *words)
    assert chosen.code == 0, chosen.err
    result = project.trail("run", "--frozen", "--extra", "plot", *words)
    assert "`plotter`" not in result.err
    assert result.err.endswith("hint: trail add tester\n")


def test_the_command_line_decides(project: Project) -> None:
    words = ("--frozen", "python", "-c", "import outer, inner")
    for _ in range(2):  # the second time on the fast path
        assert project.trail("run", "--no-strict", *words).code == 0
        assert project.trail("run", *words).err.endswith(ERROR)
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text.replace("strict = true", ""))
    assert project.trail("run", *words).code == 0
    assert project.trail("run", "--strict", *words).err.endswith(ERROR)


def test_a_declaration_helps(project: Project) -> None:
    words = ("run", "--frozen", "python", "-c", "import outer, inner")
    assert project.trail(*words).code == 1
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text.replace('["outer",', '["outer", "Inner>=1",'))
    assert project.trail(*words).code == 0


def test_strictness_is_that_of_one_project(project: Project) -> None:
    other = Project(project.root.with_name("other"), project.depot)
    other.root.mkdir()
    (other.root / "pylock.toml").write_text((project.root / "pylock.toml").read_text())
    assert project.trail("run", "--frozen", "python", "-c", "import inner").code == 1
    assert other.trail("run", "--frozen", "python", "-c", "import inner").code == 0


def test_it_takes_a_project_to_be_strict(project: Project) -> None:
    (project.root / "pyproject.toml").unlink()
    result = project.trail("run", "--strict", "python", "-c", "import inner")
    assert (result.code, result.err.splitlines()[-3:]) == (
        1,
        [
            "error: `--strict` needs a project that declares what it requires",
            "  looked for: pyproject.toml",
            "hint: trail init",
        ],
    )
