from __future__ import annotations

from pathlib import Path

import pytest

from trail.errors import ProjectError
from trail.model import EntryPoint
from trail.project.pyproject import PyProject, read_pyproject

PATH = Path("pyproject.toml")
FULL = """
[project]
name = "My.Project"
dynamic = ["version"]
requires-python = ">=3.9"
dependencies = ["numpy>=1; python_version > '3'", "six"]

[project.optional-dependencies]
Web_UI = ["flask[async]>=2"]

[project.scripts]
run = "demo:main"
alpha = "demo:alpha"

[project.gui-scripts]
window = "demo:window"

[dependency-groups]
Test_All = ["pytest", {include-group = "types"}]
types = ["mypy"]
dev = [{include-group = "test-all"}, {include-group = "types"}]

[tool.trail]
strict = true
platforms = ["current"]
"""


def read(text: str) -> PyProject:
    return read_pyproject(text.encode(), PATH)


def test_everything() -> None:
    found = read(FULL)
    assert found.path == PATH
    assert found.name == "my-project"
    assert str(found.requires_python) == ">=3.9"
    assert list(map(str, found.dependencies)) == ['numpy>=1; python_version > "3"', "six"]
    assert {name: list(map(str, needs)) for name, needs in found.extras.items()} == {
        "web-ui": ["flask[async]>=2"]
    }
    assert {name: list(map(str, needs)) for name, needs in found.groups.items()} == {
        "test-all": ["pytest", "mypy"],
        "types": ["mypy"],
        "dev": ["pytest", "mypy", "mypy"],
    }
    assert found.scripts == (
        EntryPoint(name="alpha", value="demo:alpha"),
        EntryPoint(name="run", value="demo:main"),
        EntryPoint(name="window", value="demo:window", gui=True),
    )
    assert found.dynamic == {"version"}
    assert found.trail == {"strict": True, "platforms": ["current"]}


def test_groups_that_uv_limits_to_some_pythons() -> None:
    found = read(
        "[dependency-groups]\nDocs = ['sphinx; os_name == \"nt\"', 'furo']\nall = ["
        "{include-group = 'docs'}, 'ruff']\n[tool.uv.dependency-groups]\n"
        "docs = { requires-python = '>=3.12,<4' }\nnone = { requires-python = '>=3.9' }\n"
    )
    limit = 'python_full_version < "4" and python_full_version >= "3.12"'
    assert {name: list(map(str, needs)) for name, needs in found.groups.items()} == {
        "docs": [f'sphinx; os_name == "nt" and {limit}', f"furo; {limit}"],
        "all": [f'sphinx; os_name == "nt" and {limit}', f"furo; {limit}", "ruff"],
    }
    with pytest.raises(ProjectError) as caught:
        read("[dependency-groups]\na = []\n[tool.uv.dependency-groups.a]\nrequires-python = 'x'")
    assert caught.value.details[0] == ("key", "tool.uv.dependency-groups.a.requires-python")


def test_nothing() -> None:
    assert read("") == PyProject(path=PATH)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("project = 3", "project", "it is not a table"),
        ("[project]\nversion = '1'", "project.name", "it is missing"),
        ("[project]\nname = 3", "project.name", "it is not text"),
        (
            "[project]\nname = 'a'\nrequires-python = '3'",
            "project.requires-python",
            "invalid specifier: '3'",
        ),
        ("[project]\nname = 'a'\ndependencies = 'b'", "project.dependencies", "it is not a list"),
        (
            "[project]\nname = 'a'\ndependencies = ['b', 3]",
            "project.dependencies[1]",
            "it is not text",
        ),
        (
            "[project]\nname = 'a'\ndependencies = ['b', 'c d']",
            "project.dependencies[1]",
            "expected semicolon (after name with no version specifier) or end",
        ),
        (
            "[project]\nname = 'a'\noptional-dependencies.x = ['b c']",
            "project.optional-dependencies.x[0]",
            "expected semicolon (after name with no version specifier) or end",
        ),
        ("[project]\nname = 'a'\nscripts.x = 3", "project.scripts.x", "it is not text"),
        (
            "[dependency-groups]\na = 'b'",
            "dependency-groups.a",
            "dependency group 'a' contained a string rather than a list",
        ),
        (
            "[dependency-groups]\na = [{include-group = 'b'}]",
            "dependency-groups.a",
            "dependency group 'b' not found",
        ),
        (
            "[dependency-groups]\na = [{include-group = 'a'}]",
            "dependency-groups.a",
            "cyclic dependency group include while resolving a: a includes itself",
        ),
        ("[tool]\ntrail = 3", "tool.trail", "it is not a table"),
    ],
)
def test_wrong_values(text: str, key: str, problem: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read(text)
    assert caught.value.message == "`pyproject.toml` has a wrong value"
    assert caught.value.details == (("key", key), ("problem", problem))


def test_no_toml() -> None:
    with pytest.raises(ProjectError) as caught:
        read("[project]\nname = demo\n")
    assert caught.value.message == "`pyproject.toml` is not valid TOML"
    assert caught.value.details == (("place", "line 2, column 8"), ("problem", "invalid value"))


def test_groups_from_before_there_were_any() -> None:
    text = (
        "[dependency-groups]\ndev = ['a']\n[tool.uv]\ndev-dependencies = ['b']\n"
        "[tool.rye]\ndev-dependencies = ['c']\n"
        "[tool.pdm.dev-dependencies]\ndev = ['d']\nMy_Docs = ['e>=1; python_version < \"3.13\"']\n"
    )
    project = read_pyproject(text.encode(), Path("pyproject.toml"))
    assert {name: [*map(str, needs)] for name, needs in project.groups.items()} == {
        "dev": ["a", "b", "c", "d"],
        "my-docs": ['e>=1; python_version < "3.13"'],
    }
    assert project.unread == ()


def test_a_wrong_requirement_in_a_group_of_pdm_is_named() -> None:
    with pytest.raises(ProjectError) as caught:
        read("[tool.pdm.dev-dependencies]\ntest = ['a', 'b c']\n")
    assert caught.value.details[0] == ("key", "tool.pdm.dev-dependencies.test[1]")


def test_environments_without_requirements_are_none_of_its_business() -> None:
    text = "[tool.hatch.envs.a.scripts]\nt = 'pytest'\n"
    assert read_pyproject(text.encode(), Path("pyproject.toml")).unread == ()
    text = "[tool.hatch.envs.a]\nextra-dependencies = ['b']\n"
    assert read_pyproject(text.encode(), Path("pyproject.toml")).unread == ("tool.hatch.envs",)
