"""Resolve for many targets, as seldom as possible, and merge the results.

The targets are taken in their order (see `make_targets`). What was found for one is used
for every other that answers the same to all that was asked (`Ledger.holds_for`); where that
is not so, the versions found so far are preferred, so that the lock has few versions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from trail.model import NormalizedName
from trail.report import Reporter
from trail.resolve.fit import Ledger
from trail.resolve.merge import merge
from trail.resolve.solve import Conflict, Solved, solve
from trail.resolve.targets import split_patches
from trail.resolve.world import World
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from trail.errors import ResolutionError
    from trail.resolve.model import Locked, Request, Resolution, Target
    from trail.resolve.source import Source

__all__ = ["Outcome", "resolve"]

_FULL_VERSION = re.compile(
    r"""python_full_version\s*(?P<sign>[=!<>~]=?=?)\s*["'](?P<right>[^"']+)["']"""
    r"""|["'](?P<left>[^"']+)["']\s*(?P<turned>[=!<>~]=?=?)\s*python_full_version"""
)
_PATCH_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found.

    Args:
        locked: for all targets together.
        resolutions: for each target that has a solution.
        left_out: targets without a solution, and what clashed (`explain` says it in words).
        solved: how often the solver had to work.
    """

    locked: Locked
    resolutions: tuple[Resolution, ...]
    left_out: tuple[tuple[Target, Conflict], ...] = ()
    solved: int = 0


def resolve(
    request: Request,
    targets: Sequence[Target],
    source: Source,
    *,
    required: Container[str] | None = None,
    reporter: Reporter | None = None,
) -> Outcome:
    """Find versions for all targets.

    Args:
        request: what shall be resolved.
        targets: for which environments, the most important one first; at least one.
        source: where packages come from.
        required: the names of targets that must have a solution; None for all of them. It is
            asked only about those that have none.
        reporter: is warned of targets that are left out, of yanked versions and of extras
            that do not exist.

    Raises:
        ResolutionError: a required target has no solution, or none has one.
        FetchError: as the source does.
    """
    source.follow([target.environment for target in targets], _elsewhere(request))
    work = _Work(request, World(source), reporter or Reporter())
    for target in targets:
        work.add(target, required)
    for target in targets:
        work.split(target)
    return work.outcome()


def _elsewhere(request: Request) -> frozenset[NormalizedName]:
    """List what comes from an address, a folder or one certain index."""
    roots = (*request.roots, *request.options.constraints, *request.options.overrides)
    direct = (root.requirement.name for root in roots if root.requirement.url)
    return frozenset((*map(_normalized, direct), *(place.name for place in request.places)))


def _normalized(name: str) -> NormalizedName:
    return NormalizedName(canonicalize_name(name))


class _Work:
    def __init__(self, request: Request, world: World, reporter: Reporter) -> None:
        self._request = request
        self._world = world
        self._reporter = reporter
        self._targets: list[Target] = []
        self._found: dict[str, Solved] = {}
        self._originals: list[Solved] = []
        self._conflicts: list[Conflict] = []
        self._left_out: list[tuple[Target, Conflict]] = []
        self._preferences: dict[NormalizedName, list[Version]] = {
            name: list(versions)
            for name, versions in request.options.preferences.items()
            if name not in request.options.upgrade
        }

    def add(self, target: Target, required: Container[str] | None) -> None:
        """Find the packages for a target, by thinking only where that is needed."""
        self._targets.append(target)
        ledger = Ledger(target, self._request.options)
        found = self._reuse(ledger)
        if found is None:
            conflict = next((one for one in self._conflicts if one.ledger.holds_for(ledger)), None)
            if conflict is None:
                try:
                    found = self._solve(target)
                except Conflict as new:
                    conflict = new
                    self._conflicts.append(conflict)
            if conflict is not None:
                if required is None or target.name in required:
                    raise self._explain(self._own(conflict, target))
                self._left_out.append((target, conflict))
                return
        if found is not None:
            self._found[target.name] = found

    def _own(self, conflict: Conflict, target: Target) -> Conflict:
        """Turn a conflict that was found for another target into that of this one."""
        if conflict.ledger.target != target:
            try:
                self._solve(target)
            except Conflict as own:
                return own
        return conflict

    def split(self, target: Target) -> None:
        """Split a target where patch releases of its Python differ in a marker."""
        found = self._found.get(target.name)
        if found is None:
            return
        *parts, _ = split_patches(target, _patches(found.ledger.markers, target.python))
        before = found
        place = self._targets.index(target)
        for part in reversed(parts):  # the oldest one first: each is compared to the one before
            ledger = Ledger(part, self._request.options)
            if before.ledger.holds_for(ledger):
                continue
            try:
                before = self._reuse(ledger) or self._solve(part)
            except Conflict as conflict:
                self._left_out.append((part, conflict))
            else:
                self._found[part.name] = before
            self._targets.insert(place, part)

    def outcome(self) -> Outcome:
        """Merge what was found.

        Raises:
            ResolutionError: nothing was found.
        """
        if not self._found:
            raise self._explain(self._left_out[0][1])
        self._warn()
        resolutions = [
            self._found[target.name].resolution
            for target in self._targets
            if target.name in self._found
        ]
        ledgers = {name: found.ledger for name, found in self._found.items()}
        locked = merge(
            self._request,
            self._targets,
            resolutions,
            lambda target: ledgers[target.name].accepts,
        )
        return Outcome(
            locked=locked,
            resolutions=tuple(resolutions),
            left_out=tuple(self._left_out),
            solved=len(self._originals) + len(self._conflicts),
        )

    def _explain(self, conflict: Conflict) -> ResolutionError:
        from trail.resolve.explain import explain  # noqa: PLC0415  # most have a solution

        return explain(conflict, self._request, self._world)

    def _reuse(self, ledger: Ledger) -> Solved | None:
        for one in self._originals:
            if one.ledger.holds_for(ledger):
                packages = one.resolution.packages
                builds = {
                    name: ledger.needs_build(candidate.shelf, candidate.place)
                    for name, candidate in one.chosen.items()
                    if candidate.shelf.direct is None
                }
                if any(packages[name].build != build for name, build in builds.items()):
                    packages = {
                        name: replace(package, build=builds.get(name, package.build))
                        for name, package in packages.items()
                    }
                resolution = replace(one.resolution, target=ledger.target, packages=packages)
                return replace(one, resolution=resolution, ledger=ledger)
        return None

    def _solve(self, target: Target) -> Solved:
        found = solve(self._request, target, self._world, self._preferences)
        self._originals.append(found)
        for name, package in found.resolution.packages.items():
            versions = self._preferences.setdefault(name, [])
            if package.version not in versions:
                versions.append(package.version)
        return found

    def _warn(self) -> None:
        for warning in self._left_out_warnings():
            self._reporter.warn(warning)
        warnings = {
            f"`{package.name}` {package.version} was yanked"
            + (f": {package.yanked}" if package.yanked else "")
            for found in self._originals
            for package in found.resolution.packages.values()
            if package.yanked is not None
        }
        warnings |= {
            f"`{name}` {found.chosen[name].version} has no extra `{extra}`"
            for found in self._originals
            for name, extra in found.missing_extras
        }
        for warning in sorted(warnings):
            self._reporter.warn(warning)

    def _left_out_warnings(self) -> Iterator[str]:
        """Say which targets are left out and why: a line for each reason and its platforms."""
        groups: dict[tuple[str, int], tuple[Conflict, list[str]]] = {}
        # The newest Python first, whichever came first to mind.
        for target, conflict in sorted(self._left_out, key=_release, reverse=True):
            python, _, platform = target.name.partition(" ")
            groups.setdefault((python, id(conflict)), (conflict, []))[1].append(platform)
        if groups:
            from trail.resolve.explain import reason  # noqa: PLC0415  # as above

            lines: dict[str, list[str]] = {}
            for (python, _), (conflict, platforms) in groups.items():
                why = f"left out on {', '.join(platforms)}: {reason(conflict, self._world)}"
                lines.setdefault(why, []).append(python)
            for why, pythons in lines.items():
                yield f"{', '.join(pythons)} {'is' if len(pythons) == 1 else 'are'} {why}"


def _release(left_out: tuple[Target, Conflict]) -> tuple[int, ...]:
    return left_out[0].python.release


def _patches(markers: Iterable[str], python: Version) -> Iterator[int]:
    """List the patch releases of a minor version at which one of the markers may change."""
    for marker in markers:
        for found in _FULL_VERSION.finditer(marker):
            try:
                version = Version((found["right"] or found["left"]).removesuffix(".*"))
            except InvalidVersion:
                continue
            if version.release[:2] == python.release[:2]:
                patch = version.release[2] if len(version.release) >= _PATCH_PARTS else 0
                yield from (patch, patch + 1)
