"""What was learned of the world while resolving; the same for all targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.resolve.need import Needs, Reader
from trail.resolve.shelf import Shelf
from trail.resolve.source import Broken
from trail.resolve.versions import Versions
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from trail.model import NormalizedName
    from trail.resolve.source import Answer, Direct, Source

__all__ = ["Facts", "World"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """The metadata of one version, in the form that the resolver works with.

    Args:
        requires_python: version specifiers, or None.
        extras: the extras that it provides.
        needs: its requirements.
    """

    requires_python: str | None
    extras: frozenset[NormalizedName]
    needs: Needs


class World:
    """Asks a source, each question once.

    Args:
        source: who answers.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._shelves: dict[tuple[NormalizedName, Direct | None, str | None], Shelf | None] = {}
        self._facts: dict[tuple[Shelf, int], Facts | Broken] = {}
        self._reader = Reader()

    def shelf(
        self, name: NormalizedName, direct: Direct | None = None, pin: str | None = None
    ) -> Shelf | None:
        """List the versions of a project.

        Args:
            name: the project.
            direct: where it comes from, if not from an index.
            pin: the address of the one index that may have it; None for the first that does.

        Returns:
            None if no index knows it.
        """
        key = (name, direct, pin)
        if key not in self._shelves:
            self._shelves[key] = self._find(name, direct, pin)
        return self._shelves[key]

    def facts(self, shelf: Shelf, place: int) -> Facts | Broken:
        """Read the metadata of a version."""
        found = self._facts.get((shelf, place))
        if found is None:
            answer = self.source.metadata(shelf.name, shelf.versions[place], shelf.pin)
            found = self._facts[shelf, place] = self._digest(shelf, shelf.versions[place], answer)
        return found

    @property
    def found(self) -> frozenset[NormalizedName]:
        """The projects that were asked for and are there."""
        return frozenset(key[0] for key, shelf in self._shelves.items() if shelf is not None)

    def knows(self, name: NormalizedName) -> bool:
        """Tell whether a project was asked for before."""
        return (name, None, None) in self._shelves

    def hint(self, names: Iterable[NormalizedName]) -> None:
        """Let the source fetch projects that will be asked for."""
        unknown = [name for name in names if not self.knows(name)]
        if unknown:
            self.source.prefetch(unknown)

    def hint_metadata(self, shelf: Shelf, places: Iterable[int]) -> None:
        """Let the source fetch metadata that may be asked for."""
        if shelf.direct is None and shelf.pin is None:
            unknown = [
                shelf.versions[place] for place in places if (shelf, place) not in self._facts
            ]
            if unknown:
                self.source.prefetch_metadata(shelf.name, unknown)

    def _find(self, name: NormalizedName, direct: Direct | None, pin: str | None) -> Shelf | None:
        if direct is None:
            project = self.source.project(name, pin)
            if project is None:
                return None
            versions = (
                Versions.of(project.releases) if project.texts is None else Versions(project.texts)
            )
            return Shelf(name, versions=versions, project=project, pin=pin)
        answer, files = self.source.direct(name, direct)
        if isinstance(answer, Broken):
            return Shelf(name, versions=Versions(()), direct=direct, broken=answer.reason)
        shelf = Shelf(name, versions=Versions.of((answer.version,)), direct=direct, files=files)
        self._facts[shelf, 0] = self._digest(shelf, answer.version, answer)
        return shelf

    def _digest(self, shelf: Shelf, version: Version, answer: Answer) -> Facts | Broken:
        if isinstance(answer, Broken):
            return answer
        if answer.name != shelf.name:
            return Broken(reason=f"names another distribution: `{answer.name}`")
        if answer.version != version:
            return Broken(reason=f"names another version: {answer.version}")
        return Facts(
            requires_python=answer.requires_python,
            extras=answer.extras,
            needs=Needs(answer, self._reader),
        )
