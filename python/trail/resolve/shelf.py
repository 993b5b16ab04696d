"""The versions of a project, sorted once; sets of them are the bits of an integer.

Bit 0 stands for the newest version. Requirements for a project become such sets, computed
once per specifier, so that what satisfies several of them is one `&`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.resolve.offer import make_offer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from trail.model import NormalizedName
    from trail.resolve.need import Need
    from trail.resolve.offer import Offer
    from trail.resolve.source import Direct, File, Project
    from trail.resolve.versions import Versions

__all__ = ["Shelf", "bits"]


class Shelf:
    """The versions of a project.

    Args:
        name: the project.
        project: what the index has, or None where the project comes from elsewhere.
        direct: where it comes from instead.
        versions: its versions.
        pin: the address of the one index that may have it, or None.
        files: of a direct reference.
        broken: why a direct reference cannot be used, or None.
    """

    def __init__(  # noqa: PLR0913  # what an index has, or what a direct reference has
        self,
        name: NormalizedName,
        *,
        versions: Versions,
        project: Project | None = None,
        direct: Direct | None = None,
        pin: str | None = None,
        files: Sequence[File] = (),
        broken: str | None = None,
    ) -> None:
        self.name = name
        self.broken = broken
        self.direct = direct
        self.pin = pin
        self.versions = versions
        self.everything = versions.everything
        self._project = project
        self._files = tuple(files)
        self._masks: dict[str, int] = {"": self.everything}
        self._offers: dict[tuple[int, datetime | None], Offer] = {}

    @property
    def index(self) -> str | None:
        """Address of the index, or None."""
        return None if self._project is None else self._project.index

    @property
    def status(self) -> str | None:
        """What the index says of the project, or None."""
        return None if self._project is None else self._project.status

    def files(self, place: int) -> Sequence[File]:
        """List the files of a version."""
        if self._project is None:
            return self._files
        return self._project.releases[self.versions[place]]

    def offer(self, place: int, limit: datetime | None) -> Offer:
        """Sort the files of a version.

        Args:
            place: of the version.
            limit: as for `make_offer`.
        """
        found = self._offers.get((place, limit))
        if found is None:
            found = self._offers[place, limit] = make_offer(self.files(place), limit)
        return found

    def satisfying(self, need: Need) -> int:
        """Make the set of versions that satisfy a requirement, pre-releases included."""
        mask = self._masks.get(need.specifier_text)
        if mask is None:
            mask = self.versions.satisfying(need.specifier)
            self._masks[need.specifier_text] = mask
        return mask

    def describe(self, mask: int) -> str:
        """Name the versions of a set for people: `1.0, 1.1 and 2.0`, long ones shortened."""
        texts = [str(self.versions[place]) for place in bits(mask)][::-1]
        if len(texts) > _MANY:
            return f"{texts[0]} to {texts[-1]} ({len(texts)} versions)"
        return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1] if texts else "")))


_MANY = 4


def bits(mask: int, *, lowest: bool = False) -> Iterator[int]:
    """List the places of a set, newest version first.

    Args:
        mask: the set.
        lowest: begin with the oldest version.
    """
    while mask:
        place = mask.bit_length() - 1 if lowest else (mask & -mask).bit_length() - 1
        yield place
        mask ^= 1 << place
