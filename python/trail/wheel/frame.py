"""The end of a zip archive: section 1 of docs/wheel-checks.md (APPNOTE 4.3.14 to 4.3.16)."""

from __future__ import annotations

import re
import struct

from trail.values import dataclass
from trail.wheel.faults import Fault

__all__ = ["TAIL", "Frame", "has_signature", "parse_frame"]

_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_LONGEST = _END.size + 0xFFFF
_ONES16 = 0xFFFF
_ONES32 = 0xFFFFFFFF
_SIGNATURE = re.compile(rb"PK(\x01\x02|\x03\x04|\x05[\x05\x06]|\x06[\x06-\x08]|\x07\x08)")

TAIL = _LONGEST + _LOCATOR.size + _END64.size
"""How many bytes of an archive's end `parse_frame` may look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the directory lies.

    Args:
        offset: of the directory's first byte.
        size: of the directory in bytes.
        entries: how many entries the end record counts.
    """

    offset: int
    size: int
    entries: int


def has_signature(comment: bytes) -> bool:
    """Tell whether a comment could be taken for a record of the archive."""
    return _SIGNATURE.search(comment) is not None


def parse_frame(tail: bytes, length: int) -> Frame:
    """Find the directory.

    Args:
        tail: the archive's last `TAIL` bytes, or all of it where it is shorter.
        length: the archive's size.

    Raises:
        Fault: a rule of section 1 is broken.
    """
    room = max(0, len(tail) - _LONGEST)
    start = tail.rfind(b"PK\5\6", room, max(room, len(tail) - _END.size + 4))
    if start < 0:
        raise Fault("zip-no-directory")
    _, disk, directory_disk, here, count, size, offset, comment = _END.unpack_from(tail, start)
    if start + _END.size + comment != len(tail):
        raise Fault("zip-trailing-data")
    if has_signature(tail[start + _END.size :]):
        raise Fault("zip-comment-signature")
    if disk or directory_disk or here != count:
        raise Fault("zip-multi-disk")
    end = length - len(tail) + start
    frame = _parse_zip64(tail[:start], end)
    if frame is None:
        if count == _ONES16 or _ONES32 in (size, offset):
            raise Fault("zip-zip64")
        frame = Frame(offset=offset, size=size, entries=count)
    else:
        end -= _LOCATOR.size + _END64.size
        if (
            count not in (_ONES16, frame.entries)
            or size not in (_ONES32, frame.size)
            or offset not in (_ONES32, frame.offset)
        ):
            raise Fault("zip-zip64")
    if frame.offset + frame.size > length:
        raise Fault("zip-directory")
    if frame.offset + frame.size != end:
        raise Fault("zip-gap")
    return frame


def _parse_zip64(head: bytes, length: int) -> Frame | None:
    """Read the zip64 records at the end of `head`, which ends at `length` in the archive."""
    at = len(head) - _LOCATOR.size
    if at < 0 or not head.startswith(b"PK\6\7", at):
        return None
    at -= _END64.size
    if at < 0:
        raise Fault("zip-zip64")
    _, disk, where, disks = _LOCATOR.unpack_from(head, at + _END64.size)
    mark, record, _, _, own, directory_disk, here, count, size, offset = _END64.unpack_from(
        head, at
    )
    if (
        (disk, where, disks) != (0, length - _LOCATOR.size - _END64.size, 1)
        or (mark, record) != (b"PK\6\6", _END64.size - 12)
        or (own, directory_disk) != (0, 0)
        or here != count
    ):
        raise Fault("zip-zip64")
    return Frame(offset=offset, size=size, entries=count)
