"""An unpacked wheel in a depot, and what is known of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trail.depot.entry import facts_of, parse_info
from trail.depot.faults import depot_error
from trail.depot.layout import ENTRY_FILE
from trail.errors import DepotError
from trail.model import Sha256
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trail.depot.entry import EntryInfo
    from trail.depot.folder import Depot
    from trail.model import EntryId, Facts
    from trail.wheel.engine import Known, Reader

__all__ = ["Entry", "check_same", "read_facts"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One unpacked wheel in a depot; it is complete, since it has its name.

    Args:
        id: its path below `installed/`.
        path: its folder.
        depot: where it is.
    """

    id: EntryId
    path: Path
    depot: Depot = field(compare=False, repr=False)
    # Of each there is one at most, once it was read.
    _info: list[EntryInfo] = field(default_factory=list, init=False, compare=False, repr=False)
    _known: list[Known] = field(default_factory=list, init=False, compare=False, repr=False)
    _facts: list[Facts] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def facts(self) -> Facts:
        """What the engine found in the wheel.

        Raises:
            DepotError: as `info`.
        """
        if not self._facts:
            self._facts.append(facts_of(self._known[0]) if self._known else self.info().facts)
        return self._facts[0]

    @property
    def sha256(self) -> Sha256:
        """The wheel's.

        Raises:
            DepotError: as `info`.
        """
        return Sha256(self._known[0].sha256) if self._known else self.info().sha256

    @property
    def known(self) -> Known | None:
        """What the engine read, for it to use again."""
        return self._known[0] if self._known else None

    def name_in(self, depot: Depot) -> str:
        """Name it for keys of what a depot holds: by its id, or by its path in another depot."""
        own = self.depot is depot or self.depot.layout.root == depot.layout.root
        return self.id if own else os.fspath(self.path)

    def info(self) -> EntryInfo:
        """Read `entry.json`, once for each `Entry`.

        Raises:
            DepotError: it cannot be read, or is damaged.
        """
        if not self._info:
            # Strings, because a prefix asks hundreds of entries.
            file = f"{self.path}/{ENTRY_FILE}"
            try:
                with open(file, "rb") as opened:  # noqa: PTH123
                    data = opened.read()
            except OSError as error:
                raise depot_error(error, "read", self.path / ENTRY_FILE) from error
            self._info.append(parse_info(data, file))
        return self._info[0]


def read_facts(entries: Iterable[Entry], reader: Reader | None) -> None:
    """Read what is known of many entries at once; the others are read when they are asked.

    Args:
        entries: those that were read already are left out.
        reader: the engine's; None where it has none.
    """
    if reader is None:
        return
    left = [entry for entry in entries if not entry._known and not entry._info]  # noqa: SLF001  # its own module
    found = reader([f"{entry.path}/{ENTRY_FILE}" for entry in left])
    for entry, known in zip(left, found, strict=True):
        if known is not None:
            entry._known.append(known)  # noqa: SLF001  # as above


def check_same(entry: Entry, sha256: Sha256) -> None:
    """Check that an entry is the wheel that is meant, all 64 digits of it.

    Raises:
        DepotError: it is another one, whose sha256 begins in the same way.
    """
    actual = entry.sha256
    if actual != sha256:
        raise DepotError(
            f"the depot has another wheel as `{entry.id}`",
            details=(("expected", f"sha256={sha256}"), ("actual", f"sha256={actual}")),
            hint="one of the two was made to be mistaken for the other; find out where it is from",
        )
