"""What metadata that was fetched ahead of time leads to: its requirements, on some target.

A guess that saves round trips and decides nothing: what it misses is asked for later, and what
it has too much is not used.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.model import NormalizedName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from trail.index.core_metadata import CoreMetadata

__all__ = ["Chase"]


class Chase:
    """Reads requirements; any number of threads may use it.

    Args:
        environments: the marker values of the targets.
        elsewhere: names that are left out: what is pinned to an index, or lies in a folder, is
            not for the other indexes to hear of.
    """

    def __init__(
        self, environments: Sequence[Mapping[str, str]], elsewhere: Collection[NormalizedName]
    ) -> None:
        self._environments = [dict(environment) for environment in environments]
        self._elsewhere = frozenset(elsewhere)
        self._holds: dict[str, bool] = {}

    def required(self, metadata: CoreMetadata) -> Iterator[tuple[NormalizedName, SpecifierSet]]:
        """List what a version requires of indexes without any extra.

        Args:
            metadata: of the version.
        """
        for text in metadata.requires_dist:
            # Most requirements of some are for extras; those are not parsed.
            if "extra" in text.partition(";")[2]:
                continue
            with contextlib.suppress(InvalidRequirement):  # the resolver deals with it
                requirement = Requirement(text)
                name = NormalizedName(canonicalize_name(requirement.name))
                if requirement.url or name in self._elsewhere or not self._applies(requirement):
                    continue
                yield name, requirement.specifier

    def _applies(self, requirement: Requirement) -> bool:
        marker = requirement.marker
        if marker is None:
            return True
        text = str(marker)
        if text not in self._holds:
            self._holds[text] = any(map(marker.evaluate, self._environments))
        return self._holds[text]
