"""Who requires whom, as the lock tells: `trail tree` and `trail why`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.commands.lock import project_of, read_lock
from trail.errors import LockError
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trail.commands.context import Context
    from trail.model import NormalizedName

__all__ = ["Graph", "Node", "read_graph"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in the tree that is shown.

    Args:
        name: the distribution.
        version: as locked; several where targets differ.
        children: what it requires, or in an inverted tree what requires it.
        repeated: whether its children stand elsewhere in the tree already.
    """

    name: NormalizedName
    version: str
    children: tuple[Node, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The packages of a lock and their requirements.

    Args:
        roots: what the project itself requires, for each part of it.
        versions: of each package.
        requires: by name, sorted.
    """

    roots: Mapping[str, tuple[NormalizedName, ...]]
    versions: Mapping[NormalizedName, str]
    requires: Mapping[NormalizedName, tuple[NormalizedName, ...]] = field(default_factory=dict)

    def tree(self, names: tuple[NormalizedName, ...], *, invert: bool = False) -> tuple[Node, ...]:
        """Lay the graph out below some packages.

        Args:
            names: at the top.
            invert: whether to go from a package to those that require it.
        """
        edges = self.required_by() if invert else self.requires
        seen: set[NormalizedName] = set()
        return tuple(self._node(name, edges, seen) for name in names if name in self.versions)

    def required_by(self) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
        """Turn the edges round."""
        found: dict[NormalizedName, list[NormalizedName]] = {}
        for name, others in self.requires.items():
            for other in others:
                found.setdefault(other, []).append(name)
        return {name: tuple(sorted(others)) for name, others in found.items()}

    def chains(self, name: NormalizedName) -> Iterator[tuple[str, tuple[NormalizedName, ...]]]:
        """Find the shortest way from each part of the project to a package.

        Yields:
            The part (`dependencies`, `extra x`, `group x`) and the names on the way.

        Raises:
            LockError: the lock does not name the package.
        """
        if name not in self.versions:
            raise LockError(f"the lock does not name `{name}`", hint="trail tree")
        for part, roots in self.roots.items():
            came_from: dict[NormalizedName, NormalizedName | None] = dict.fromkeys(roots)
            queue = deque(roots)
            while queue:
                place = queue.popleft()
                for other in self.requires.get(place, ()):
                    if other not in came_from:
                        came_from[other] = place
                        queue.append(other)
            if name in came_from:
                yield part, _way(name, came_from)

    def _node(
        self,
        name: NormalizedName,
        edges: Mapping[NormalizedName, tuple[NormalizedName, ...]],
        seen: set[NormalizedName],
    ) -> Node:
        others = tuple(other for other in edges.get(name, ()) if other in self.versions)
        if name in seen:
            return Node(name=name, version=self.versions[name], repeated=bool(others))
        seen.add(name)
        children = tuple(self._node(other, edges, seen) for other in others)
        return Node(name=name, version=self.versions[name], children=children)


def read_graph(context: Context) -> Graph:
    """Read the project's lock as a graph.

    Args:
        context: where and how.

    Raises:
        LockError: there is no lock, or it does not say what its packages require.
    """
    pyproject = project_of(context)
    pylock = read_lock(pyproject)
    versions: dict[NormalizedName, list[str]] = {}
    requires: dict[NormalizedName, set[NormalizedName]] = {}
    for package in pylock.packages:
        versions.setdefault(package.name, []).append(str(package.version or "?"))
        edges = requires.setdefault(package.name, set())
        for dependency in package.dependencies or ():
            if isinstance(dependency.get("name"), str):
                edges.add(canonicalize_name(dependency["name"]))
    parts = {"dependencies": pyproject.dependencies}
    parts |= {f"extra {name}": found for name, found in pyproject.extras.items()}
    parts |= {f"group {name}": found for name, found in pyproject.groups.items()}
    return Graph(
        roots={
            part: tuple(sorted({canonicalize_name(one.name) for one in found}))
            for part, found in parts.items()
        },
        versions={name: ", ".join(dict.fromkeys(found)) for name, found in versions.items()},
        requires={name: tuple(sorted(found)) for name, found in requires.items()},
    )


def _way(
    name: NormalizedName, came_from: Mapping[NormalizedName, NormalizedName | None]
) -> tuple[NormalizedName, ...]:
    way = [name]
    while (before := came_from[way[-1]]) is not None:
        way.append(before)
    return tuple(reversed(way))
