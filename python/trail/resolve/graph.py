"""What the solver moves about: demands and candidates, for one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from packaging.version import Version

    from trail.model import NormalizedName
    from trail.resolve.model import RootRequirement
    from trail.resolve.need import Need
    from trail.resolve.shelf import Shelf

__all__ = ["Candidate", "Demand"]


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
