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
from packaging.version import InvalidVersion

from trail.resolve.accepted import suits
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trail.model import NormalizedName
    from trail.resolve.model import Options, Target
    from trail.resolve.offer import Batch
    from trail.resolve.shelf import Shelf

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
        self._tags = (target.tags, *target.more_tags)
        self._markers: dict[tuple[str, str], bool] = {}
        self._pythons: dict[str, bool] = {}
        self._fits: dict[tuple[Shelf, int, bool], bool] = {}
        # What follows is not asked on its own: `fits` says what comes of it.
        self._accepted: dict[str, int] = {}
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

    def accepts(self, tags: str) -> bool:
        """Tell whether a platform of the target accepts a wheel, by its tags."""
        return self._accepts(tags) != 0

    def needs_build(self, shelf: Shelf, place: int) -> bool:
        """Tell whether a candidate has no wheel that can be used."""
        if shelf.name in self.options.no_binary:
            return True
        batches = shelf.offer(place, self.options.limit(shelf.name)).everything
        return not self._suit([one for one in batches if self._supports(one.python)])

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

    def _accepts(self, tags: str) -> int:
        """Tell which platforms of the target accept the tags of a wheel, as a set of bits."""
        known = self._accepted.get(tags)
        if known is None:
            known = self._accepted[tags] = sum(
                1 << place for place, one in enumerate(self._tags) if suits(tags, one)
            )
        return known

    def _judge(self, shelf: Shelf, place: int, *, pinned: bool) -> Exclusion | None:
        if shelf.direct is not None:
            return None
        offer = shelf.offer(place, self.options.limit(shelf.name))
        if not offer.files:
            return Exclusion(Why.NEWER if shelf.files(place) else Why.EMPTY)
        batches = offer.everything if pinned else offer.sound
        if not batches:
            return Exclusion(
                Why.YANKED, next((one.yanked for one in offer.files if one.yanked), "")
            )
        return self._judge_batches(shelf.name, batches)

    def _judge_batches(self, name: NormalizedName, batches: Sequence[Batch]) -> Exclusion | None:
        supported = [one for one in batches if self._supports(one.python)]
        if not supported:
            return Exclusion(Why.PYTHON, batches[0].python or "")
        sources = any(one.source for one in supported)
        if name in self.options.no_binary:
            return None if sources else Exclusion(Why.BINARY)
        if sources and name not in self.options.no_build:
            return None
        if self._suit(supported):
            return None
        return Exclusion(Why.BUILD if sources else Why.PLATFORM)

    def _suit(self, batches: Sequence[Batch]) -> bool:
        """Tell whether there is a wheel for every platform of the target."""
        suited, every = 0, (1 << len(self._tags)) - 1
        for batch in batches:
            for tags in batch.tags:
                suited |= self._accepts(tags)
                if suited == every:
                    return True
        return False


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
