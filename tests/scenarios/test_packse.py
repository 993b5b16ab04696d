"""packse's scenarios. Where trail decides otherwise on purpose, `policies.toml` says why."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenarios.check import select, wanted
from tests.scenarios.packse import Scenario, download, read_scenarios

from trail.errors import ResolutionError
from trail.resolve.resolve import resolve

if TYPE_CHECKING:
    from trail.resolve.resolve import Outcome

pytestmark = pytest.mark.network

POLICIES = Path(__file__).with_name("policies.toml")
COUNT = 147


@pytest.fixture(scope="module")
def scenarios(request: pytest.FixtureRequest) -> dict[str, Scenario]:
    cache = request.config.cache
    assert cache is not None
    sdist = download(cache.mkdir("packse"))
    return {scenario.name: scenario for scenario in read_scenarios(sdist)}


def find(scenario: Scenario) -> Outcome | None:
    try:
        return resolve(scenario.request, scenario.targets, scenario.source)
    except ResolutionError:
        return None


def fault(scenario: Scenario) -> str | None:
    """Say what is not as packse expects it; None if nothing is."""
    outcome = find(scenario)
    if outcome is None:
        return "no solution" if scenario.satisfiable else None
    for resolution in outcome.resolutions:
        target = resolution.target
        versions = select(outcome.locked, target)
        assert versions == {name: one.version for name, one in resolution.packages.items()}
        assert wanted(scenario.request, scenario.source, target, versions) == set(versions)
    if not scenario.satisfiable:
        return "a solution"
    found = {name: str(one.version) for name, one in outcome.resolutions[0].packages.items()}
    if scenario.packages and found != scenario.packages:
        return "other versions: " + ", ".join(f"{name} {found[name]}" for name in sorted(found))
    return None


def test_every_scenario_is_as_packse_expects_or_differs_on_purpose(
    scenarios: dict[str, Scenario],
) -> None:
    policies = tomllib.loads(POLICIES.read_text(encoding="utf-8"))
    faults = {name: fault(scenario) for name, scenario in scenarios.items()}

    assert len(scenarios) == COUNT
    assert {name: one for name, one in faults.items() if one is not None} == {
        name: policy["result"] for policy in policies.values() for name in policy["scenarios"]
    }


def conflict(scenario: Scenario) -> ResolutionError | None:
    try:
        resolve(scenario.request, scenario.targets, scenario.source)
    except ResolutionError as error:
        return error
    return None


def test_every_conflict_is_explained(scenarios: dict[str, Scenario]) -> None:
    errors = [error for one in scenarios.values() if (error := conflict(one)) is not None]

    assert errors
    for error in errors:
        labels = [label for label, _ in error.details]
        assert labels[0] == "because"
        assert labels[-1] == "so"
        assert error.hint


def test_locks_are_the_same_from_run_to_run(scenarios: dict[str, Scenario]) -> None:
    for scenario in scenarios.values():
        first, second = find(scenario), find(scenario)
        if first is not None and second is not None:
            assert repr(first.locked) == repr(second.locked)
