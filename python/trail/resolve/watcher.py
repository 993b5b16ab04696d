"""What happened in a search, and what is learned from it.

- Names that clash often are decided earlier (pip and uv do the same).
- A package that runs out of versions again and again is decided first, what stands in its way
  last, and the search begins anew (uv goes back to the decision that was in the way).
- Where that does not help, what is in its way most often is decided before all others: a hub
  such as protobuf, of which many packages allow few versions each.
- Where many versions fail, the metadata of the next ones is fetched ahead.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from resolvelib import BaseReporter, ResolutionImpossible

from trail.resolve.graph import Candidate, Demand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from resolvelib.resolvers import Criterion, RequirementInformation

    from trail.resolve.world import World

__all__ = ["StartAgainError", "Watcher"]

_CLASHES = 5  # so many, and a name is decided before others
_STUBBORN = 50  # out of versions so often although it is decided early: its hub comes first
_PREFETCH = (5, 10, 20)  # after so many rejected versions the next ones are fetched ahead
_PREFETCH_MOST = 50


class StartAgainError(Exception):
    """The search is to begin anew, in the order that the watcher has learned."""


class Watcher(BaseReporter[Demand, Candidate, str]):
    """Counts clashes, keeps who demanded what, and fetches ahead where many versions fail.

    Args:
        world: where to fetch.
    """

    def __init__(self, world: World) -> None:
        self.clashes: Counter[str] = Counter()
        self.lessons = 0  # what `rank` says holds as long as this stays
        self.made: dict[Demand, Candidate | None] = {}
        self.causes: dict[Demand, Candidate | None] = {}
        self._early: set[str] = set()
        self._late: set[str] = set()
        self._first: set[str] = set()
        self._tried: Counter[str] = Counter()
        self._exhausted: Counter[str] = Counter()
        self._in_the_way: Counter[tuple[str, str]] = Counter()
        self._rejected = ""
        self._world = world
        self._stop: Callable[[], bool] = lambda: False

    def give_up_if(self, hopeless: Callable[[], bool]) -> None:
        """End the search after a clash if this says that there can be no solution."""
        self._stop = hopeless

    def rank(self, name: str) -> tuple[bool, bool, bool, bool]:
        """Tell how soon to decide a package; the smallest goes first."""
        return (
            name not in self._first,
            name not in self._early,
            name in self._late,
            self.clashes[name] < _CLASHES,
        )

    def adding_requirement(self, requirement: Demand, parent: Candidate | None) -> None:
        """See `BaseReporter`."""
        self.made.setdefault(requirement, parent)

    def resolving_conflicts(
        self, causes: Collection[RequirementInformation[Demand, Candidate]]
    ) -> None:
        """See `BaseReporter`."""
        names = {info.requirement.name for info in causes}
        names.update(info.parent.name for info in causes if info.parent is not None)
        self.clashes.update(names)
        self.lessons += 1
        self.causes.update({info.requirement: info.parent for info in causes})
        # resolvelib would go through all combinations of what has nothing to do with it.
        if self._stop():
            raise ResolutionImpossible(causes)
        self._learn(names)

    def _learn(self, names: Collection[str]) -> None:
        """Begin anew where a package runs out of versions again and again.

        What stands in its way was decided long ago, and resolvelib would try all combinations of
        what came since.

        Raises:
            StartAgainError: another order is better.
        """
        short = self._rejected
        self._exhausted[short] += 1
        others = {name for name in names if name != short}
        self._in_the_way.update((short, name) for name in others)
        if short in self._early:
            self._put_hub_first(short)
            return
        if self._exhausted[short] < _CLASHES:
            return
        self._early.add(short)
        self._late.discard(short)
        self._late.update(
            name for name in others - self._early if self._in_the_way[short, name] >= _CLASHES
        )
        raise StartAgainError

    def _put_hub_first(self, short: str) -> None:
        """Decide what is in the way of a package before it, where the opposite did not help.

        Raises:
            StartAgainError: another order is better.
        """
        if self._exhausted[short] < _STUBBORN:
            return
        counts = {name: count for (one, name), count in self._in_the_way.items() if one == short}
        hub = max(counts.keys() - self._first, key=lambda name: (counts[name], name), default=None)
        self._exhausted[short] = 0
        if hub is None:
            return
        self._first.add(hub)
        self._late.discard(hub)
        raise StartAgainError

    def rejecting_candidate(
        self,
        criterion: Criterion[Demand, Candidate],  # noqa: ARG002  # resolvelib's signature
        candidate: Candidate,
    ) -> None:
        """See `BaseReporter`."""
        self._rejected = candidate.name
        self._tried[candidate.name] += 1
        count = self._tried[candidate.name]
        if count in _PREFETCH or (count > _PREFETCH[-1] and count % _PREFETCH[-1] == 0):
            shelf, first = candidate.shelf, candidate.place + 1
            last = min(first + min(count, _PREFETCH_MOST), len(shelf.versions))
            self._world.hint_metadata(shelf, range(first, last))
