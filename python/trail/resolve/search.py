"""resolvelib's search, with what it forgets to forget.

When a demand makes resolvelib choose another version of a package, the demands of the version
before are taken back. Three things go wrong then in resolvelib 1.2, and are put right here:

- If the demand is taken back as well, before another version was chosen, the one before is
  good again, but what it demands is forgotten. Here it is marked, and chosen anew.
- A package that only the version before demanded is still given a version, and what that
  demands in turn counts. Here what nobody demands goes, once all choices agree.
- Versions that were excluded by demands that are gone stay excluded. Here they come back.
"""

from __future__ import annotations

import contextlib
import operator
from typing import TYPE_CHECKING

from resolvelib.resolvers import Criterion, Resolution
from resolvelib.structs import IteratorMapping, build_iter_view

from trail.resolve.graph import Candidate, Demand
from trail.resolve.watcher import StartAgainError
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from trail.resolve.provider import Provider
    from trail.resolve.watcher import Watcher

__all__ = ["search"]


def search(
    provider: Provider, watcher: Watcher, demands: Sequence[Demand], *, rounds: int
) -> Mapping[str, Candidate]:
    """Find candidates that satisfy all demands, and all that they demand in turn.

    Args:
        provider: the rules.
        watcher: is told what happens.
        demands: those of the project.
        rounds: how many steps the search may take.

    Returns:
        The candidates by name; some that nobody demands may be among them.

    Raises:
        ResolutionImpossible: there is no solution.
        ResolutionTooDeep: none was found in so many steps.
    """
    while True:  # ends: each time another package goes first
        with contextlib.suppress(StartAgainError):
            return _Search(provider, watcher).resolve(demands, max_rounds=rounds).mapping


class _Search(Resolution[Demand, Candidate, str]):
    def __init__(self, provider: Provider, watcher: Watcher) -> None:
        super().__init__(provider, watcher)
        self._known: dict[str, tuple[Criterion[Demand, Candidate], Candidate, bool]] = {}

    def _is_current_pin_satisfying(
        self, name: str, criterion: Criterion[Demand, Candidate]
    ) -> bool:
        if not criterion.information:  # what nobody demands needs no candidate
            return True
        pin = self.state.mapping.get(name)
        if pin is None or pin.stale:
            return False
        # resolvelib asks for every package in every step; few criteria are new.
        known = self._known.get(name)
        if known is not None and known[0] is criterion and known[1] is pin:
            return known[2]
        found = all(
            self._p.is_satisfied_by(info.requirement, pin) for info in criterion.information
        )
        self._known[name] = (criterion, pin, found)
        return found

    def _remove_information_from_criteria(
        self, criteria: dict[str, Criterion[Demand, Candidate]], parents: Collection[str]
    ) -> None:
        """See `Resolution`: is called after each choice, with what has to be chosen again."""
        pins = self.state.mapping
        changed = _take_back(criteria, set(parents))
        for name in parents:
            if name in pins:  # keeps its place in the mapping, which marks the state
                pins[name] = replace(pins[name], stale=True)
        if not any(pin.stale for pin in pins.values()):
            # All choices agree for now: what nobody demands can go, but for the last choice,
            # which marks the state.
            last = next(reversed(pins), None)
            while orphans := {
                name
                for name, criterion in criteria.items()
                if not criterion.information and name != last
            }:
                for name in orphans:
                    del criteria[name]
                    pins.pop(name, None)
                changed |= _take_back(criteria, orphans)
        for name in sorted(changed & (criteria.keys() - pins.keys())):
            if criteria[name].information:
                self._choose_anew(criteria, name)

    def _choose_anew(self, criteria: dict[str, Criterion[Demand, Candidate]], name: str) -> None:
        criterion = criteria[name]
        matches = self._p.find_matches(
            identifier=name,
            requirements=IteratorMapping(criteria, operator.methodcaller("iter_requirement")),
            incompatibilities=IteratorMapping(criteria, operator.attrgetter("incompatibilities")),
        )
        criteria[name] = Criterion(
            build_iter_view(matches), criterion.information, criterion.incompatibilities
        )


def _take_back(
    criteria: dict[str, Criterion[Demand, Candidate]], parents: Collection[str]
) -> set[str]:
    """Take back what some packages demand; tell for which packages."""
    changed: set[str] = set()
    if parents:
        for name, criterion in criteria.items():
            kept = [
                info
                for info in criterion.information
                if info.parent is None or info.parent.name not in parents
            ]
            if len(kept) < len(criterion.information):
                changed.add(name)
                criteria[name] = Criterion(criterion.candidates, kept, criterion.incompatibilities)
    return changed
