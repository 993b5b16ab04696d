"""Who requires whom, as the lock tells: `trail tree` and `trail why`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename

from trail.commands.lock import read_lock, workspace_of
from trail.commands.misnamed import close_to
from trail.commands.target import Request, choose_python
from trail.commands.wanted import chosen_projects
from trail.errors import DepotError, InterpreterError, LockError
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.pylock import Package, Pylock
    from packaging.requirements import Requirement
    from packaging.tags import Tag

    from trail.commands.context import Context
    from trail.model import NormalizedName

__all__ = ["Graph", "Node", "read_graph"]

_SHORT = 9  # digits of a commit id


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in the tree that is shown.

    Args:
        name: the distribution.
        version: as locked; several where targets differ, none of a folder.
        children: what it requires, or in an inverted tree what requires it.
        repeated: whether its children stand elsewhere in the tree already.
        built: what it is built from, where no wheel is used for the Python at hand.
    """

    name: NormalizedName
    version: str
    children: tuple[Node, ...] = ()
    repeated: bool = False
    built: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The packages of a lock and their requirements.

    Args:
        roots: what the project itself requires, for each part of it.
        versions: of each package.
        requires: by name, sorted.
        built: what packages are built from that are not used as wheels.
    """

    roots: Mapping[str, tuple[NormalizedName, ...]]
    versions: Mapping[NormalizedName, str]
    requires: Mapping[NormalizedName, tuple[NormalizedName, ...]] = field(default_factory=dict)
    built: Mapping[NormalizedName, str] = field(default_factory=dict)

    def tree(self, names: tuple[NormalizedName, ...], *, invert: bool = False) -> tuple[Node, ...]:
        """Lay the graph out below some packages.

        Args:
            names: at the top.
            invert: whether to go from a package to those that require it.
        """
        edges = self.required_by() if invert else self.requires
        seen: set[NormalizedName] = set()
        return tuple(self._node(name, edges, seen) for name in names if name in self.versions)

    def check(self, name: NormalizedName) -> None:
        """Refuse what is not in the graph.

        Raises:
            LockError: the lock does not name the package.
        """
        if name not in self.versions:
            hint = close_to(name, self.versions) or "trail tree"
            raise LockError(f"the lock does not name `{name}`", hint=hint)

    def label(self, name: NormalizedName) -> str:
        """Give a package's name and its version, if it has one."""
        return " ".join(filter(None, (name, self.versions[name])))

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
        self.check(name)
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
        repeated = name in seen
        seen.add(name)
        return Node(
            name=name,
            version=self.versions[name],
            children=() if repeated else tuple(self._node(one, edges, seen) for one in others),
            repeated=repeated and bool(others),
            built=self.built.get(name),
        )


def read_graph(
    context: Context, members: Sequence[str] = (), *, all_members: bool = False
) -> Graph:
    """Read the project's lock as a graph.

    Args:
        context: where and how.
        members: the projects of a workspace that are meant; empty for the one that one is in.
        all_members: whether all are.

    Raises:
        LockError: there is no lock, or it does not say what its packages require.
    """
    workspace = workspace_of(context)
    pylock = read_lock(workspace)
    versions: dict[NormalizedName, list[str]] = {}
    requires: dict[NormalizedName, set[NormalizedName]] = {}
    for package in pylock.packages:
        versions.setdefault(package.name, []).append(str(package.version or ""))
        edges = requires.setdefault(package.name, set())
        for dependency in package.dependencies or ():
            if isinstance(dependency.get("name"), str):
                edges.add(canonicalize_name(dependency["name"]))
    projects = chosen_projects(context, members, all_members=all_members)
    if projects == workspace.members:  # then what the root has for all of them is shown, too
        projects = (workspace.root, *projects)
    parts: dict[str, tuple[Requirement, ...]] = {}
    for one in projects:
        of = "" if one is workspace.root else f"{one.name}: "
        parts[f"{of}dependencies"] = one.dependencies
        parts |= {f"{of}extra {name}": found for name, found in one.extras.items()}
        parts |= {f"{of}group {name}": found for name, found in one.groups.items()}
    return Graph(
        roots={
            part: tuple(sorted({canonicalize_name(one.name) for one in found}))
            for part, found in parts.items()
        },
        versions={name: ", ".join(dict.fromkeys(found)) for name, found in versions.items()},
        requires={name: tuple(sorted(found)) for name, found in requires.items()},
        built=dict(_built(context, pylock)),
    )


def _built(context: Context, pylock: Pylock) -> Iterator[tuple[NormalizedName, str]]:
    """Find what is built: no wheel fits the Python at hand, or none may be used."""
    tags = _tags(context)
    for package in pylock.packages:
        wheels = [parse_wheel_filename(wheel.filename)[3] for wheel in package.wheels or ()]
        fits = any(tags is None or not tags.isdisjoint(found) for found in wheels)
        source = _source(package)
        if source and (not fits or package.name in context.settings.sources_only):
            yield package.name, source


def _tags(context: Context) -> frozenset[Tag] | None:
    """What the Python at hand accepts; None if there is none, which a tree does without."""
    try:
        known = context.depots().receiver.layout.interpreters
        return frozenset(choose_python(context, Request(), known).interpreter.tags)
    except (InterpreterError, DepotError):
        return None


def _source(package: Package) -> str:
    """Say what a package would be built from."""
    if package.vcs is not None:
        return f"{package.vcs.url or package.vcs.path} at {package.vcs.commit_id[:_SHORT]}"
    if package.directory is not None:
        return package.directory.path
    if package.sdist is not None:
        return package.sdist.filename
    archive = package.archive
    name = (archive.url or archive.path or "").rpartition("/")[2] if archive is not None else ""
    return "" if name.endswith(".whl") else name


def _way(
    name: NormalizedName, came_from: Mapping[NormalizedName, NormalizedName | None]
) -> tuple[NormalizedName, ...]:
    way = [name]
    while (before := came_from[way[-1]]) is not None:
        way.append(before)
    return tuple(reversed(way))
