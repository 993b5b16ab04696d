"""What a failed import says in a real project, and what helps then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    one = make_wheel(tmp_path, "one", "1.0", {"one.py": ""})
    two = make_wheel(tmp_path, "two-things", "1.0", {"second.py": "print('here')\n"})
    three = make_wheel(tmp_path, "three", "1.0", {"third.py": ""})
    project.lock(
        [one, package(two, marker='"test" in dependency_groups')],
        head='dependency-groups = ["test"]',
    )
    assert project.trail("install", three).code == 0  # of another project
    return project


def test_a_group_that_was_not_chosen(project: Project) -> None:
    assert project.trail("run", "--group", "test", "python", "-c", "import second").out == "here\n"
    result = project.trail("run", "python", "-c", "import second")
    assert result.code == 1
    assert result.err.splitlines()[-3:] == [
        "ModuleNotFoundError: No module named 'second'",
        "`second` is part of `two-things`, which is locked for the group `test`",
        "hint: trail run --group test COMMAND",
    ]


def test_what_is_in_the_depot_but_not_in_the_lock(project: Project) -> None:
    result = project.trail("run", "python", "-c", "import third")
    assert result.err.splitlines()[-2:] == [
        "`third` is part of `three`, which is not in the lock",
        "hint: trail add three",
    ]
