"""A workspace in which nothing changed: neither locked nor found out anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import make_member, make_workspace
from tests.helpers.trail import Project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEETS = "the lock meets the project (8 packages)\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    for name in ("base", "fast", "check", "docs"):
        make_wheel(folder, name, "1.0", {f"{name}.py": ""})
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path, index: IndexServer) -> Project:
    root = make_workspace(tmp_path / "project")
    made = Project(root, tmp_path / "depot", {"TRAIL_INDEX_URL": index.url, "PIP_FIND_LINKS": ""})
    locked = made.trail("lock")
    assert locked.code == 0, locked.err
    index.requests.clear()
    return made


def grow_old(folder: Path) -> None:
    """Let files and folders look as if they had been there for a while."""
    moment = time.time() - 60
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (moment, moment))


def loaded(workspace: Project, folder: Path, words: tuple[str, ...]) -> set[str]:
    """The modules that a command has loaded when it ends, or becomes a program."""
    report = workspace.depot.parent / "modules.json"
    report.unlink(missing_ok=True)
    code = (
        "import atexit, json, sys\n"
        "before = set(sys.modules)\n"
        "def tell():\n"
        f"    with open({str(report)!r}, 'w') as file:\n"
        "        json.dump([*sys.modules.keys() - before], file)\n"
        "atexit.register(tell)\n"
        "sys.addaudithook(lambda event, _: event == 'os.exec' and tell())\n"
        f"sys.argv = ['trail', *{words!r}]\n"
        "from trail.__main__ import run\n"
        "sys.exit(run())\n"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, env=workspace.surroundings(), check=True
    )
    return set(json.loads(report.read_text()))


@pytest.mark.parametrize("inside", [".", "packages/core"])
@pytest.mark.parametrize("words", [("lock", "--check"), ("lock",), ("run", "python", "-c", "")])
def test_what_did_not_change_is_not_read(
    workspace: Project, index: IndexServer, words: tuple[str, ...], inside: str
) -> None:
    grow_old(workspace.root)
    folder = workspace.root / inside
    assert workspace.trail(*words, cwd=folder).code == 0
    index.requests.clear()
    modules = loaded(workspace, folder, words)
    assert {name.partition(".")[0] for name in modules} <= {"__future__", "trail", "zlib"}
    assert "trail.commands.replay" in modules
    assert not any(name.startswith(("trail.cli", "trail.project")) for name in modules)
    assert not index.requests


def test_no_index_is_asked_where_nothing_changed(workspace: Project, index: IndexServer) -> None:
    for _ in range(2):
        assert workspace.trail("lock").err == f"nothing to do: {MEETS}"
    assert workspace.trail("lock", cwd=workspace.root / "app").err == f"nothing to do: {MEETS}"
    assert workspace.trail("lock", "--check").err == MEETS
    assert not index.requests


def test_changes_of_members_are_noticed(workspace: Project, index: IndexServer) -> None:
    grow_old(workspace.root)
    for _ in range(2):
        assert workspace.trail("lock", "--check").code == 0
    path = workspace.root / "packages" / "one" / "pyproject.toml"
    text = path.read_text()
    path.write_text(text + "dependencies = ['docs']\n")
    assert workspace.trail("lock", "--check").code == 1
    assert "+ docs 1.0" in workspace.trail("lock").err
    path.write_text(text)
    assert "- docs 1.0" in workspace.trail("lock").err
    assert workspace.trail("lock").err == f"nothing to do: {MEETS}"
    make_member(workspace.root / "packages" / "six", "six", {"six.py": ""})
    assert "member six: `default` became `packages/six`" in workspace.trail("lock", "--check").err
    assert index.requests


def test_what_is_gone_from_the_lock_is_noticed(workspace: Project) -> None:
    path = workspace.root / "pylock.toml"
    before = path.read_text()
    head, *packages = before.split("[[packages]]")
    rest = [one for one in packages if 'name = "check"' not in one]
    assert len(rest) == len(packages) - 1
    path.write_text("[[packages]]".join([head, *rest]))
    assert "`check` is not in the lock" in workspace.trail("lock", "--check").err
    assert workspace.trail("lock").code == 0
    assert path.read_text() == before


def test_the_version_of_a_member_that_another_bounds(workspace: Project) -> None:
    path = workspace.root / "packages" / "flat" / "pyproject.toml"
    path.write_text(path.read_text().replace("['core']", "['core<2']"))
    assert workspace.trail("lock").code == 0
    core = workspace.root / "packages" / "core" / "pyproject.toml"
    core.write_text(core.read_text().replace("version = '1.0'", "version = '2.0'"))
    check = workspace.trail("lock", "--check")
    assert "core: version: `1.0` became `2.0`" in check.err
    facts = core.with_name("facts.json")
    facts.write_text(facts.read_text().replace('"version": "1.0"', '"version": "2.0"'))
    assert "no version of `core` satisfies `core<2`: there is 2.0" in workspace.trail("lock").err
