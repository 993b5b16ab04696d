"""Which versions suit a target, and what was asked about the target while resolving.

Every answer that depends on the target goes through a `Ledger`, which keeps it. Two targets
that give the same answers to the questions of a resolution have the same resolution: that is
how one result is used for many targets (`Ledger.holds_for`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import parse_tag
from packaging.version import InvalidVersion

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.tags import Tag

    from trail.model import NormalizedName
    from trail.resolve.model import Options, Target
    from trail.resolve.shelf import Shelf
    from trail.resolve.source import File

__all__ = ["Exclusion", "Ledger", "Why", "parse_python"]


class Why(StrEnum):
    """What keeps a version out."""

    NEWER = "newer"  # all its files were uploaded too late (`--exclude-newer`)
    PYTHON = "python"  # it does not support the target's Python
    YANKED = "yanked"  # it was withdrawn (PEP 592)
    PLATFORM = "platform"  # no wheel fits, and there is no source distribution
    BUILD = "build"  # only a source distribution is left, which may not be built
    BINARY = "binary"  # only wheels are left, which may not be used
    EMPTY = "empty"  # the index has no file of it
    BROKEN = "broken"  # its metadata cannot be read


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a version is no candidate.

    Args:
        why: the rule.
        detail: what it was about: the specifiers of Python, the reason of a yank …
    """

    why: Why
    detail: str = ""


class Ledger:
    """Answers questions about a target, and remembers them.

    Args:
        target: the target.
        options: how to choose.
    """

    def __init__(self, target: Target, options: Options) -> None:
        self.target = target
        self.options = options
        self.exclusions: dict[tuple[Shelf, int], Exclusion] = {}
        self._tags = tuple(frozenset(tags) for tags in (target.tags, *target.more_tags))
        self._markers: dict[tuple[str, str], bool] = {}
        self._pythons: dict[str, bool] = {}
        self._fits: dict[tuple[Shelf, int, bool], bool] = {}
        # What follows is not asked on its own: `fits` says what comes of it.
        self._accepted: dict[str, tuple[bool, ...]] = {}
        self._supported: dict[str, bool] = {}

    @property
    def markers(self) -> Iterable[str]:
        """The markers that were consulted."""
        return {marker for marker, _ in self._markers}

    def marker(self, marker: str, extra: str = "") -> bool:
        """Evaluate a marker; the empty one holds."""
        if not marker:
            return True
        known = self._markers.get((marker, extra))
        if known is None:
            known = evaluate(marker, self.target, extra)
            self._markers[marker, extra] = known
        return known

    def python(self, specifiers: str | None) -> bool:
        """Tell whether the target's Python satisfies `Requires-Python`."""
        if not specifiers:
            return True
        known = self._pythons[specifiers] = self._supports(specifiers)
        return known

    def fits(self, shelf: Shelf, place: int, *, pinned: bool) -> bool:
        """Tell whether a version is a candidate.

        Args:
            shelf: the project.
            place: the version's.
            pinned: whether it may be used although it is yanked.
        """
        key = (shelf, place, pinned)
        known = self._fits.get(key)
        if known is None:
            exclusion = self._judge(shelf, place, pinned=pinned)
            known = self._fits[key] = exclusion is None
            if exclusion is not None:
                self.exclusions[shelf, place] = exclusion
        return known

    def accepts(self, filename: str) -> tuple[bool, ...]:
        """Tell which platforms of the target accept a wheel."""
        known = self._accepted.get(filename)
        if known is None:
            found = _parse_tags("-".join(filename[:-4].rsplit("-", 3)[-3:]).lower())
            known = tuple(not found.isdisjoint(tags) for tags in self._tags)
            self._accepted[filename] = known
        return known

    def needs_build(self, shelf: Shelf, place: int) -> bool:
        """Tell whether a candidate has no wheel that can be used."""
        if shelf.name in self.options.no_binary:
            return True
        wheels = (file for file in shelf.files(place) if file.is_wheel)
        usable = [one for one in self.files(wheels) if self._supports(one.requires_python)]
        return not self._suit(usable)

    def files(self, files: Iterable[File]) -> list[File]:
        """Leave out the files that `--exclude-newer` hides."""
        limit = self.options.exclude_newer
        if limit is None:
            return list(files)
        return [one for one in files if one.upload_time is not None and one.upload_time < limit]

    def holds_for(self, other: Ledger) -> bool:
        """Tell whether another target gives the same answers to all that was asked here."""
        return (
            all(other.marker(*asked) == answer for asked, answer in self._markers.items())
            and all(other.python(asked) == answer for asked, answer in self._pythons.items())
            and all(
                other.fits(shelf, place, pinned=pinned) == answer
                for (shelf, place, pinned), answer in self._fits.items()
            )
        )

    def _supports(self, specifiers: str | None) -> bool:
        if not specifiers:
            return True
        known = self._supported.get(specifiers)
        if known is None:
            parsed = parse_python(specifiers)
            known = parsed is None or parsed.contains(self.target.python, prereleases=True)
            self._supported[specifiers] = known
        return known

    def _judge(self, shelf: Shelf, place: int, *, pinned: bool) -> Exclusion | None:
        if shelf.direct is not None:
            return None
        offered = shelf.files(place)
        files = self.files(offered)
        if not files:
            return Exclusion(Why.NEWER if offered else Why.EMPTY)
        if not pinned:
            yanked = files
            files = [one for one in files if one.yanked is None]
            if not files:
                return Exclusion(Why.YANKED, next((one.yanked for one in yanked if one.yanked), ""))
        return self._judge_files(shelf.name, files)

    def _judge_files(self, name: NormalizedName, files: Sequence[File]) -> Exclusion | None:
        supported = [one for one in files if self._supports(one.requires_python)]
        if not supported:
            return Exclusion(Why.PYTHON, files[0].requires_python or "")
        wheels = [one for one in supported if one.is_wheel]
        sources = len(wheels) < len(supported)
        if name in self.options.no_binary:
            return None if sources else Exclusion(Why.BINARY)
        if sources and name not in self.options.no_build:
            return None
        if self._suit(wheels):
            return None
        return Exclusion(Why.BUILD if sources else Why.PLATFORM)

    def _suit(self, wheels: Sequence[File]) -> bool:
        """Tell whether there is a wheel for every platform of the target."""
        return bool(wheels) and all(
            map(any, zip(*(self.accepts(one.filename) for one in wheels), strict=True))
        )


def evaluate(marker: str, target: Target, extra: str = "") -> bool:
    """Evaluate a marker for a target.

    What cannot be compared, such as the release of a kernel that nobody knows, does not hold.
    """
    try:
        return _parse_marker(marker).evaluate({**target.environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return False


@lru_cache(maxsize=4096)
def parse_python(specifiers: str) -> SpecifierSet | None:
    """Parse `Requires-Python`; None for what is not one, which old uploads have (as pip)."""
    try:
        return SpecifierSet(specifiers)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=4096)
def _parse_marker(marker: str) -> Marker:
    return Marker(marker)


@lru_cache(maxsize=4096)
def _parse_tags(text: str) -> frozenset[Tag]:
    try:
        return parse_tag(text)
    except ValueError:  # no platform accepts what has no tags
        return frozenset()
