"""Whether a lock is right: judged anew, with packaging alone and none of the resolver's code."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from tests.helpers.memory_source import normal

from trail.resolve.model import ScopeKind
from trail.resolve.source import Metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from packaging.version import Version

    from trail.resolve.model import Locked, Request, Target
    from trail.resolve.source import Source

__all__ = ["select", "wanted"]


def select(
    locked: Locked, target: Target, *, extras: Iterable[str] = (), groups: Iterable[str] = ()
) -> dict[str, Version]:
    """Take from a lock what its markers name for a target, as an installer does."""
    environment: dict[str, Any] = {
        **target.environment,
        "extras": frozenset(extras),
        "dependency_groups": frozenset(groups),
    }
    found: dict[str, Version] = {}
    for package in locked.packages:
        marker = package.marker and Marker(package.marker)
        if not marker or marker.evaluate(environment, context="lock_file"):
            assert package.name not in found, f"{package.name} twice on {target.name}"
            found[package.name] = package.version
    return found


def wanted(
    request: Request,
    source: Source,
    target: Target,
    versions: Mapping[str, Version],
    *,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> set[str]:
    """Follow the requirements from the project on, and check that each is satisfied.

    Returns:
        The packages that are needed.
    """
    chosen = {(ScopeKind.BASE, ""), *((ScopeKind.EXTRA, one) for one in extras)}
    chosen |= {(ScopeKind.GROUP, one) for one in groups}
    queue = deque(
        (root.requirement, "")
        for root in request.roots
        if (root.scope.kind, root.scope.name) in chosen
    )
    needed: set[str] = set()
    done: set[tuple[str, str]] = set()
    while queue:
        requirement, by_extra = queue.popleft()
        marker = requirement.marker
        if marker and not marker.evaluate({**target.environment, "extra": by_extra}):
            continue
        name = normal(requirement.name)
        if name == request.name:  # the project's own extras are requirements like others
            for own in map(normal, requirement.extras):
                if (name, own) not in done:
                    done.add((name, own))
                    queue.extend(
                        (root.requirement, "")
                        for root in request.roots
                        if (root.scope.kind, root.scope.name) == (ScopeKind.EXTRA, own)
                    )
            continue
        assert name in versions, f"{requirement} is missing on {target.name}"
        version = versions[name]
        assert requirement.specifier.contains(version, prereleases=True), str(requirement)
        needed.add(name)
        metadata = source.metadata(name, version)
        assert isinstance(metadata, Metadata)
        for extra in ("", *requirement.extras):
            if (name, extra) not in done:
                done.add((name, extra))
                queue.extend((Requirement(text), extra) for text in metadata.requires_dist)
    return needed
