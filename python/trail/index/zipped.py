"""METADATA out of a wheel of which only parts are at hand.

The rules of docs/wheel-checks.md hold for what is read: the archive's end, its directory, and
the one member. The rest is checked when the wheel is unpacked.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from trail.values import replace
from trail.wheel.directory import DEFLATED, Member, parse_directory
from trail.wheel.faults import Fault
from trail.wheel.frame import TAIL, Frame, parse_frame
from trail.wheel.members import locate_members
from trail.wheel.plan import LARGEST_READ, find_dist_info

if TYPE_CHECKING:
    from trail.model import NormalizedName

__all__ = ["Parts", "read_wheel_metadata", "tail_size"]

_SHORTEST_TAIL = 16 << 10
_LONGEST_TAIL = 256 << 10
_PART_OF_ALL = 16

_NO_LIMIT = 1 << 62  # of what the archive unpacks to: nothing of it is unpacked here


def tail_size(length: int) -> int:
    """How many bytes of an archive's end are read first.

    They hold the directory of most wheels, and METADATA, which tends to lie before it. Larger
    wheels have more files: a longer end costs less than another round trip.

    Args:
        length: of the archive.
    """
    return max(_SHORTEST_TAIL, min(length // _PART_OF_ALL, _LONGEST_TAIL))


class Parts(Protocol):
    """A file that can be read in parts."""

    @property
    def length(self) -> int:
        """Its size in bytes."""

    def read(self, offset: int, size: int) -> bytes:
        """Read so many bytes from an offset on; all of them lie in the file."""


def read_wheel_metadata(
    parts: Parts, *, name: NormalizedName, version: str, native: bool = False
) -> bytes:
    """Read METADATA.

    Args:
        parts: the wheel.
        name: what its file name says.
        version: what its file name says.
        native: whether the native engine may read the directory.

    Raises:
        Fault: a rule is broken.
    """
    frame = _read_frame(parts)
    if frame.size > LARGEST_READ:
        raise Fault("zip-too-large", expected=str(LARGEST_READ), actual=str(frame.size))
    directory = parts.read(frame.offset, frame.size)
    found = None
    if native:
        from trail.index._native import find_metadata  # noqa: PLC0415  # may not be there

        found = find_metadata(directory, frame, name=name, version=version)
    # What breaks a rule is read again, for the words.
    member, end = found or _find_metadata(directory, frame, name, version)
    return _read_member(parts, member, end)


def _find_metadata(
    directory: bytes, frame: Frame, name: NormalizedName, version: str
) -> tuple[Member, int]:
    """Find the member, and where the next one starts, or the directory."""
    members = parse_directory(directory, entries=frame.entries, max_unpacked=_NO_LIMIT)
    wanted = f"{find_dist_info([member.name for member in members], name, version)}/METADATA"
    member = next((member for member in members if member.name == wanted), None)
    if member is None:
        raise Fault("wheel-missing-file", wanted)
    after = [other.offset for other in members if other.offset > member.offset]
    return member, min((*after, frame.offset))


def _read_frame(parts: Parts) -> Frame:
    size = min(parts.length, tail_size(parts.length))
    try:
        return parse_frame(parts.read(parts.length - size, size), parts.length)
    except Fault:
        if size == parts.length:
            raise
    # A long comment may have hidden the end record.
    size = min(TAIL, parts.length)
    return parse_frame(parts.read(parts.length - size, size), parts.length)


def _read_member(parts: Parts, member: Member, end: int) -> bytes:
    size = end - member.offset
    if member.size > LARGEST_READ or size > LARGEST_READ:
        raise Fault(
            "zip-too-large",
            member.name,
            expected=str(LARGEST_READ),
            actual=str(max(member.size, size)),
        )
    if size <= 0:
        raise Fault("zip-overlap", member.name)
    data = parts.read(member.offset, size)
    # As if it were the archive's only member.
    (start,) = locate_members(
        [replace(member, offset=0)], size, lambda offset, count: data[offset : offset + count]
    )
    content = data[start : start + member.packed_size]
    if member.method == DEFLATED:
        content = _inflate(content, member)
    if len(content) != member.size:
        raise Fault("zip-stream", member.name)
    crc = zlib.crc32(content)
    if crc != member.crc:
        raise Fault("zip-crc", member.name, expected=f"{member.crc:08x}", actual=f"{crc:08x}")
    return content


def _inflate(data: bytes, member: Member) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        content = inflater.decompress(data, member.size + 1)
    except zlib.error:
        raise Fault("zip-stream", member.name) from None
    if not inflater.eof or inflater.unused_data:
        raise Fault("zip-stream", member.name)
    return content
