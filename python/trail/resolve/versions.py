"""The versions of a project, newest first, each parsed when somebody looks at it.

An index has hundreds of versions of a project, of which a resolution looks at few. Which of
them satisfy a specifier is found by bisection: away from the version that it names the answer
changes at most once (PEP 440).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.specifiers import Specifier, SpecifierSet

__all__ = ["Versions"]

_NEWEST = 8


class Versions:
    """A sequence of versions; sets of them are the bits of an integer.

    Args:
        texts: the versions, normalised, no two of them equal, the newest one first.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._parsed: list[Version | None] = [None] * len(texts)
        self._places: dict[str, int] | None = None
        self._known: dict[str, int] = {}
        self.everything = (1 << len(texts)) - 1

    @classmethod
    def of(cls, versions: Iterable[Version]) -> Self:
        """Sort versions that are parsed already."""
        ordered = sorted(versions, reverse=True)
        made = cls([str(version) for version in ordered])
        made._parsed[:] = ordered
        return made

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, place: int) -> Version:
        found = self._parsed[place]
        if found is None:
            found = self._parsed[place] = Version(self._texts[place])
        return found

    def __iter__(self) -> Iterator[Version]:
        return map(self.__getitem__, range(len(self._texts)))

    def place(self, version: Version) -> int | None:
        """Find a version; None if it is not there."""
        text = str(version)
        if text in self._texts[:_NEWEST]:  # mostly
            return self._texts.index(text)
        if self._places is None:
            self._places = {text: place for place, text in enumerate(self._texts)}
        found = self._places.get(text)
        if found is not None:
            return found
        place = self._newer_than(version)  # 1.0 may be spelled 1.0.0
        return place if place < len(self) and self[place] == version else None

    def satisfying(self, specifiers: SpecifierSet) -> int:
        """Make the set of versions that satisfy specifiers, pre-releases included."""
        mask = self.everything
        for specifier in specifiers:
            text = str(specifier)
            known = self._known.get(text)
            if known is None:
                known = self._known[text] = self._satisfying(specifier)
            mask &= known
        return mask

    def _satisfying(self, specifier: Specifier) -> int:
        pivot = _pivot(specifier)
        if pivot is None:
            return sum(1 << place for place in range(len(self)) if self._is_in(place, specifier))
        middle = self._newer_than(pivot)
        newer = self._part(range(middle - 1, -1, -1), specifier)
        return newer | self._part(range(middle, len(self)), specifier)

    def _newer_than(self, version: Version) -> int:
        """Count the versions that are newer than one."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle] > version:
                low = middle + 1
            else:
                high = middle
        return low

    def _part(self, places: range, specifier: Specifier) -> int:
        """Make the set of those that satisfy, of places for which the answer changes once."""
        if not places:
            return 0
        first = self._is_in(places[0], specifier)
        low, high = 0, len(places)  # the answer at `low` is the first one
        if self._is_in(places[-1], specifier) != first:
            high -= 1
            while high - low > 1:
                middle = (low + high) // 2
                if self._is_in(places[middle], specifier) == first:
                    low = middle
                else:
                    high = middle
        found = places[:high] if first else places[high:]
        return ((1 << len(found)) - 1) << min(found[0], found[-1]) if found else 0

    def _is_in(self, place: int, specifier: Specifier) -> bool:
        return specifier.contains(self[place], prereleases=True)


def _pivot(specifier: Specifier) -> Version | None:
    """The version from which on to look; None where each has to be looked at."""
    if specifier.operator == "===":  # compares texts
        return None
    version = Version(specifier.version.removesuffix(".*"))
    # `<1.0.post1` lets 1.0 in, and keeps 1.0rc1 out.
    return None if version.is_postrelease and specifier.operator == "<" else version
