from __future__ import annotations

from pathlib import Path

import pytest

from trail.project.pyproject import PyProject, read_pyproject
from trail.project.sources import rules_of
from trail.project.workspace import Workspace
from trail.settings import IndexSettings, default_index, read_settings

ONE, TWO, THREE = (f"https://host/{name}/" for name in ("one", "two", "three"))
PYPI = default_index()


def read(text: str) -> PyProject:
    return read_pyproject(text.encode(), Path("pyproject.toml"))


def settings_of(project: PyProject, **environ: str) -> IndexSettings:
    return read_settings(
        environ,
        cwd=Path("/work"),
        indexes=project.indexes,
        project_file=project.path,
        pip_files=(),
    ).index


def poetry(*sources: tuple[str, str, str]) -> str:
    """Write sources: name, address and priority."""
    return "".join(
        f"[[tool.poetry.source]]\nname = '{name}'\n"
        + (f"url = '{url}'\n" if url else "")
        + (f"priority = '{priority}'\n" if priority else "")
        for name, url, priority in sources
    )


@pytest.mark.parametrize(
    ("sources", "asked"),
    [
        ([("One", ONE, "")], [ONE]),
        ([("one", ONE, "primary"), ("two", TWO, "primary")], [ONE, TWO]),
        ([("one", ONE, "primary"), ("PyPI", "", "")], [ONE, PYPI]),
        ([("PyPI", "", "primary"), ("one", ONE, "primary")], [PYPI, ONE]),
        ([("one", ONE, "supplemental")], [PYPI, ONE]),
        ([("one", ONE, "supplemental"), ("two", TWO, "")], [TWO, ONE]),
        ([("one", ONE, ""), ("pypi", "", "supplemental")], [ONE, PYPI]),
        ([("one", ONE, "explicit")], [PYPI]),
        ([("one", ONE, "explicit"), ("two", TWO, ""), ("PyPI", "", "explicit")], [TWO]),
        ([("one", ONE, "default"), ("two", TWO, "secondary")], [ONE, TWO]),
        ([("one", ONE, "supplemental"), ("two", TWO, "supplemental")], [PYPI, ONE, TWO]),
    ],
)
def test_sources_of_poetry(sources: list[tuple[str, str, str]], asked: list[str]) -> None:
    assert list(settings_of(read(poetry(*sources))).indexes()) == asked


def test_what_stands_for_pypi_stands_for_it_in_poetry_too() -> None:
    project = read(poetry(("one", ONE, "supplemental")))
    found = settings_of(project, TRAIL_INDEX_URL=THREE)
    assert list(found.indexes()) == [THREE, ONE]
    assert {one.name: (one.url, one.explicit) for one in found.named} == {
        "pypi": (THREE, True),
        "one": (ONE, False),
    }


def test_an_index_of_the_environment_does_not_hide_the_projects() -> None:
    project = read(poetry(("one", ONE, "primary"), ("two", TWO, "primary")))
    assert list(settings_of(project, TRAIL_INDEX_URL=THREE).indexes()) == [ONE, TWO, THREE]


def test_one_index_for_a_package() -> None:
    project = read(
        poetry(("Company", ONE, "explicit"))
        + "[tool.poetry.dependencies]\nsecret = { version = '^1', source = 'company' }\n"
        "[tool.poetry.group.test.dependencies]\nopen = { version = '*', source = 'PyPI' }\n"
    )
    assert [str(one) for one in project.dependencies] == ["secret<2,>=1"]
    rules = rules_of(project, Workspace(root=project))
    assert {name: [(one.index, one.group) for one in found] for name, found in rules.items()} == {
        "secret": [("Company", None)],
        "open": [("pypi", "test")],
    }
    assert {one.name for one in settings_of(project).named} == {"Company", "pypi"}


def pdm(*sources: tuple[str, str], more: str = "") -> str:
    return more + "".join(
        f"[[tool.pdm.source]]\nname = '{name}'\nurl = '{url}'\n" for name, url in sources
    )


ORDERED = "[tool.pdm.resolution]\nrespect-source-order = true\n"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (pdm(("one", ONE)), [ONE, PYPI]),
        (pdm(("pypi", ONE)), [ONE]),
        (pdm(("pypi", ONE), ("two", TWO)), [TWO, ONE]),
        (pdm(("one", ONE), more=ORDERED), [PYPI, ONE]),
        (pdm(("pypi", ONE), ("two", TWO), more=ORDERED), [ONE, TWO]),
    ],
)
def test_sources_of_pdm(text: str, asked: list[str]) -> None:
    assert list(settings_of(read(text)).indexes()) == asked


def test_what_pdm_says_of_a_source() -> None:
    project = read(
        pdm(("one", ONE)) + "username = 'me'\npassword = 's:t'\nverify_ssl = false\n"
        "include_packages = ['My_Package', 'my-*']\n"
        + pdm(("two", "https://${USER}@host/two/"))
        + pdm(("flat", "https://host/flat/"))
        + "type = 'find_links'\n"
    )
    assert project.untaken == (
        "tool.pdm.source[0].verify_ssl",
        "tool.pdm.source[0].include_packages",
        "tool.pdm.source[1].url",
    )
    found = settings_of(project)
    assert list(found.indexes()) == ["https://me:s%3At@host/one/", PYPI]
    assert found.find_links == ("https://host/flat/",)
    assert "s%3At" not in repr(found)
    assert [(name, one.index) for name, (one,) in project.rules.items()] == [("my-package", "one")]


def test_trails_own_index_of_the_name_goes_first() -> None:
    found = read_settings(
        {},
        cwd=Path("/work"),
        project={"index": [{"name": "one", "url": TWO}]},
        indexes=read(pdm(("one", ONE))).indexes,
        pip_files=(),
    ).index
    assert list(found.indexes()) == [TWO, PYPI]
