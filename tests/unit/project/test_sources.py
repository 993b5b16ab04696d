from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trail.errors import ProjectError
from trail.project.pyproject import read_pyproject
from trail.project.sources import Rule, rules_of
from trail.project.workspace import Workspace

PATH = Path("/projects/demo/pyproject.toml")


def rules(text: str, root: str = "", path: Path = PATH) -> dict[str, tuple[Rule, ...]]:
    project = read_pyproject(text.encode(), path)
    top = read_pyproject(root.encode(), PATH.parents[1] / "pyproject.toml") if root else project
    return {str(name): found for name, found in rules_of(project, Workspace(root=top)).items()}


def one(line: str, **expected: Any) -> None:
    for tool in ("trail", "uv"):
        (found,) = rules(f"[tool.{tool}.sources]\nFoo_Bar = {line}\n")["foo-bar"]
        wanted = Rule(file=PATH, key=f"tool.{tool}.sources.Foo_Bar", **expected)
        assert found == wanted


def test_kinds_of_sources() -> None:
    one("{ workspace = true }", workspace=True)
    one("{ index = 'company' }", index="company")
    one("{ path = '../other' }", path=PATH.parents[1] / "other")
    one("{ path = 'x.whl' }", path=PATH.parent / "x.whl")
    one("{ path = 'x', editable = true, package = false }", path=PATH.parent / "x", editable=True,
        package=False)  # fmt: skip
    one("{ url = 'https://h.example/a.zip' }", url="https://h.example/a.zip")
    one(
        "{ url = 'https://h.example/a.zip', subdirectory = 'b' }",
        url="https://h.example/a.zip#subdirectory=b",
    )


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("git = 'https://h.example/a'", "git+https://h.example/a"),
        ("git = 'https://h.example/a', tag = 'v1'", "git+https://h.example/a@v1"),
        ("git = 'https://h.example/a', branch = 'b/c'", "git+https://h.example/a@b/c"),
        (
            "git = 'ssh://git@h.example/a', rev = '0a1b', subdirectory = 'x/y'",
            "git+ssh://git@h.example/a@0a1b#subdirectory=x/y",
        ),
        ("git = 'git@h.example:me/a.git'", "git+ssh://git@h.example/me/a.git"),
        ("git = '../a'", "git+file:///projects/a"),
    ],
)
def test_repositories(line: str, url: str) -> None:
    one(f"{{ {line} }}", url=url)


def test_lists_with_conditions() -> None:
    found = rules(
        "[tool.uv.sources]\nfoo = [\n"
        "  { index = 'a', marker = \"sys_platform == 'linux'\", extra = 'Cpu' },\n"
        "  { index = 'b', group = 'dev' },\n]\n"
    )["foo"]
    assert [(rule.index, rule.marker, rule.extra, rule.group) for rule in found] == [
        ("a", 'sys_platform == "linux"', "cpu", None),
        ("b", "", None, "dev"),
    ]
    assert found[0].key == "tool.uv.sources.foo[0]"


def test_sources_serve_the_part_that_they_are_for() -> None:
    (cpu, dev, everybody) = rules(
        "[tool.trail.sources]\nfoo = [{ index = 'a', extra = 'Cpu' },"
        " { index = 'b', group = 'dev' }, { index = 'c', marker = \"os_name == 'nt'\" }]\n"
    )["foo"]
    parts: tuple[dict[str, Any], ...] = ({}, {"extra": "cpu"}, {"extra": "dev"}, {"group": "dev"})
    assert [cpu.serves(**part) for part in parts] == [False, True, False, False]
    assert [dev.serves(**part) for part in parts] == [False, False, False, True]
    assert all(everybody.serves(**part) for part in parts)


def test_whose_sources_count() -> None:
    root = (
        "[tool.uv.sources]\na = { index = 'root-uv' }\nb = { index = 'root-uv' }\n"
        "c = { index = 'root-uv' }\nd = { index = 'root-uv' }\n"
        "[tool.trail.sources]\nb = { index = 'root' }\nd = { index = 'root' }\n"
    )
    own = (
        "[tool.uv.sources]\nc = { index = 'own-uv' }\nd = { index = 'own-uv' }\n"
        "[tool.trail.sources]\nd = { index = 'own' }\n"
    )
    found = {name: rule.index for name, (rule,) in rules(own, root).items()}
    assert found == {"a": "root-uv", "b": "root", "c": "own-uv", "d": "own"}


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("trail.sources]\na = {}", "trail.sources.a", "it needs one of workspace, index, git,"),
        ("trail.sources]\na = { index = 'x', path = 'y' }", "trail.sources.a", "it needs one of"),
        ("trail.sources]\na = { index = 'x', colour = 1 }", "trail.sources.a.colour", "trail does"),
        ("uv.sources]\na = { git = 'x', rev = 'y', tag = 'z' }", "uv.sources.a.rev", "it excludes"),
        ("uv.sources]\na = { index = 'x', marker = 'y' }", "uv.sources.a.marker", "expected"),
        ("uv.sources]\na = 'x'", "uv.sources.a", "it is neither a table nor a list of tables"),
        ("uv.sources]\na = { index = 1 }", "uv.sources.a.index", "it is not text"),
        ("uv]\nsources = 1", "uv.sources", "it is not a table"),
    ],
)
def test_wrong_sources(text: str, key: str, problem: str) -> None:
    with pytest.raises(ProjectError) as caught:
        rules(f"[tool.{text}\n")
    details = dict(caught.value.details)
    assert details["key"] == f"tool.{key}"
    assert details["problem"].startswith(problem)


def test_what_uv_may_add_later_is_no_fault() -> None:
    (rule,) = rules("[tool.uv.sources]\na = { index = 'x', colour = 1 }\n")["a"]
    assert rule.index == "x"
