from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import add_entry

from trail.commands.context import Context
from trail.commands.declared import strictness
from trail.commands.target import Request
from trail.depot.store import open_depots
from trail.report import Reporter
from trail.settings import Overrides

if TYPE_CHECKING:
    from pathlib import Path

    from trail.depot.store import Entry

PROJECT = """\
[project]
name = "Demo"
version = "1"
{dynamic}
dependencies = ["one>=1; python_version < '3'", "Two.Things"]
[project.optional-dependencies]
more = ["three", "demo[most]"]
most = ["four"]
[dependency-groups]
test = ["five", {{ include-group = "lint" }}]
lint = ["six"]
docs = ["seven"]
"""


def declared(
    folder: Path, request: Request, *, dynamic: str = "", entries: tuple[Entry, ...] = ()
) -> list[str]:
    (folder / "pyproject.toml").write_text(PROJECT.format(dynamic=dynamic))
    context = Context.make(
        start=folder, environ={}, overrides=Overrides(strict=True), reporter=Reporter()
    )
    found = strictness(context, request, folder, entries)
    assert found is not None
    assert found.root == folder
    return sorted(found.declared)


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (Request(), []),
        (Request(extras=("More",)), ["three", "four"]),
        (Request(groups=("test",)), ["five", "six"]),
        (Request(packages=("eight==1", "nine @ https://example.org/x.zip")), ["eight", "nine"]),
        (Request(default_groups=False), []),
    ],
)
def test_what_was_chosen_is_declared(tmp_path: Path, request_: Request, more: list[str]) -> None:
    assert declared(tmp_path, request_) == sorted(["demo", "one", "two-things", *more])


def test_default_groups_of_a_lock_are_chosen(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text('default-groups = ["docs"]')
    assert "seven" in declared(tmp_path, Request())
    assert "seven" not in declared(tmp_path, Request(default_groups=False))


def test_what_the_build_says_is_declared(tmp_path: Path) -> None:
    requires = ["ten", 'eleven; extra == "more"', 'twelve; extra == "most"']
    depot = open_depots([tmp_path / "depot"]).receiver
    entry = add_entry(depot, "demo", "1", {"demo.py": ""}, requires=requires)
    other = add_entry(depot, "other", "1", {"other.py": ""}, requires=["never"])
    found = declared(
        tmp_path,
        Request(extras=("more",)),
        dynamic='dynamic = ["optional-dependencies"]',
        entries=(other, entry),
    )
    assert {"ten", "eleven"} <= set(found)
    assert not {"twelve", "never"} & set(found)


def test_nobody_is_strict_unasked(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(dynamic=""))
    context = Context.make(start=tmp_path, environ={}, overrides=Overrides(), reporter=Reporter())
    assert strictness(context, Request(), tmp_path, ()) is None
