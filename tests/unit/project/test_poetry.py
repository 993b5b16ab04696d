from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from poetry.core.factory import Factory

from trail.errors import ProjectError
from trail.model import EntryPoint
from trail.project.pyproject import read_pyproject
from trail.project.sources import rules_of
from trail.project.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from trail.project.pyproject import PyProject

BUILD = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
MAIN = f"""
{BUILD}
[tool.poetry]
name = "Demo.App"
version = "1.2"
description = "one"
authors = ["A <a@example.org>"]

[tool.poetry.scripts]
demo = "demo:main"
long = {{ reference = "demo:long", type = "console" }}
file = {{ reference = "x.sh", type = "file" }}

[tool.poetry.dependencies]
python = "^3.9"
base = "^1"
exact = "1.2"
tilde = "~2.1"
star = "2.*"
other = {{ version = ">=1 <3", extras = ["fast"], markers = "os_name == 'nt'" }}
several = [
  {{ version = "^1", python = "<3.10" }},
  {{ version = "^2", python = ">=3.10", platform = "win32" }},
]
optional = {{ version = "^0.2", optional = true }}
unneeded = {{ version = "^4", optional = true }}

[tool.poetry.extras]
full = ["optional"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def read(path: Path, text: str) -> PyProject:
    return read_pyproject(text.encode(), path)


def texts(requirements: Iterable[Requirement]) -> list[str]:
    return list(map(str, requirements))


def groups(project: PyProject) -> Mapping[str, list[str]]:
    return {name: texts(found) for name, found in project.groups.items()}


def test_what_a_project_requires(path: Path) -> None:
    found = read(path, MAIN)
    assert (found.name, found.version, found.package) == ("demo-app", "1.2", True)
    assert (
        found.requires_python
        == read(path, "[project]\nname='a'\nrequires-python='<4,>=3.9'").requires_python
    )
    assert texts(found.dependencies) == [
        "base<2,>=1",
        "exact==1.2",
        "tilde<2.2,>=2.1",
        "star==2.*",
        'other[fast]<3,>=1; os_name == "nt"',
        'several<2,>=1; python_version < "3.10"',
        'several<3,>=2; python_version >= "3.10" and sys_platform == "win32"',
    ]
    assert {name: texts(needs) for name, needs in found.extras.items()} == {
        "full": ["optional<0.3,>=0.2"]
    }
    assert found.scripts == (
        EntryPoint(name="demo", value="demo:main"),
        EntryPoint(name="long", value="demo:long"),
    )
    assert found.unsaid == ()


def test_poetry_writes_the_same_into_metadata(path: Path) -> None:
    path.write_text(MAIN)
    package = Factory().create_poetry(path.parent).package
    found = read(path, MAIN)
    own = [*found.dependencies, *found.extras["full"]]  # type: ignore[index]  # normalised
    needed = [one for one in package.requires if not one.is_optional() or one.in_extras]
    theirs = [Requirement(one.to_pep_508(with_extras=False)) for one in needed]
    versions = [f"{major}.{minor}" for major in range(6) for minor in range(4)]
    environments = [
        {"python_version": python, "python_full_version": f"{python}.1", "os_name": name}
        | {"sys_platform": platform}
        for python in ("3.8", "3.9", "3.10", "3.13")
        for name, platform in (("nt", "win32"), ("posix", "linux"))
    ]
    assert len(own) == len(theirs)
    for ours, other in zip(own, theirs, strict=True):
        assert (canonicalize_name(ours.name), ours.extras) == (other.name, other.extras)
        for version in versions:
            assert ours.specifier.contains(version) == other.specifier.contains(version), other
        for environment in environments:
            holds = ours.marker is None or ours.marker.evaluate(environment)
            assert holds == (other.marker is None or other.marker.evaluate(environment)), other


@pytest.mark.parametrize(
    ("text", "name", "package"),
    [
        ("[tool.poetry]\nname = 'a'\n", "a", False),
        (f"{BUILD}[tool.poetry]\nname = 'a'\npackage-mode = false\n", "a", False),
        (f"{BUILD}[tool.poetry]\npackage-mode = false\n", None, False),
        (
            "[tool.poetry]\nname = 'a'\n[build-system]\nrequires = []\nbuild-backend = 'mine'\n",
            None,
            True,
        ),
    ],
)
def test_who_tells_what_is_required(path: Path, text: str, name: str | None, package: bool) -> None:
    found = read(path, text + "[tool.poetry.dependencies]\nbase = '^1'\n")
    assert (found.name, found.package) == (name, package)
    assert texts(found.dependencies) == ([] if package else ["base<2,>=1"])


def test_a_project_table_goes_first_and_poetry_says_more_of_it(path: Path) -> None:
    more = "[tool.poetry.dependencies]\npython = '<3.13'\nbase = '<3'\nother = '^1'\n"
    head = "[project]\nname = 'a'\nrequires-python = '>=3.9'\n"
    found = read(path, f"{head}dependencies = ['base>=1', 'plain']\n{more}")
    assert texts(found.dependencies) == ["base<3,>=1", "plain"]
    assert str(found.requires_python) == "<3.13,>=3.9"
    assert texts(read(path, head + more).dependencies) == ["base<3", "other<2,>=1"]
    dynamic = f"{head}dynamic = ['dependencies']\n{more}"
    assert read(path, dynamic).dependencies == ()


def test_groups(path: Path) -> None:
    found = read(
        path,
        "[tool.poetry.group.My_Test.dependencies]\npython = '*'\nbase = '^1 || ^3'\n"
        "rare = { version = '*', optional = true }\n"
        "early = { version = '^1.0', allow-prereleases = true }\n"
        "[tool.poetry.group.docs]\noptional = true\ninclude-groups = ['my-test']\n"
        "[tool.poetry.group.docs.dependencies]\nsphinx = '*'\n"
        "[tool.poetry.dev-dependencies]\nblack = '~24'\n",
    )
    test = ["base!=2.*,<4,>=1", "early<2,>=0.dev0,>=1.0"]
    assert groups(found) == {
        "my-test": test,
        "docs": ["sphinx", *test],
        "dev": ["black<25,>=24"],
    }
    assert found.default_groups == ("dev", "my-test")
    assert found.unread == ()


def test_listed_groups_go_first_as_poetry_2_has_it(path: Path) -> None:
    found = read(
        path,
        "[dependency-groups]\ntest = ['base>=1', 'plain']\nempty = []\n"
        "[tool.poetry.group.test]\noptional = true\n[tool.poetry.group.test.dependencies]\n"
        "base = '<3'\ngone = '*'\n[tool.poetry.group.empty.dependencies]\nbase = '*'\n",
    )
    assert groups(found) == {"test": ["base<3,>=1", "plain"], "empty": ["base"]}
    assert found.default_groups == ("empty",)
    assert found.group_keepers == {"empty": "tool.poetry.group.empty"}


def test_where_packages_come_from(path: Path) -> None:
    (path.parent / "lib").mkdir()
    text = (
        "[tool.poetry.dependencies]\n"
        "lib = { path = 'lib', develop = true }\nbuilt = { path = 'lib' }\n"
        "archive = { url = 'https://host/a-1.zip', subdirectory = 'x' }\n"
        "[tool.poetry.group.test.dependencies]\n"
        "code = [{ git = 'https://host/c.git', rev = 'abc', markers = \"os_name == 'nt'\" },"
        " { version = '^1', markers = \"os_name != 'nt'\" }]\n"
        "[tool.poetry.group.all]\ninclude-groups = ['test']\n"
    )
    project = read(path, text)
    rules = rules_of(project, Workspace(root=project))
    assert {
        name: [(one.path, one.url, one.editable) for one in found] for name, found in rules.items()
    } == {
        "lib": [(path.parent / "lib", None, True)],
        "built": [(path.parent / "lib", None, False)],
        "archive": [(None, "https://host/a-1.zip#subdirectory=x", False)],
        "code": [(None, "git+https://host/c.git@abc", False)] * 2,
    }
    code = rules["code"]  # type: ignore[index]  # normalised
    assert [(one.group, one.marker) for one in code] == [
        ("test", 'os_name == "nt"'),
        ("all", 'os_name == "nt"'),
    ]
    assert groups(project)["test"] == ['code; os_name == "nt"', 'code<2,>=1; os_name != "nt"']


def test_constraints_that_cannot_be_said(path: Path) -> None:
    hint = (
        'write one range, such as `base = ">=1.2,<4"`, or [dependency-groups] test = '
        '["base>=1.2,<4"]'
    )
    found = read(path, "[tool.poetry.group.test.dependencies]\nbase = '~1.2 || ^3'\nx = '^one'\n")
    assert [(one.key, one.problem, one.hint, one.group) for one in found.unsaid] == [
        (
            "tool.poetry.group.test.dependencies.base",
            "no version specifier (PEP 440) says `~1.2 || ^3`",
            hint,
            "test",
        ),
        (
            "tool.poetry.group.test.dependencies.x",
            "`^one` is no constraint of versions",
            None,
            "test",
        ),
    ]
    (unsaid,) = read(path, "[tool.poetry.dependencies]\npython = '3.8.1 || 3.10.2'\n").unsaid
    assert (unsaid.key, unsaid.group) == ("tool.poetry.dependencies.python", None)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("[tool]\npoetry = 1\n", "tool.poetry", "it is not a table"),
        (
            "[tool.poetry.dependencies]\nbase = 1\n",
            "tool.poetry.dependencies.base",
            "it is neither a table nor a list of tables",
        ),
        (
            "[tool.poetry.dependencies]\nbase = { python = 'new' }\n",
            "tool.poetry.dependencies.base.python",
            "`new` is no constraint of versions",
        ),
        (
            "[tool.poetry.group.a]\ninclude-groups = ['b']\n",
            "tool.poetry.group.a.include-groups",
            "there is no group `b`",
        ),
    ],
)
def test_wrong_values(path: Path, text: str, key: str, problem: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read(path, text)
    assert caught.value.details == (("key", key), ("problem", problem))
