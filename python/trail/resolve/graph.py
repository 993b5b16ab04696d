"""What the solver moves about: demands and candidates, for one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.version import Version

    from trail.model import NormalizedName
    from trail.resolve.model import RootRequirement
    from trail.resolve.need import Need
    from trail.resolve.shelf import Shelf

__all__ = ["NO_MATCHES", "Candidate", "Demand", "Matches"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A version that may be chosen, with the extras that are asked of it.

    Args:
        shelf: the project.
        place: the version's place on the shelf.
        extras: the extras.
        stale: whether its demands were taken back, because it has to be chosen again.
    """

    shelf: Shelf
    place: int
    extras: frozenset[NormalizedName]
    stale: bool = False

    @property
    def name(self) -> str:
        """The project."""
        return self.shelf.name

    @property
    def version(self) -> Version:
        """The version."""
        return self.shelf.versions[self.place]


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A requirement that holds on the target.

    Args:
        name: what is required; a name that no project can have, for what nothing satisfies.
        need: the requirement.
        shelf: the project's versions; None if no index knows it.
        mask: the versions that satisfy it.
        root: where a person wrote it, or None.
        problem: why nothing can satisfy it, whatever versions there are; else None.
    """

    name: str
    need: Need
    shelf: Shelf | None
    mask: int
    root: RootRequirement | None = None
    problem: str | None = None


class Matches:
    """The candidates for a package in their order; all but the first are looked for when needed.

    Args:
        first: the first one; None if there are none.
        rest: finds the others.
        mask: the versions that satisfy what is demanded; not all of them need be candidates.
        extras: those that are demanded.
        pinned: whether a person pinned it.
        count: how many demands these satisfy.
    """

    __slots__ = ("_found", "_rest", "_rest_of", "count", "extras", "first", "mask", "pinned")

    def __init__(  # noqa: PLR0913  # what decided about them
        self,
        first: Candidate | None,
        rest: Callable[[], Iterator[Candidate]],
        *,
        mask: int = 0,
        extras: frozenset[NormalizedName] = frozenset(),
        pinned: bool = False,
        count: int = 0,
    ) -> None:
        self.first = first
        self.mask = mask
        self.extras = extras
        self.pinned = pinned
        self.count = count
        self._found = [first] if first is not None else []
        self._rest_of = rest
        self._rest: Iterator[Candidate] | None = None

    def __bool__(self) -> bool:
        return self.first is not None

    def __iter__(self) -> Iterator[Candidate]:
        number = 0
        while self.first is not None:
            if number == len(self._found):
                if self._rest is None:
                    self._rest = self._rest_of()
                following = next(self._rest, None)
                if following is None:
                    return
                self._found.append(following)
            yield self._found[number]
            number += 1


NO_MATCHES = Matches(None, lambda: iter(()))
"""No candidates."""
