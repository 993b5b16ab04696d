"""Many processes at once, and processes that are killed: the depot stays whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults.crowd import admit_all
from tests.helpers.depots import child_environ, depot_at

from trail.depot.verify import verify_entries

if TYPE_CHECKING:
    from trail.depot.store import Depot

CROWD = [sys.executable, str(Path(__file__).with_name("crowd.py"))]
ENTRIES = 5


def assert_whole(depot: Depot) -> None:
    """Each entry is there once and as it was made, and nothing else is."""
    found = list(verify_entries(depot.entries(), threads=2))
    assert [entry.id.partition("/")[0] for entry, _ in found] == [f"e{n}" for n in range(ENTRIES)]
    assert [problems for _, problems in found] == [()] * ENTRIES
    staging = [path for path in depot.layout.staging.rglob("*") if path != depot.layout.locks]
    assert staging == []


def test_sixteen_processes_make_each_entry_once(tmp_path: Path) -> None:
    command = [*CROWD, str(tmp_path / "depot"), str(ENTRIES)]
    processes = [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=child_environ(),
        )
        for _ in range(16)
    ]
    results = [process.communicate() for process in processes]
    assert [errors for _, errors in results] == [""] * 16
    assert [process.returncode for process in processes] == [0] * 16
    assert sum(int(made) for made, _ in results) == ENTRIES
    assert_whole(depot_at(tmp_path / "depot"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by signal")
def test_a_process_that_is_killed_at_any_moment_leaves_nothing_half_made(tmp_path: Path) -> None:
    root = tmp_path / "depot"
    command = [*CROWD, str(root), str(ENTRIES), "20261122", "100"]
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env=child_environ()
    )
    assert (result.stderr, result.returncode) == ("", 0)
    depot = depot_at(root)
    # Only a kill between the rename and its last step leaves write permission on a folder.
    for entry, problems in verify_entries(depot.entries(), threads=2):
        assert {problem.path for problem in problems} <= {"."}, entry
    # The next run finishes: what is there is used, what is missing is made.
    for entry in list(depot.entries())[::2]:
        depot.remove(entry.path)
    admit_all(root, ENTRIES)
    depot.clean_staging()
    for entry in depot.entries():
        entry.path.chmod(0o555)
    assert_whole(depot)
