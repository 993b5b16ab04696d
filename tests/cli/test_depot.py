"""`trail depot` and `trail doctor` as a user meets them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, entries, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.lock([make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": ""})])
    assert project.trail("run", "python", "-c", "import alpha").code == 0
    return project


def test_verify_tells_of_damage_and_repairs_it(project: Project) -> None:
    said = project.trail("depot", "verify").err
    assert re.fullmatch(r"verified 1 entry in [\d.]+s: all as installed\n", said)
    (identity,) = entries(project.depot)
    file = project.depot / "installed" / identity / "lib/python/site-packages/alpha.py"
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_text("changed")
    found = project.trail("depot", "verify", "-q")
    assert found.code == 1
    assert found.out == (
        f"{identity}: lib/python/site-packages/alpha.py: changed"
        " (expected 0 bytes, actual 7 bytes)\n"
    )
    file.unlink()
    file.parent.chmod(0o555)
    found = project.trail("depot", "verify", "-q")
    assert found.out == f"{identity}: lib/python/site-packages/alpha.py: missing\n"
    assert found.err == (
        "error: 1 of 1 entries are not as they were installed\n"
        f"  entry: {project.depot}/installed/{identity}\n"
        "hint: trail depot verify --repair\n"
    )
    repaired = project.trail("depot", "verify", "--repair")
    assert repaired.code == 0
    assert repaired.err == ("removed 1 damaged entry; the next use brings what it needs anew\n")
    assert entries(project.depot) == []
    assert project.trail("run", "python", "-c", "import alpha").code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can write all")
def test_a_damaged_entry_in_a_depot_of_others_stays(project: Project, tmp_path: Path) -> None:
    (identity,) = entries(project.depot)
    entry = project.depot / "installed" / identity
    file = entry / "lib/python/site-packages/alpha.py"
    file.chmod(0o644)
    file.write_text("changed")
    folders = [project.depot, *(path for path in project.depot.iterdir() if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    result = project.trail(
        "depot", "verify", "--repair", TRAIL_DEPOT=f"{project.depot}{os.pathsep}{tmp_path / 'own'}"
    )
    for folder in folders:
        folder.chmod(0o755)
    assert result.code == 1
    assert result.err == (
        "error: 1 of 1 entries are not as they were installed\n"
        f"  entry: {entry}\n"
        "hint: repair those as a user who can write their depot\n"
    )


def test_gc_says_what_it_removed(project: Project, tmp_path: Path) -> None:
    assert project.trail("install").code == 0  # kept beside what `run` asked for
    assert project.trail("depot", "gc").err == "nothing to remove\n"
    project.root.rename(tmp_path / "moved")
    result = project.trail("depot", "gc", "--days", "0", cwd=tmp_path)
    assert result.err == "removed 1 prefix, 1 entry and 2 records of use\n"
    assert entries(project.depot) == []


def test_leftovers_of_killed_processes_go_with_the_next_installation(
    project: Project, tmp_path: Path
) -> None:
    left = project.depot / "staging" / "1-dead"
    left.mkdir(parents=True)
    (left / "file").write_bytes(b"x")
    assert project.trail("install").err.startswith("nothing to do")
    project.lock([make_wheel(tmp_path, "beta", "1.0", {"beta.py": ""})])
    assert project.trail("install").code == 0
    assert not left.exists()


def test_doctor_says_each_fault_once(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    good = project.trail("doctor")
    assert good.code == 0, good.out
    bad = project.trail("doctor", TRAIL_DEPOT="/proc/none")
    assert bad.code == 1
    (line,) = (line for line in bad.out.splitlines() if line.startswith("fault"))
    assert line == (
        "fault  depot    there is no depot that can be written;"
        " depot: /proc/none (no such file or directory)"
    )
