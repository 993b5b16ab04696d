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

from typing import TYPE_CHECKING, TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from resolvelib import AbstractProvider

from trail.model import NormalizedName
from trail.resolve.fit import Exclusion, Why
from trail.resolve.graph import NO_MATCHES, Candidate, Demand, Matches
from trail.resolve.model import Prerelease, Strategy
from trail.resolve.need import as_need, problem_of
from trail.resolve.shelf import bits
from trail.resolve.source import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version
    from resolvelib.resolvers import RequirementInformation

    from trail.resolve.fit import Ledger
    from trail.resolve.need import Need
    from trail.resolve.roots import Roots
    from trail.resolve.shelf import Shelf
    from trail.resolve.watcher import Watcher
    from trail.resolve.world import World

__all__ = ["Provider"]

_Wanted: TypeAlias = "tuple[Shelf, int, frozenset[NormalizedName], bool]"
"""A set of versions with extras, and whether they may be yanked."""


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
        self._firsts: dict[_Wanted, tuple[int, int | None]] = {}
        self._demands: dict[tuple[Shelf, int, NormalizedName], tuple[Demand, ...]] = {}
        self._together: dict[Candidate, tuple[Demand, ...]] = {}
        self._constraints: dict[Shelf, int] = {}
        self._hinted: set[Shelf] = set()
        # Versions that are of no use, whatever else is chosen: themselves, or with an extra.
        self._impossible: dict[Shelf, set[tuple[int, NormalizedName]]] = {}

    # --- what resolvelib asks

    def identify(self, requirement_or_candidate: Demand | Candidate) -> str:
        """See `AbstractProvider`."""
        return requirement_or_candidate.name

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
                    self._rule_out(shelf, place, extra)
                demands += asked
            found = tuple(demands)
            if self._possible(shelf, place, candidate.extras):
                self._together[candidate] = found
        return found

    # --- what the search asks (`trail.resolve.search`)

    def matches(
        self,
        name: str,
        demands: Sequence[Demand],
        incompatible: Iterable[Candidate],
        known: Matches | None = None,
    ) -> Matches:
        """List the candidates that satisfy all demands for a package.

        Args:
            name: what is demanded.
            demands: all of them.
            incompatible: candidates that are known not to do.
            known: what satisfies all but the last demand, if that was listed before.
        """
        self._order.setdefault(name, len(self._order))
        # Asked again for what nobody demands any more, there is nothing to list.
        shelf = demands[0].shelf if demands else None
        if shelf is None:
            return NO_MATCHES
        extras = demands[-1].need.extras
        if known is not None and known.count and extras <= known.extras:
            mask, extras, pinned = known.mask & demands[-1].mask, known.extras, known.pinned
            pinned = pinned or _asks_for_one(demands[-1])
        else:
            mask = self._constraint(shelf)
            for demand in demands:
                mask &= demand.mask
            extras = frozenset(extra for demand in demands for extra in demand.need.extras)
            pinned = any(map(_asks_for_one, demands))
            for candidate in incompatible:
                # With less extras it might have done.
                if candidate.extras <= extras:
                    mask &= ~(1 << candidate.place)
        first = self._first((shelf, mask, extras, pinned)) if mask else None
        if first is None:
            return NO_MATCHES
        rest = mask & ~(1 << first)
        return Matches(
            self._candidate(shelf, first, extras),
            lambda: (
                self._candidate(shelf, place, extras)
                for place in self._ordered(shelf, rest, extras, pinned)
            ),
            mask=mask,
            extras=extras,
            pinned=pinned,
            count=len(demands),
        )

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

    def rank(self, name: str) -> tuple[bool, bool, bool, bool, int]:
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
        self, shelf: Shelf, mask: int, extras: frozenset[NormalizedName], pinned: bool
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
        impossible = self._impossible.get(shelf)
        return impossible is None or (
            (place, _NOTHING) not in impossible
            and all((place, extra) not in impossible for extra in extras)
        )

    def _rule_out(self, shelf: Shelf, place: int, extra: NormalizedName) -> None:
        self._impossible.setdefault(shelf, set()).add((place, extra))

    def _first(self, wanted: _Wanted) -> int | None:
        """Find the first candidate, by a look at what was found before where that still holds."""
        shelf = wanted[0]
        ruled_out = len(self._impossible.get(shelf, ()))
        known = self._firsts.get(wanted)
        if known is None or known[0] != ruled_out:
            known = self._firsts[wanted] = ruled_out, next(self._ordered(*wanted), None)
        return known[1]

    def hopeless(self, demand: Demand) -> bool:
        """Tell whether nothing satisfies a demand, even if nobody demanded anything else."""
        shelf = demand.shelf
        if shelf is None:
            return True
        mask = demand.mask & self._constraint(shelf)
        return self._first((shelf, mask, demand.need.extras, True)) is None

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
        self._rule_out(shelf, place, _NOTHING)
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
                first = self._first((demand.shelf, mask, demand.need.extras, demand.need.pins))
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


def _asks_for_one(demand: Demand) -> bool:
    """Whether a person pinned it, who may then have a version that was yanked."""
    return demand.need.pins and demand.root is not None


def _stable_first(shelf: Shelf, places: Iterable[int]) -> Iterator[int]:
    later = []
    for place in places:
        if shelf.versions[place].is_prerelease:
            later.append(place)
        else:
            yield place
    yield from later
