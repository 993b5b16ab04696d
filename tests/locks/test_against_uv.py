"""For one target, trail names the versions that uv names; where it does not, a reason is given.

Both see PyPI as of the same fixed day, wheels alone, and the same platform.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from benches.resolve import read_input
from tests.locks.making import Workshop, pins_of, write_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the current platform is to be Linux"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An input, and what differs.

    Args:
        name: of the file in `benches`.
        minor: of Python.
        count: how many distributions there are; exact, since the day is fixed.
        differs: uv's version and trail's by name; docs/resolution.md has the reasons.
    """

    name: str
    minor: str
    count: int
    differs: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


CASES = (
    Case(name="science", minor="3.11", count=107),
    Case(name="airflow", minor="3.11", count=183),
    Case(name="transformers", minor="3.11", count=117),
    Case(name="home", minor="3.13", count=86),
    Case(name="sentry", minor="3.13", count=110),
    Case(name="sentry", minor="3.14", count=110),
    Case(name="boto", minor="3.11", count=40),
    Case(name="beam", minor="3.11", count=34),
    Case(name="numba", minor="3.12", count=30),
    Case(name="starlette", minor="3.11", count=9),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.minor}")
def test_the_versions_are_those_of_uv(case: Case, workshop: Workshop, tmp_path: Path) -> None:
    requirements = read_input(case.name)
    project = write_project(
        tmp_path / "project",
        requirements,
        requires_python=f"=={case.minor}.*",
        platforms=["current"],
    )

    ours = pins_of(workshop.lock(project))
    theirs = workshop.compile(project, requirements, case.minor)

    different = {
        name: (theirs.get(name), ours.get(name))
        for name in {*ours, *theirs}
        if ours.get(name) != theirs.get(name)
    }
    assert different == case.differs
    assert len(ours) == case.count
