"""resolvelib's search, with what it forgets to forget, and without asking what is known.

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
from typing import TYPE_CHECKING, TypeAlias

from resolvelib.resolvers import (
    Criterion,
    RequirementsConflicted,
    Resolution,
    ResolutionImpossible,
    ResolutionTooDeep,
)
from resolvelib.structs import RequirementInformation, State

from trail.resolve.graph import Candidate, Demand, Matches
from trail.resolve.watcher import StartAgainError
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from trail.resolve.provider import Provider
    from trail.resolve.watcher import Watcher

__all__ = ["search"]

_Rank: TypeAlias = tuple[bool, bool, bool, bool, bool, bool, int]


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
    """The search of resolvelib, step by step the same, at a tenth of the time.

    resolvelib asks in every step for every package whether its choice still does, and how soon
    it is to be decided. Few criteria are new in a step, and what is not new has its answer.
    """

    def __init__(self, provider: Provider, watcher: Watcher) -> None:
        super().__init__(provider, watcher)
        self._rules = provider
        self._watcher = watcher
        self._known: dict[str, tuple[Criterion[Demand, Candidate], Candidate | None, bool]] = {}
        self._ranks: dict[str, tuple[Criterion[Demand, Candidate], int, _Rank]] = {}
        self._loose = False  # whether there may be choices to be made anew, or nobody's demands
        self._open: set[str] | None = None  # what has to be chosen; None where that is not known
        self._new: set[str] = set()  # what the last choice demands, and nobody did before
        self._more: set[str] = set()  # what it demands beside others

    def resolve(
        self, requirements: Iterable[Demand], max_rounds: int
    ) -> State[Demand, Candidate, str]:
        """See `Resolution`."""
        self._begin(requirements)
        latest: int | None = None
        for number in range(max_rounds):
            if self._optimistic_backjumping_ratio and self._save_states is not None:
                # It jumped back further than is safe, which has to bear fruit by then.
                if latest is None:
                    rest = max_rounds - number
                    latest = number + int(rest * self._optimistic_backjumping_ratio)
                if number >= latest:
                    self._loose = True
                    self._open = None
                    self._rollback_states()
                    continue
            unmet = self._unmet()
            if not unmet:
                return self.state
            self._new.clear()
            self._more.clear()
            name = self._next(unmet)
            causes = self._extract_causes(self._attempt_to_pin_criterion(name))
            if causes:
                self._loose = True
                self._open = None
                self._r.resolving_conflicts(causes=causes)
                self._turn_back(causes)
            else:
                broken = self._look_again(name)
                self._remove_information_from_criteria(self.state.criteria, broken)
                self._push_new_state()
        raise ResolutionTooDeep(max_rounds)

    def _begin(self, requirements: Iterable[Demand]) -> None:
        # Of an ordered dictionary resolvelib needs what every one is today, and it copies it in
        # each step, which takes five times as long for those of `collections`.
        chosen: dict[str, Candidate] = {}
        self._states = [State(mapping=chosen, criteria={}, backtrack_causes=[])]
        for requirement in requirements:
            try:
                self._add_to_criteria(self.state.criteria, requirement, parent=None)
            except RequirementsConflicted as error:
                raise ResolutionImpossible(error.criterion.information) from error
        # The first choice needs something to go back to.
        self._push_new_state()

    def _unmet(self) -> list[str]:
        """List the packages that have to be chosen, or chosen again."""
        criteria = self.state.criteria
        if self._open is None:
            self._open = {name for name in criteria if not self._does(name)}
        return [name for name in criteria if name in self._open]

    def _look_again(self, chosen: str) -> set[str]:
        """Bring what is known up to date after a choice; name those that it makes wrong."""
        criteria, unmet = self.state.criteria, self._open
        if unmet is None:
            raise TypeError(chosen)
        broken = set()
        # Candidates that were rejected demanded other things.
        for name in (self._new | self._more | {chosen}) & criteria.keys():
            if self._does(name):
                unmet.discard(name)
            elif name not in unmet:
                unmet.add(name)
                if name not in self._new:
                    broken.add(name)
        return broken

    def _does(self, name: str) -> bool:
        """Tell whether the choice of a package does; where nothing changed, that is known."""
        criterion, pin = self.state.criteria[name], self.state.mapping.get(name)
        last = self._known.get(name)
        if last is None or last[0] is not criterion or last[1] is not pin:
            last = self._known[name] = (criterion, pin, self._is_met(criterion, pin))
        return last[2]

    def _is_met(self, criterion: Criterion[Demand, Candidate], pin: Candidate | None) -> bool:
        if not criterion.information:  # what nobody demands needs no candidate
            return True
        return (
            pin is not None
            and not pin.stale
            and all(
                self._p.is_satisfied_by(info.requirement, pin) for info in criterion.information
            )
        )

    def _next(self, unmet: list[str]) -> str:
        """Say which of the packages to decide next."""
        if len(unmet) > 1:
            unmet = self._rules.narrow(unmet, self.state.backtrack_causes)
        return unmet[0] if len(unmet) == 1 else min(unmet, key=self._get_preference)

    def _get_preference(self, name: str) -> _Rank:
        criterion, lessons = self.state.criteria[name], self._watcher.lessons
        known = self._ranks.get(name)
        if known is None or known[0] is not criterion or known[1] != lessons:
            rank = (*self._rules.kind(criterion.information), *self._rules.rank(name))
            known = self._ranks[name] = criterion, lessons, rank
        return known[2]

    def _turn_back(self, causes: list[RequirementInformation[Demand, Candidate]]) -> None:
        """Undo choices that stand in the way.

        Raises:
            ResolutionImpossible: there is nothing left to undo.
        """
        daring = bool(self._optimistic_backjumping_ratio)
        try:
            done = self._backjump(causes)
        except ResolutionImpossible:
            if not (daring and self._save_states):
                raise
            done = False
        if not done and daring and self._save_states:
            self._rollback_states()
            return
        self.state.backtrack_causes[:] = causes
        if not done:
            raise ResolutionImpossible(self.state.backtrack_causes)

    def _remove_information_from_criteria(
        self, criteria: dict[str, Criterion[Demand, Candidate]], parents: Collection[str]
    ) -> None:
        """See `Resolution`: is called after each choice, with what has to be chosen again."""
        if not parents and not self._loose:
            return
        self._open = None
        pins = self.state.mapping
        changed = _take_back(criteria, set(parents))
        for name in parents:
            if name in pins:  # keeps its place in the mapping, which marks the state
                pins[name] = replace(pins[name], stale=True)
        self._loose = any(pin.stale for pin in pins.values())
        if not self._loose:
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
            self._loose = any(not criterion.information for criterion in criteria.values())
        for name in sorted(changed & (criteria.keys() - pins.keys())):
            if criteria[name].information:
                self._choose_anew(criteria, name)

    def _choose_anew(self, criteria: dict[str, Criterion[Demand, Candidate]], name: str) -> None:
        criterion = criteria[name]
        matches = self._rules.matches(name, _demands(criterion), criterion.incompatibilities)
        criteria[name] = Criterion(matches, criterion.information, criterion.incompatibilities)

    def _add_to_criteria(
        self,
        criteria: dict[str, Criterion[Demand, Candidate]],
        requirement: Demand,
        parent: Candidate | None,
    ) -> None:
        """See `Resolution`: candidates are found from those before the new demand."""
        self._r.adding_requirement(requirement, parent)
        name = requirement.name
        before = criteria.get(name)
        information = [RequirementInformation(requirement, parent)]
        incompatible: list[Candidate] = []
        known = None
        (self._new if before is None else self._more).add(name)
        if before is not None:
            information = [*before.information, *information]
            incompatible = list(before.incompatibilities)
            # Where demands were taken back there may be more candidates again.
            candidates = before.candidates
            if isinstance(candidates, Matches) and candidates.count == len(before.information):
                known = candidates
        demands = [info.requirement for info in information]
        criterion = Criterion(
            self._rules.matches(name, demands, incompatible, known), information, incompatible
        )
        if not criterion.candidates:
            raise RequirementsConflicted(criterion)
        criteria[name] = criterion

    def _patch_criteria(
        self, incompatibilities_from_broken: list[tuple[str, list[Candidate]]]
    ) -> bool:
        """See `Resolution`: takes out of the state what is known not to do."""
        criteria = self.state.criteria
        for name, candidates in incompatibilities_from_broken:
            criterion = criteria.get(name)
            if criterion is None or not candidates:
                continue
            incompatible = [*candidates, *criterion.incompatibilities]
            matches = self._rules.matches(name, _demands(criterion), incompatible)
            if not matches:
                return False
            criteria[name] = Criterion(matches, list(criterion.information), incompatible)
        return True


def _demands(criterion: Criterion[Demand, Candidate]) -> list[Demand]:
    return [info.requirement for info in criterion.information]


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
