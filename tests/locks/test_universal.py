"""Locks for many targets: what is installed on each of them goes together."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from benches.resolve import read_input
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tests.locks.making import Failed, Workshop, write_project
from tests.locks.metadata import Shelf, faults

from trail.resolve.targets import DEFAULT_PLATFORMS, make_targets, parse_platform

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what is required depends on where"),
]

POPULAR = Path(__file__).with_name("popular.txt")
SEED = 20261115
ALL = 100
# All of them take many minutes: TRAIL_LOCK_SETS=100.
SETS = int(os.environ.get("TRAIL_LOCK_SETS", "5"))
NO_SOLUTION: dict[int, str] = {}  # and why
PYTHONS = (">=3.11,<3.15", ">=3.12,<3.14", ">=3.10,<3.13", ">=3.9,<3.12")


def random_sets() -> list[tuple[str, tuple[str, ...]]]:
    """Draw a range of Pythons and some projects, always the same ones."""
    names = POPULAR.read_text(encoding="utf-8").split()
    draw = random.Random(SEED)
    return [
        (draw.choice(PYTHONS), tuple(draw.sample(names, draw.randint(2, 12)))) for _ in range(ALL)
    ]


def problems(
    workshop: Workshop, folder: Path, requirements: tuple[str, ...], requires_python: str
) -> list[str]:
    """Lock for all targets, and list what is wrong on each."""
    project = write_project(folder, requirements, requires_python=requires_python)
    lock = workshop.lock(project)
    shelf = Shelf(workshop.cache / "locks" / "metadata")
    roots = [Requirement(requirement) for requirement in requirements]
    platforms = map(parse_platform, DEFAULT_PLATFORMS)
    found = []
    covered = 0
    for target in make_targets(SpecifierSet(requires_python), platforms):
        environments = lock.environments
        values = dict(target.environment)
        if environments and not any(marker.evaluate(values) for marker in environments):
            continue
        covered += 1
        found += [f"{target.name}: {line}" for line in faults(lock, target, roots, shelf)]
    return found if covered else ["no target is covered"]


@pytest.mark.parametrize(
    ("name", "requires_python"), [("science", ">=3.12,<3.15"), ("airflow", ">=3.11,<3.14")]
)
def test_each_target_of_a_real_project_goes_together(
    name: str, requires_python: str, workshop: Workshop, tmp_path: Path
) -> None:
    assert problems(workshop, tmp_path / "p", read_input(name), requires_python) == []


@pytest.mark.parametrize("number", range(SETS))
def test_each_target_of_a_random_set_goes_together(
    number: int, workshop: Workshop, tmp_path: Path
) -> None:
    """A set is locked, consistently; or there is an explanation of why it cannot be."""
    requires_python, requirements = random_sets()[number]
    try:
        found = problems(workshop, tmp_path / "first", requirements, requires_python)
    except Failed as failed:
        found = [refusal(failed)]
    assert found == ([NO_SOLUTION[number]] if number in NO_SOLUTION else [])
    if number % 10 == 0 and number not in NO_SOLUTION:
        again = write_project(tmp_path / "second", requirements, requires_python=requires_python)
        workshop.lock(again)
        first, second = (tmp_path / name / "pylock.toml" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def refusal(failed: Failed) -> str:
    """What was said; all of it if it is no explanation."""
    lines = failed.output.splitlines()
    said = [line for line in lines if line.startswith("error: there is no solution for ")]
    return said[0] if failed.code == 1 and len(said) == 1 else failed.output
