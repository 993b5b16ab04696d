"""The order of decisions, learned from what goes wrong."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tests.helpers.memory_source import MemorySource, Release

from trail.resolve.model import Request, RootRequirement
from trail.resolve.solve import solve
from trail.resolve.targets import make_targets, parse_platform
from trail.resolve.world import World

TARGET = make_targets(SpecifierSet("==3.12.*"), [parse_platform("linux-x86_64")])[0]
R = Release
CLIENTS = [f"client-{letter}" for letter in "abcdef"]


def test_what_stands_in_the_way_of_a_package_is_decided_after_it() -> None:
    """The newest clients need what the server, found later, cannot use in any version.

    A search that goes back step by step tries the clients' versions in all combinations.
    """
    client = {
        f"{version}.0": R(requires=(f"wire>={version},<60",) if version > 20 else ("wire",))
        for version in range(1, 41)
    }
    source = MemorySource(
        {
            **dict.fromkeys(CLIENTS, client),
            "zone": {"1.0": R(requires=("server",))},
            "server": {f"{version}.0": R(requires=("wire<=30",)) for version in range(1, 41)},
            "wire": {f"{version}": R() for version in range(1, 61)},
        }
    )
    roots = tuple(RootRequirement(requirement=Requirement(name)) for name in [*CLIENTS, "zone"])

    found = solve(Request(roots=roots), TARGET, World(source), {}, rounds=1000)

    versions = {str(name): str(one.version) for name, one in found.resolution.packages.items()}
    expected = dict.fromkeys(CLIENTS, "30.0") | {"server": "40.0", "wire": "30", "zone": "1.0"}
    assert versions == expected
