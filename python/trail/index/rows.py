"""Rows of files as they are kept: by marshal, with a checksum, version by version.

It takes a fifth of JSON's time for a page of thousands of files. rust/trail-index writes the
same bytes.
"""

from __future__ import annotations

import marshal
import struct
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    from trail.index.page import Row

    class RowBytes(Protocol):
        """Bytes that the native engine holds, and gives to the next page when nobody needs them."""

        def part(self, start: int, end: int) -> bytes:
            """Take a part."""

        def append_to(self, path: str) -> None:
            """Write all of them to the end of a file.

            Raises:
                OSError: it cannot be written.
            """


__all__ = ["Packed", "Place", "Places", "pack_rows", "unpack_rows"]

Place: TypeAlias = tuple[int, int]
"""Start and end."""

_CHECKSUM = struct.Struct("<I")
_NEWEST = 8
_MARSHAL = 2  # the version that every Python writes alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """All rows of a project.

    Args:
        versions: with spaces between, the newest first.
        ends: where in `data` the rows of each version end, and those of the next begin.
        data: the rows of each version, as `unpack_rows` takes them.
    """

    versions: str
    ends: Sequence[int]
    data: bytes | RowBytes

    @property
    def size(self) -> int:
        """How many bytes of rows there are."""
        return self.ends[-1] if self.ends else 0

    def part(self, start: int, end: int) -> bytes:
        """Take a part of the rows."""
        data = self.data
        return data[start:end] if isinstance(data, bytes) else data.part(start, end)

    def places(self) -> Places:
        """Where the rows of each version are.

        Raises:
            ValueError: there are not as many ends as versions.
        """
        versions = self.versions.split()
        if len(versions) != len(self.ends):
            raise ValueError(len(self.ends))
        return Places(versions, self.ends)


class Places(Mapping[str, Place]):
    """Where the rows of each version are; of thousands, hardly any but the newest is asked for.

    Args:
        versions: the newest first.
        ends: as in `Packed`.
    """

    def __init__(self, versions: Sequence[str], ends: Sequence[int]) -> None:
        self._versions = versions
        self._ends = ends
        self._newest = versions[:_NEWEST]
        self._numbers: dict[str, int] | None = None

    def __getitem__(self, version: str) -> Place:
        number = self._find(version)
        if number is None:
            raise KeyError(version)
        return (self._ends[number - 1] if number else 0, self._ends[number])

    def __contains__(self, version: object) -> bool:
        return self._find(version) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def _find(self, version: Any) -> int | None:
        if version in self._newest:
            return self._newest.index(version)
        if self._numbers is None:
            self._numbers = {known: number for number, known in enumerate(self._versions)}
        return self._numbers.get(version)


def pack_rows(groups: Iterable[tuple[str, list[Row]]]) -> Packed:
    """Pack the rows of each version.

    Args:
        groups: each version and its rows, the newest version first.
    """
    versions, ends, parts = [], [], []
    end = 0
    for version, rows in groups:
        data = marshal.dumps(rows, _MARSHAL)
        part = _CHECKSUM.pack(zlib.crc32(data)) + data
        end += len(part)
        versions.append(version)
        ends.append(end)
        parts.append(part)
    return Packed(versions=" ".join(versions), ends=ends, data=b"".join(parts))


def unpack_rows(data: bytes) -> list[Row]:
    """Read the rows of a version.

    Raises:
        ValueError: these are not the bytes that were written.
    """
    if len(data) < _CHECKSUM.size:
        raise ValueError(len(data))
    content = data[_CHECKSUM.size :]
    # Marshal may be given only what it wrote itself.
    if _CHECKSUM.unpack_from(data) != (zlib.crc32(content),):
        raise ValueError(content)
    rows: list[Row] = marshal.loads(content)  # noqa: S302  # our own, and checked
    return rows
