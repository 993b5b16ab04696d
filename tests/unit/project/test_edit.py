from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from trail.errors import ProjectError
from trail.project.edit import (
    add_requirement,
    new_pyproject,
    remove_requirement,
    remove_source,
)

PATH = Path("pyproject.toml")
BASE = ("project", "dependencies")
TEXT = """\
# head
[project]
name = "x"  # the name
dependencies = [
    "attrs",  # why
    "zope.interface>=2",
]

[tool.other]
a = 1
"""


def test_a_requirement_goes_to_its_place_and_comments_stay() -> None:
    text = add_requirement(TEXT, PATH, BASE, Requirement("numpy>=2"))
    assert text == TEXT.replace("# why\n", '# why\n    "numpy>=2",\n')


def test_the_same_distribution_is_replaced_in_any_spelling() -> None:
    text = add_requirement(TEXT, PATH, BASE, Requirement("Zope_Interface>=3"))
    assert text == TEXT.replace("zope.interface>=2", "Zope_Interface>=3")


def test_another_marker_is_another_requirement() -> None:
    text = add_requirement(TEXT, PATH, BASE, Requirement("attrs>=3; python_version > '3.12'"))
    assert '"attrs",  # why' in text
    assert "attrs>=3; python_version >" in text


def test_missing_lists_are_made() -> None:
    text = add_requirement(TEXT, PATH, ("dependency-groups", "test"), Requirement("pytest"))
    assert text == TEXT + '\n[dependency-groups]\ntest = ["pytest"]\n'


def test_an_unsorted_list_gets_it_at_the_end() -> None:
    text = '[project]\ndependencies = ["z", "a"]\n'
    assert add_requirement(text, PATH, BASE, Requirement("m")) == (
        '[project]\ndependencies = ["z", "a", "m"]\n'
    )


def test_removing_takes_every_requirement_for_the_name() -> None:
    text = '[project]\ndependencies = ["a; os_name == \'nt\'", "b", "A>=2"]\n'
    assert remove_requirement(text, PATH, BASE, "a") == '[project]\ndependencies = ["b"]\n'
    assert remove_requirement(text, PATH, BASE, "c") is None
    assert remove_requirement(text, PATH, ("dependency-groups", "x"), "a") is None


def test_a_new_project_can_be_added_to() -> None:
    text = new_pyproject("demo", ">=3.11")
    assert text == (
        '[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n'
        "dependencies = []\n"
    )
    assert 'dependencies = ["a"]' in add_requirement(text, PATH, BASE, Requirement("a"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project\n", "`pyproject.toml` is not valid TOML"),
        (
            '[project]\ndependencies = "a"\n',
            "`project.dependencies` in `pyproject.toml` is not a list",
        ),
        ("project = 1\n", "`project` in `pyproject.toml` is not a table"),
    ],
)
def test_bad_files_are_named(text: str, message: str) -> None:
    with pytest.raises(ProjectError) as caught:
        add_requirement(text, PATH, BASE, Requirement("a"))
    assert caught.value.message == message


def test_removing_a_source_keeps_comments_and_the_rest() -> None:
    text = """\
[project]
name = "x"

[tool.uv.sources]
# ours
One = { path = "one" }  # beside this
two = { workspace = true }

[tool.ruff]
line-length = 100
"""
    assert remove_source(text, PATH, "one") == text.replace(
        'One = { path = "one" }  # beside this\n', ""
    )
    assert remove_source(text, PATH, "three") == text


@pytest.mark.parametrize(
    "sources",
    [
        '[tool.trail.sources]\none = { path = "one" }\n\n',
        '[tool.uv.sources.One]\npath = "one"\n\n',
        '[tool.uv.sources]\none = [\n  { index = "a", extra = "b" },\n]\n\n',
        '[tool.uv.sources]\none = { path = "a" }\n\n[tool.trail.sources]\none = { path = "b" }\n',
    ],
)
def test_a_table_without_any_source_goes_too(sources: str) -> None:
    head, rest = '[project]\nname = "x"\n\n', "[tool.ruff]\nline-length = 100\n"
    assert remove_source(head + sources + rest, PATH, "one") == head + rest
    assert remove_source(rest + "\n" + sources, PATH, "one") == rest
    kept = "[tool.uv]\npackage = false\n\n"
    assert remove_source(kept + rest + "\n" + sources, PATH, "one") == kept + rest


def test_a_source_among_other_keys_of_a_tool() -> None:
    text = '[tool.uv]\nsources = { one = { path = "one" }, two = { path = "two" } }\n'
    left = remove_source(text, PATH, "one")
    assert tomllib.loads(left) == {"tool": {"uv": {"sources": {"two": {"path": "two"}}}}}
    assert remove_source(left, PATH, "two") == "[tool.uv]\n"
