"""Our rules, as resolvelib asks for them; one target, one use.

- A project is identified by its name. A candidate is a version with the extras that all
  demands together ask of it, so that `a` and `a[x]` can never differ in version.
- What comes from a URL of the project is taken from there and nowhere else. A package from an
  index may not send us to a URL.
- Candidates come in this order: versions of the existing lock, then final releases, then
  pre-releases (mixed, where the project asks for a pre-release itself).
- What is decided first: see `trail.resolve.watcher`; after a clash, those that took part in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from resolvelib import AbstractProvider

from trail.model import NormalizedName
from trail.resolve.fit import Exclusion, Why
from trail.resolve.graph import Candidate, Demand
from trail.resolve.model import Prerelease, Strategy
from trail.resolve.need import as_need, problem_of
from trail.resolve.shelf import bits
from trail.resolve.source import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version
    from resolvelib.resolvers import RequirementInformation

    from trail.resolve.fit import Ledger
    from trail.resolve.need import Need
    from trail.resolve.roots import Roots
    from trail.resolve.shelf import Shelf
    from trail.resolve.watcher import Watcher
    from trail.resolve.world import World

__all__ = ["Provider"]


class Provider(AbstractProvider[Demand, Candidate, str]):
    """The rules for one target.

    Args:
        roots: what the project asks for on the target.
        world: what there is.
        ledger: the target.
        preferences: versions to try first, in this order.
        watcher: what happened so far.
    """

    def __init__(
        self,
        roots: Roots,
        world: World,
        ledger: Ledger,
        preferences: Mapping[NormalizedName, Sequence[Version]],
        watcher: Watcher,
    ) -> None:
        self._roots = roots
        self._world = world
        self._ledger = ledger
        self._options = ledger.options
        self._preferences = preferences
        self._watcher = watcher
        self._order: dict[str, int] = {}
        self._candidates: dict[tuple[Shelf, int, frozenset[NormalizedName]], Candidate] = {}
        self._demands: dict[tuple[Shelf, int, NormalizedName], tuple[Demand, ...]] = {}
        self._together: dict[Candidate, tuple[Demand, ...]] = {}
        self._constraints: dict[Shelf, int] = {}
        self._hinted: set[Shelf] = set()
        # Versions that are of no use, whatever else is chosen: themselves, or with an extra.
        self._impossible: set[tuple[Shelf, int, NormalizedName]] = set()

    # --- what resolvelib asks

    def identify(self, requirement_or_candidate: Demand | Candidate) -> str:
        """See `AbstractProvider`."""
        return requirement_or_candidate.name

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Demand]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Sequence[Candidate] | Callable[[], Iterable[Candidate]]:
        """See `AbstractProvider`."""
        self._order.setdefault(identifier, len(self._order))
        demands = list(requirements[identifier])
        if not demands:  # resolvelib asks again for what nobody demands any more
            return ()
        shelf = demands[0].shelf
        if shelf is None:
            return ()
        mask = self._constraint(shelf)
        extras: set[NormalizedName] = set()
        pinned = False
        for demand in demands:
            mask &= demand.mask
            extras |= demand.need.extras
            # Not what packages pin: a person has to have asked for a yanked version.
            pinned = pinned or (demand.need.pins and demand.root is not None)
        for candidate in incompatibilities[identifier]:
            # With less extras it might have done.
            if candidate.extras <= extras:
                mask &= ~(1 << candidate.place)
        if not mask:
            return ()
        found, wanted = shelf, frozenset(extras)
        return lambda: (
            self._candidate(found, place, wanted)
            for place in self._ordered(found, mask, wanted, pinned=pinned)
        )

    def is_satisfied_by(self, requirement: Demand, candidate: Candidate) -> bool:
        """See `AbstractProvider`."""
        return bool(requirement.mask >> candidate.place & 1) and (
            requirement.need.extras <= candidate.extras
        )

    def get_dependencies(self, candidate: Candidate) -> Sequence[Demand]:
        """See `AbstractProvider`."""
        found = self._together.get(candidate)
        if found is None:
            shelf, place = candidate.shelf, candidate.place
            demands: list[Demand] = []
            for extra in (_NOTHING, *sorted(candidate.extras)):
                asked = self.demands(shelf, place, extra)
                if any(self.hopeless(demand) for demand in asked):
                    self._impossible.add((shelf, place, extra))
                demands += asked
            found = tuple(demands)
            if self._possible(shelf, place, candidate.extras):
                self._together[candidate] = found
        return found

    # --- what the search asks (`trail.resolve.search`)

    def kind(
        self, information: Iterable[RequirementInformation[Demand, Candidate]]
    ) -> tuple[bool, bool]:
        """Tell how soon to decide a package by what is demanded; the smallest goes first."""
        direct = pinned = False
        for info in information:
            demand = info.requirement
            direct = direct or (demand.shelf is not None and demand.shelf.direct is not None)
            pinned = pinned or demand.need.pins
        return not direct, not pinned

    def rank(self, name: str) -> tuple[bool, bool, bool, int]:
        """Tell the same by what happened so far; among equals the one demanded first."""
        return *self._watcher.rank(name), self._order[name]

    def narrow(
        self, names: list[str], causes: Iterable[RequirementInformation[Demand, Candidate]]
    ) -> list[str]:
        """Leave of the packages to be decided, after a clash, those that took part in it."""
        if not causes:
            # Versions that were found to go together need no thinking about their order.
            easy = (
                name
                for name in names
                if name in self._preferences and not self._watcher.clashes[name]
            )
            first = next(easy, None)
            return names if first is None else [first]
        involved = {info.requirement.name for info in causes}
        involved.update(info.parent.name for info in causes if info.parent is not None)
        return [name for name in names if name in involved] or names

    # --- what else is asked of the rules

    def root_demands(self, needs: Iterable[Need]) -> list[Demand]:
        """Turn requirements of the project into demands; markers are evaluated before."""
        return self._all_demands(list(needs))

    def demands(self, shelf: Shelf, place: int, extra: NormalizedName) -> tuple[Demand, ...]:
        """List what a version demands, itself (if `extra` is empty) or for an extra."""
        key = (shelf, place, extra)
        found = self._demands.get(key)
        if found is None:
            found = self._demands[key] = self._read_demands(shelf, place, extra)
        return found

    # --- candidates

    def _candidate(self, shelf: Shelf, place: int, extras: frozenset[NormalizedName]) -> Candidate:
        key = (shelf, place, extras)
        found = self._candidates.get(key)
        if found is None:
            found = self._candidates[key] = Candidate(shelf, place, extras)
        return found

    def _constraint(self, shelf: Shelf) -> int:
        mask = self._constraints.get(shelf)
        if mask is None:
            mask = shelf.everything
            for need in self._roots.constraints.get(shelf.name, ()):
                mask &= shelf.satisfying(need)
            self._constraints[shelf] = mask
        return mask

    def _ordered(
        self, shelf: Shelf, mask: int, extras: frozenset[NormalizedName], *, pinned: bool
    ) -> Iterator[int]:
        name = shelf.name
        pinned = pinned or any(need.pins for need in self._roots.constraints.get(name, ()))
        for version in self._preferences.get(name, ()):
            place = shelf.versions.place(version)
            if place is not None and mask >> place & 1:
                mask ^= 1 << place
                if self._possible(shelf, place, extras) and self._ledger.fits(
                    shelf, place, pinned=True
                ):
                    yield place
        lowest = self._options.strategy is Strategy.LOWEST or (
            self._options.strategy is Strategy.LOWEST_DIRECT and name in self._roots.names
        )
        places: Iterable[int] = bits(mask, lowest=lowest)
        if self._options.prerelease is not Prerelease.ALLOW and name not in self._roots.prereleases:
            places = _stable_first(shelf, places)
        for place in places:
            if self._possible(shelf, place, extras) and self._ledger.fits(
                shelf, place, pinned=pinned
            ):
                yield place

    def _possible(self, shelf: Shelf, place: int, extras: frozenset[NormalizedName]) -> bool:
        impossible = self._impossible
        return not impossible or (
            (shelf, place, _NOTHING) not in impossible
            and all((shelf, place, extra) not in impossible for extra in extras)
        )

    def hopeless(self, demand: Demand) -> bool:
        """Tell whether nothing satisfies a demand, even if nobody demanded anything else."""
        shelf = demand.shelf
        if shelf is None:
            return True
        mask = demand.mask & self._constraint(shelf)
        places = self._ordered(shelf, mask, demand.need.extras, pinned=True)
        return next(places, None) is None

    # --- demands

    def _read_demands(self, shelf: Shelf, place: int, extra: NormalizedName) -> tuple[Demand, ...]:
        facts = self._world.facts(shelf, place)
        if isinstance(facts, Broken):
            return self._exclude(shelf, place, Why.BROKEN, f"has metadata that {facts.reason}")
        if not self._ledger.python(facts.requires_python):
            return self._exclude(shelf, place, Why.PYTHON, facts.requires_python or "")
        try:
            needs = facts.needs.of(extra)
        except InvalidRequirement as error:
            return self._exclude(
                shelf, place, Why.BROKEN, f"has a wrong requirement: {problem_of(error)}"
            )
        active = [need for need in needs if self._ledger.marker(need.marker_text, extra)]
        if extra:  # what holds without the extra is demanded anyway
            active = [one for one in active if not self._ledger.marker(one.marker_text)]
        return tuple(self._all_demands(active))

    def _exclude(self, shelf: Shelf, place: int, why: Why, detail: str) -> tuple[Demand, ...]:
        """Make a demand that nothing satisfies, so that the version which makes it is rejected."""
        self._impossible.add((shelf, place, _NOTHING))
        self._ledger.exclusions[shelf, place] = Exclusion(why, detail)
        problem = f"requires Python {detail}" if why is Why.PYTHON else detail
        need = as_need(Requirement(shelf.name))
        return (Demand(f"{shelf.name} !", need, None, 0, None, problem),)

    def _all_demands(self, needs: Sequence[Need]) -> list[Demand]:
        elsewhere = self._roots.directs.keys() | self._roots.pins.keys()
        self._world.hint(need.name for need in needs if need.name not in elsewhere)
        demands = [demand for need in needs for demand in self._demand(need)]
        for demand in demands:
            # What will most likely be chosen can be fetched while others are decided.
            if demand.shelf is not None and demand.shelf not in self._hinted:
                self._hinted.add(demand.shelf)
                mask = demand.mask & self._constraint(demand.shelf)
                places = self._ordered(
                    demand.shelf, mask, demand.need.extras, pinned=demand.need.pins
                )
                first = next(places, None)
                if first is not None:
                    self._world.hint_metadata(demand.shelf, (first,))
        return demands

    def _demand(self, need: Need) -> Iterator[Demand]:
        for one in self._roots.overridden(need):
            if one.name == self._roots.name:
                # The project itself is always there; its extras are requirements like others.
                for root in self._roots.of_extras(one.extras):
                    yield self._make_demand(root)
            else:
                yield self._make_demand(one)

    def _make_demand(self, need: Need) -> Demand:
        direct = self._roots.directs.get(need.name)
        root = self._roots.written.get(need)
        if need.url is not None and (direct is None or direct.url != need.url):
            return Demand(f"{need.name} @", need, None, 0, root, f"names a URL: `{need.text}`")
        pin = None if direct is not None else self._roots.pins.get(need.name)
        shelf = self._world.shelf(need.name, direct, pin)
        if shelf is None:
            return Demand(need.name, need, None, 0, root)
        return Demand(need.name, need, shelf, shelf.satisfying(need), root)


_NOTHING = NormalizedName("")  # no extra


def _stable_first(shelf: Shelf, places: Iterable[int]) -> Iterator[int]:
    later = []
    for place in places:
        if shelf.versions[place].is_prerelease:
            later.append(place)
        else:
            yield place
    yield from later
