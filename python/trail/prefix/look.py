"""The few looks into entries that a plan needs; a test can give a plan other ones."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, overload

from packaging.utils import canonicalize_name

from trail.model import NormalizedName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trail.depot.store import Entry
    from trail.model import Facts
    from trail.prefix.model import Shape

__all__ = ["EntryFacts", "EntryFolders", "Look"]

_REQUIRES = rb"^requires-dist:[ \t]*([a-z0-9][a-z0-9._-]*)"
_NAMESPACE_INIT = rb"declare_namespace|extend_path"


class Look(Protocol):
    """Answers about the files of entries; members are numbered, paths have `/`."""

    def listing(self, member: int, folder: str) -> dict[str, bool]:
        """The names in a folder and whether each is a folder; empty where there is none."""

    def is_folder(self, member: int, path: str) -> bool:
        """Whether a path is a folder."""

    def same(self, one: tuple[int, str], other: tuple[int, str]) -> bool:
        """Whether it does not matter which of two files is used."""

    def requires(self, member: int) -> frozenset[NormalizedName]:
        """The names that the distribution's metadata requires, under whatever condition."""

    def is_joined(self, path: str, members: Sequence[int]) -> bool:
        """Whether a plain shared package is in the depot; `path` is that in the prefix."""


class EntryFacts(Sequence["Facts"]):
    """The facts of entries, each made when it is asked for.

    Args:
        entries: by number.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> Facts: ...

    @overload
    def __getitem__(self, place: slice) -> EntryFacts: ...

    def __getitem__(self, place: int | slice) -> Facts | EntryFacts:
        if isinstance(place, slice):
            return EntryFacts(self._entries[place])
        return self._entries[place].facts


class EntryFolders:
    """Looks into real entries.

    Args:
        roots: the entries' folders, by member.
        members: what is known of them.
        shape: where things lie in them.
        is_joined: see `Look`.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        members: Sequence[Facts],
        shape: Shape,
        is_joined: Callable[[str, Sequence[int]], bool],
    ) -> None:
        self._roots = [os.fspath(root) for root in roots]
        self._members = members
        self._site = shape.entry_site_packages
        self._is_joined = is_joined

    def listing(self, member: int, folder: str) -> dict[str, bool]:
        """See `Look`."""
        try:
            with os.scandir(f"{self._roots[member]}/{folder}") as found:
                return {item.name: item.is_dir() for item in found}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def is_folder(self, member: int, path: str) -> bool:
        """See `Look`."""
        return os.path.isdir(f"{self._roots[member]}/{path}")  # noqa: PTH112  # as in _read

    def same(self, one: tuple[int, str], other: tuple[int, str]) -> bool:
        """See `Look`."""
        first, second = (f"{self._roots[member]}/{path}" for member, path in (one, other))
        import filecmp  # noqa: PLC0415  # few files have two owners

        if filecmp.cmp(first, second, shallow=False):
            return True
        # The two old ways to make a namespace package: every portion's __init__.py does the
        # same, however it is spelled.
        return first.endswith("/__init__.py") and all(
            re.search(_NAMESPACE_INIT, self._read(path)) for path in (first, second)
        )

    def requires(self, member: int) -> frozenset[NormalizedName]:
        """See `Look`."""
        dist_info = self._members[member].dist_info
        data = self._read(f"{self._roots[member]}/{self._site}/{dist_info}/METADATA")
        head = data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        return frozenset(
            NormalizedName(canonicalize_name(name.decode()))
            for name in re.findall(_REQUIRES, head, re.IGNORECASE | re.MULTILINE)
        )

    def is_joined(self, path: str, members: Sequence[int]) -> bool:
        """See `Look`."""
        return self._is_joined(path, members)

    @staticmethod
    def _read(path: str) -> bytes:
        with open(path, "rb") as file:  # noqa: PTH123  # paths are strings here, for speed
            return file.read()
