"""Merge what was found for each target into one lock."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from trail.model import NormalizedName
from trail.resolve.markers import Markers, all_of, any_of
from trail.resolve.model import (
    BASE,
    Locked,
    LockedDependency,
    LockedPackage,
    Scope,
    ScopeKind,
)
from trail.resolve.offer import wheel_tags
from trail.resolve.shelf import bits
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.version import Version

    from trail.resolve.model import Request, Resolution, Resolved, Target
    from trail.resolve.source import Direct, File

__all__ = ["merge"]

_Node: TypeAlias = tuple[NormalizedName, NormalizedName]  # a package and one of its extras
_Key: TypeAlias = "tuple[NormalizedName, Version, Direct | None, str | None]"
_NO_EXTRA = NormalizedName("")


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What becomes one package of the lock; masks are sets of targets."""

    first: Resolved
    mask: int = 0
    scopes: dict[Scope, int] = field(default_factory=dict)
    extras: set[NormalizedName] = field(default_factory=set)
    dependencies: dict[NormalizedName, int] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)


def merge(
    request: Request,
    targets: Sequence[Target],
    resolutions: Sequence[Resolution],
    accepts: Callable[[Target], Callable[[str], bool]],
) -> Locked:
    """Merge the resolutions of several targets.

    Args:
        request: what was resolved.
        targets: all targets that were wanted, also those without a solution.
        resolutions: at most one for each target.
        accepts: gives for a target what tells whether it accepts a wheel, by its tags.

    Raises:
        ValueError: two targets that no marker can tell apart have different packages.
    """
    return _Merger(request, targets, resolutions, accepts).merge()


class _Merger:
    def __init__(
        self,
        request: Request,
        targets: Sequence[Target],
        resolutions: Sequence[Resolution],
        accepts: Callable[[Target], Callable[[str], bool]],
    ) -> None:
        self._request = request
        self._targets = targets
        self._accepts = accepts
        self._markers = Markers(targets)
        places = {target.name: place for place, target in enumerate(targets)}
        self._found = {places[one.target.name]: one for one in resolutions}
        self._covered = sum(1 << place for place in self._found)
        self._entries: dict[_Key, _Entry] = {}

    def merge(self) -> Locked:
        # Targets that share a result are taken in together.
        together: dict[int, list[int]] = {}
        for place, resolution in self._found.items():
            together.setdefault(id(resolution.packages), []).append(place)
        for places in together.values():
            self._add(places, self._found[places[0]])
        keys = sorted(self._entries, key=_order)
        several = {one[0] for one, two in pairwise(keys) if one[0] == two[0]}
        return Locked(
            packages=tuple(self._package(key, several) for key in keys),
            environments=self._markers.environments(self._covered),
            extras=self._names(ScopeKind.EXTRA),
            groups=self._names(ScopeKind.GROUP),
            targets=tuple(self._targets[place].name for place in sorted(self._found)),
        )

    def _names(self, kind: ScopeKind) -> tuple[NormalizedName, ...]:
        scopes = {root.scope for root in self._request.roots}
        return tuple(sorted(scope.name for scope in scopes if scope.kind is kind))

    def _add(self, places: Sequence[int], resolution: Resolution) -> None:
        mask = sum(1 << place for place in places)
        accepts = [self._accepts(self._targets[place]) for place in places]
        accepted: dict[str, bool] = {}  # by the tags of a wheel
        for package in resolution.packages.values():
            entry = self._entries.setdefault(_key(package), _Entry(first=package))
            entry.mask |= mask
            entry.extras |= package.extras
            for name in {one.name for found in package.dependencies.values() for one in found}:
                entry.dependencies[name] = entry.dependencies.get(name, 0) | mask
            for file in package.files:
                if file.is_wheel:
                    tags = wheel_tags(file.filename)
                    known = accepted.get(tags)
                    if known is None:
                        known = accepted[tags] = any(ask(tags) for ask in accepts)
                    if not known:
                        continue
                entry.files[file.filename] = file
        for scope, nodes in _reach(resolution).items():
            for name in {name for name, _ in nodes}:
                scopes = self._entries[_key(resolution.packages[name])].scopes
                scopes[scope] = scopes.get(scope, 0) | mask

    def _package(self, key: _Key, several: set[NormalizedName]) -> LockedPackage:
        entry = self._entries[key]
        package = entry.first
        always = entry.scopes.get(BASE, 0) == entry.mask
        return LockedPackage(
            name=package.name,
            version=package.version,
            marker=self._marker(entry),
            dependencies=tuple(self._dependencies(entry, several)),
            requires_python=package.requires_python,
            files=tuple(entry.files[name] for name in sorted(entry.files)),
            index=package.index,
            direct=package.direct,
            extras=frozenset(entry.extras),
            scopes=(BASE,) if always else tuple(sorted(entry.scopes)),
            targets=tuple(self._targets[place].name for place in bits(entry.mask)),
            yanked=package.yanked,
        )

    def _marker(self, entry: _Entry) -> str | None:
        open_targets = self._markers.everything & ~self._covered
        base = entry.scopes.get(BASE, 0)
        parts: list[str | None] = []
        if base:
            parts.append(self._markers.marker(base, open_targets))
        groups: dict[int, list[Scope]] = {}
        for scope in sorted(entry.scopes):
            # Where the base needs it the rest of the marker may say what it likes.
            if mask := entry.scopes[scope] & ~base:
                groups.setdefault(mask, []).append(scope)
        for mask, scopes in groups.items():
            where = self._markers.marker(mask, open_targets | base)
            parts.append(all_of(where, any_of(*map(_scope_marker, scopes))))
        return any_of(*parts)

    def _dependencies(
        self, entry: _Entry, several: set[NormalizedName]
    ) -> Iterable[LockedDependency]:
        outside = self._markers.everything & ~entry.mask
        for name in sorted(entry.dependencies):
            by_version: dict[Version, int] = {}
            for place in bits(entry.dependencies[name]):
                version = self._found[place].packages[name].version
                by_version[version] = by_version.get(version, 0) | 1 << place
            for version in sorted(by_version):
                yield LockedDependency(
                    name=name,
                    version=str(version) if name in several else None,
                    marker=self._markers.marker(by_version[version], outside),
                )


def _reach(resolution: Resolution) -> Mapping[Scope, frozenset[_Node]]:
    """Tell which packages each part of the project needs, with which extras."""
    found: dict[Scope, frozenset[_Node]] = {}
    for scope, asked in resolution.roots.items():
        seen: set[_Node] = set()
        queue = deque((one.name, extra) for one in asked for extra in (_NO_EXTRA, *one.extras))
        while queue:
            node = queue.popleft()
            if node not in seen:
                seen.add(node)
                package = resolution.packages[node[0]]
                for one in package.dependencies.get(node[1], ()):
                    queue.extend((one.name, extra) for extra in (_NO_EXTRA, *one.extras))
        found[scope] = frozenset(seen)
    return found


def _key(package: Resolved) -> _Key:
    return package.name, package.version, package.direct, package.index


def _order(key: _Key) -> tuple[str, Version, str, str]:
    name, version, direct, index = key
    return name, version, "" if direct is None else direct.url, index or ""


def _scope_marker(scope: Scope) -> str:
    variable = "extras" if scope.kind is ScopeKind.EXTRA else "dependency_groups"
    return f"'{scope.name}' in {variable}"
