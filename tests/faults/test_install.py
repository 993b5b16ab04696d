"""`trail install` and `trail run` in a crowd, and when they are killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, entries, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = 12
KILLS = 100


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    wheels = [
        make_wheel(
            tmp_path,
            f"package{number}",
            "1.0",
            {f"package{number}/m{part}.py": f"x = {part}\n" * 50 for part in range(30)}
            | {f"package{number}/__init__.py": f"NUMBER = {number}\n"},
        )
        for number in range(PACKAGES)
    ]
    project.lock(wheels)
    return project


def leftovers(project: Project) -> list[str]:
    staging = project.depot / "staging"
    return [path.name for path in staging.glob("*") if path.name != "locks"]


def test_a_crowd_installs_each_package_once(project: Project) -> None:
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: project.trail("install"), range(16)))
    assert [(result.code, result.out) for result in results] == [(0, "")] * 16, results
    assert len(entries(project.depot)) == PACKAGES
    assert leftovers(project) == []
    verified = project.trail("depot", "verify")
    assert (verified.code, verified.out) == (0, ""), verified


def test_a_crowd_makes_one_prefix(project: Project) -> None:
    code = "import package3; print(package3.NUMBER)"
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: project.trail("run", "python", "-c", code), range(8)))
    assert [(result.code, result.out) for result in results] == [(0, "3\n")] * 8, results
    assert len(list((project.depot / "prefixes").iterdir())) == 1
    assert leftovers(project) == []


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(project: Project) -> None:
    generator = random.Random(20)
    begun = time.monotonic()
    assert project.trail("run", "python", "-c", "import package1").code == 0
    whole = time.monotonic() - begun
    for number in range(KILLS):
        # Each fourth time from nothing: so the first steps are hit as well as the last ones.
        depot = project.depot.parent / f"depot{number // 4}"
        killed = Project(project.root, depot)
        process = subprocess.Popen(
            killed.command("run", "python", "-c", "import package1"),
            cwd=killed.root,
            env=killed.surroundings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(generator.uniform(0, whole))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for identity in entries(depot):
            assert (depot / "installed" / identity / "entry.json").is_file()
        if number % 4 == 3:
            after = killed.trail("run", "python", "-c", "import package1; print(1)")
            assert (after.code, after.out) == (0, "1\n"), after
            assert len(entries(depot)) == PACKAGES
            verified = killed.trail("depot", "verify")
            assert verified.code == 0, verified
            # Leftovers of the killed go with the next look at the depot's health.
            assert killed.trail("doctor").code == 0
            assert leftovers(killed) == []
