"""An open archive whose frame, directory and members were checked (sections 1 to 3)."""

from __future__ import annotations

import errno
import os
import zlib
from typing import TYPE_CHECKING, Self

from trail.values import dataclass
from trail.wheel.directory import DEFLATED, Member, parse_directory
from trail.wheel.faults import Fault
from trail.wheel.frame import TAIL, parse_frame
from trail.wheel.members import locate_members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["Archive", "Contents", "read_contents"]

_PACKED_BLOCK = 1 << 18
_BLOCK = 1 << 20


class Archive:
    """A file that is read piece by piece; not for several threads at once.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self.length = os.fstat(self._file.fileno()).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, offset: int, size: int) -> bytes:
        """Read a range.

        Raises:
            OSError: that fails, or the file ends before.
        """
        if not size:
            return b""
        self._file.seek(offset)
        data = self._file.read(size)
        while len(data) < size:
            more = self._file.read(size - len(data))
            if not more:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._path))
            data += more
        return data

    def blocks(self, member: Member, start: int) -> Iterator[bytes]:
        """Unpack a member, block by block, and check its stream and CRC.

        Args:
            member: a file.
            start: where its data starts.

        Raises:
            Fault: `zip-stream` or `zip-crc`; at the end, when all blocks were handed out.
            OSError: the archive cannot be read.
        """
        crc = size = 0
        for block in (
            self._inflated(member, start)
            if member.method == DEFLATED
            else self._stored(member, start)
        ):
            size += len(block)
            if size > member.size:
                raise Fault("zip-stream", member.name)
            crc = zlib.crc32(block, crc)
            yield block
        if size != member.size:
            raise Fault("zip-stream", member.name)
        if crc != member.crc:
            raise Fault("zip-crc", member.name, expected=f"{member.crc:08x}", actual=f"{crc:08x}")

    def _stored(self, member: Member, start: int) -> Iterator[bytes]:
        for at in range(0, member.packed_size, _BLOCK):
            yield self.read(start + at, min(_BLOCK, member.packed_size - at))

    def _inflated(self, member: Member, start: int) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-15)
        at = 0
        waiting = b""
        while not inflater.eof:
            if not waiting:
                count = min(_PACKED_BLOCK, member.packed_size - at)
                waiting = self.read(start + at, count)
                at += count
            try:
                block = inflater.decompress(waiting, _BLOCK)
            except zlib.error:
                raise Fault("zip-stream", member.name) from None
            waiting = inflater.unconsumed_tail
            if block:
                yield block
            elif not waiting and at == member.packed_size and not inflater.eof:
                raise Fault("zip-stream", member.name)  # it ends too early
        if inflater.unused_data or at != member.packed_size:
            raise Fault("zip-stream", member.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What sections 1 to 3 tell about an archive.

    Args:
        members: in the order of the directory.
        starts: where the data of each starts.
    """

    members: tuple[Member, ...]
    starts: tuple[int, ...]


def read_contents(archive: Archive, *, max_unpacked: int) -> Contents:
    """Check frame, directory and members of an archive.

    Args:
        archive: an open archive.
        max_unpacked: how many bytes it may unpack to.

    Raises:
        Fault: a rule of sections 1 to 3 is broken.
        OSError: the archive cannot be read.
    """
    tail = min(TAIL, archive.length)
    frame = parse_frame(archive.read(archive.length - tail, tail), archive.length)
    members = parse_directory(
        archive.read(frame.offset, frame.size), entries=frame.entries, max_unpacked=max_unpacked
    )
    return Contents(members=members, starts=locate_members(members, frame.offset, archive.read))
