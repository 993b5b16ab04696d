"""Resolve for one target."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from resolvelib import ResolutionImpossible, ResolutionTooDeep

from trail.errors import ResolutionError
from trail.model import NormalizedName
from trail.resolve.fit import Ledger
from trail.resolve.model import Dependency, Resolution, Resolved
from trail.resolve.provider import Provider
from trail.resolve.roots import Roots, read_roots
from trail.resolve.search import search
from trail.resolve.source import Broken
from trail.resolve.watcher import Watcher
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging.version import Version
    from resolvelib.resolvers import RequirementInformation

    from trail.resolve.graph import Candidate, Demand
    from trail.resolve.model import Request, Scope, Target
    from trail.resolve.source import File
    from trail.resolve.world import World

__all__ = ["Conflict", "Solved", "solve"]

_NO_EXTRA = NormalizedName("")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """A resolution, and how it came about.

    Args:
        resolution: the packages.
        ledger: what was asked about the target.
        chosen: the candidates, by name.
        missing_extras: pairs of a package and an extra that was asked of it in vain.
    """

    resolution: Resolution
    ledger: Ledger
    chosen: Mapping[NormalizedName, Candidate]
    missing_extras: frozenset[tuple[NormalizedName, NormalizedName]] = frozenset()


class Conflict(Exception):  # noqa: N818  # not an error yet: `explain` makes one of it
    """There is no solution.

    Args:
        ledger: what was asked about the target.
        roots: what the project asks for on it.
        causes: the demands that clashed last, and who made them.
        watcher: all demands that were made.
    """

    def __init__(
        self,
        ledger: Ledger,
        roots: Roots,
        causes: Collection[RequirementInformation[Demand, Candidate]],
        watcher: Watcher,
    ) -> None:
        super().__init__(ledger.target.name)
        self.ledger = ledger
        self.roots = roots
        self.causes = causes
        self.watcher = watcher


def solve(
    request: Request,
    target: Target,
    world: World,
    preferences: Mapping[NormalizedName, Sequence[Version]],
    *,
    rounds: int = 200_000,
) -> Solved:
    """Find versions that fit together on a target.

    Args:
        request: what shall be resolved.
        target: for which environment.
        world: what there is.
        preferences: versions to try first, in this order.
        rounds: how many steps the search may take.

    Raises:
        Conflict: there is no solution.
        ResolutionError: a direct reference cannot be used, or the search takes too long.
        FetchError: as the source does.
    """
    ledger = Ledger(target, request.options)
    roots = read_roots(request, ledger, world)
    watcher = Watcher(world)
    provider = Provider(roots, world, ledger, preferences, watcher)
    demands = {scope: provider.root_demands(needs) for scope, needs in roots.scopes.items()}
    everything = [demand for found in demands.values() for demand in found]
    watcher.give_up_if(lambda: any(provider.hopeless(demand) for demand in everything))
    try:
        pins = search(provider, watcher, everything, rounds=rounds)
    except ResolutionImpossible as error:
        raise Conflict(ledger, roots, error.causes, watcher) from error
    except ResolutionTooDeep as error:
        raise ResolutionError(
            f"no solution was found for {target.name} in {rounds} steps",
            hint="name narrower versions in the requirements, to shorten the search",
        ) from error
    return _Reading(world, ledger, provider, pins).read(demands)


class _Reading:
    """Reads what was found: only what somebody really asks for."""

    def __init__(
        self, world: World, ledger: Ledger, provider: Provider, pins: Mapping[str, Candidate]
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._provider = provider
        self._pins = pins
        self._missing: set[tuple[NormalizedName, NormalizedName]] = set()

    def read(self, demands: Mapping[Scope, Sequence[Demand]]) -> Solved:
        asked = self._asked([one for found in demands.values() for one in found])
        packages = {name: self._package(name, asked[name]) for name in sorted(asked)}
        roots = {scope: _dependencies(found) for scope, found in demands.items()}
        return Solved(
            resolution=Resolution(target=self._ledger.target, packages=packages, roots=roots),
            ledger=self._ledger,
            chosen={name: self._pins[name] for name in packages},
            missing_extras=frozenset(self._missing),
        )

    def _asked(self, demands: Iterable[Demand]) -> dict[NormalizedName, set[NormalizedName]]:
        """Follow the demands from the project's on: which packages, with which extras."""
        asked: dict[NormalizedName, set[NormalizedName]] = {}
        queue = deque(demands)
        while queue:
            need = queue.popleft().need
            candidate = self._pins[need.name]
            known = asked.get(need.name)
            fresh = need.extras if known is not None else need.extras | {_NO_EXTRA}
            known = asked.setdefault(need.name, set())
            for extra in sorted(fresh - known):
                known.add(extra)
                queue.extend(self._provider.demands(candidate.shelf, candidate.place, extra))
        return asked

    def _package(self, name: NormalizedName, extras: set[NormalizedName]) -> Resolved:
        candidate = self._pins[name]
        shelf, place = candidate.shelf, candidate.place
        facts = self._world.facts(shelf, place)
        if isinstance(facts, Broken):  # then it had not been chosen
            raise TypeError(name)
        dependencies = {
            extra: _dependencies(self._provider.demands(shelf, place, extra))
            for extra in sorted(extras)
        }
        provided = {
            extra for extra in extras - {_NO_EXTRA} if extra in facts.extras or dependencies[extra]
        }
        self._missing.update((name, extra) for extra in extras - provided - {_NO_EXTRA})
        files = shelf.offer(place, self._ledger.options.limit(name)).files
        return Resolved(
            name=name,
            version=candidate.version,
            extras=frozenset(provided),
            dependencies={
                extra: found
                for extra, found in dependencies.items()
                if extra in provided or extra == _NO_EXTRA
            },
            requires_python=facts.requires_python,
            files=files,
            index=shelf.index,
            direct=shelf.direct,
            yanked=_yanked(files),
            build=shelf.direct is None and self._ledger.needs_build(shelf, place),
        )


def _yanked(files: Sequence[File]) -> str | None:
    reasons = [file.yanked for file in files]
    if not reasons or None in reasons:
        return None
    return next((reason for reason in reasons if reason), "")


def _dependencies(demands: Iterable[Demand]) -> tuple[Dependency, ...]:
    found = {
        (one.need.name, one.need.text): Dependency(
            name=one.need.name, extras=one.need.extras, requirement=one.need.text
        )
        for one in demands
    }
    return tuple(found[key] for key in sorted(found))
