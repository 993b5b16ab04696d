"""Local headers and what lies between them: section 3 of docs/wheel-checks.md."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from trail.values import dataclass
from trail.wheel.directory import ONES32, ZIP64, Member, parse_extra
from trail.wheel.faults import Fault
from trail.wheel.names import decode_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Read = Callable[[int, int], bytes]

__all__ = ["locate_members"]

_HEADER = struct.Struct("<4s5H3I2H")
_UTF8 = 1 << 11
_DESCRIPTOR = 1 << 3
# Extra fields are short: so much is read with the header, to need no second read.
_USUAL_EXTRA = 64


def locate_members(members: Sequence[Member], limit: int, read: Read) -> tuple[int, ...]:
    """Check that the members fill the archive up to its directory, each as the directory says.

    Args:
        members: in the order of the directory.
        limit: where the directory starts.
        read: returns the archive's bytes at an offset, so many, all of them below `limit`.

    Returns:
        Where the data of each member starts, in the order of the directory.

    Raises:
        Fault: a rule of section 3 is broken.
    """
    starts = [0] * len(members)
    end = 0
    for index in sorted(range(len(members)), key=lambda index: members[index].offset):
        member = members[index]
        _check_start(member.offset, end, member.name)
        start, zip64 = _check_header(member, limit, read)
        starts[index] = start
        end = start + member.packed_size
        if member.flags & _DESCRIPTOR:
            end = _check_descriptor(member, end, limit, read, zip64=zip64)
    _check_start(limit, end, None)
    return tuple(starts)


def _check_start(start: int, end: int, member: str | None) -> None:
    if start != end:
        raise Fault("zip-gap" if start > end else "zip-overlap", member)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Local:
    """A local header as it stands."""

    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    raw_name: bytes
    extra: bytes
    length: int


def _check_header(member: Member, limit: int, read: Read) -> tuple[int, bool]:
    """Compare a local header; return where the data starts, and whether it has a zip64 record."""
    local = _read_header(member, limit, read)
    malformed: Fault | None = None
    records: dict[int, bytes] = {}
    try:
        records = parse_extra(local.extra, member.name)
    except Fault as fault:
        malformed = fault  # whatever contradicts the directory comes first
    _check_fields(member, local, zip64=ZIP64 in records)
    if malformed is not None:
        raise malformed
    if ZIP64 in records:
        wanted = {struct.pack("<2Q", member.size, member.packed_size)}
        if member.flags & _DESCRIPTOR:
            wanted |= {
                struct.pack("<2Q", size, packed_size)
                for size in (member.size, 0)
                for packed_size in (member.packed_size, 0)
            }
        if records[ZIP64] not in wanted:
            raise Fault("zip-extra", member.name)
    return member.offset + local.length, ZIP64 in records


def _read_header(member: Member, limit: int, read: Read) -> _Local:
    room = max(0, limit - member.offset)
    usual = min(room, _HEADER.size + len(member.raw_name) + _USUAL_EXTRA)
    header = read(member.offset, usual)
    if len(header) < _HEADER.size or not header.startswith(b"PK\3\4"):
        raise Fault("zip-local-header", member.name)
    _, _, flags, method, _, _, crc, packed_size, size, name_length, extra_length = (
        _HEADER.unpack_from(header)
    )
    length = _HEADER.size + name_length + extra_length
    if length > room:
        raise Fault("zip-local-header", member.name)
    if length > usual:
        header = read(member.offset, length)
    return _Local(
        flags=flags,
        method=method,
        crc=crc,
        packed_size=packed_size,
        size=size,
        raw_name=header[_HEADER.size : _HEADER.size + name_length],
        extra=header[_HEADER.size + name_length : length],
        length=length,
    )


def _check_fields(member: Member, local: _Local, *, zip64: bool) -> None:
    if local.flags != member.flags:
        raise _differs(member, "flags", f"{member.flags:#06x}", f"{local.flags:#06x}")
    if local.method != member.method:
        raise _differs(member, "method", str(member.method), str(local.method))
    if local.raw_name != member.raw_name:
        raise _differs(member, "name", member.name, _shown(local.raw_name, local.flags))
    zero = {0} if member.flags & _DESCRIPTOR else set()
    elsewhere = {ONES32} if zip64 else set()
    if local.crc not in {member.crc} | zero:
        raise _differs(member, "crc", f"{member.crc:08x}", f"{local.crc:08x}")
    if local.packed_size not in {member.packed_size} | zero | elsewhere:
        raise _differs(member, "compressed size", str(member.packed_size), str(local.packed_size))
    if local.size not in {member.size} | zero | elsewhere:
        raise _differs(member, "size", str(member.size), str(local.size))


def _differs(member: Member, field: str, expected: str, actual: str) -> Fault:
    return Fault(
        "zip-local-differs",
        member.name,
        expected=f"{field}={expected}",
        actual=f"{field}={actual}",
    )


def _shown(raw_name: bytes, flags: int) -> str:
    """Decode a name for a message, as UTF-8 if it is, whatever the flags say."""
    try:
        return raw_name.decode()
    except UnicodeDecodeError:
        return decode_name(raw_name, utf8=bool(flags & _UTF8))


def _check_descriptor(member: Member, start: int, limit: int, read: Read, *, zip64: bool) -> int:
    """Find the descriptor behind a member's data; return where it ends."""
    plain = struct.Struct("<IQQ" if zip64 else "<III")
    room = max(0, limit - start)
    found = read(start, min(room, 4 + plain.size))
    values = (member.crc, member.packed_size, member.size)
    if zip64 or max(values) <= ONES32:
        wanted = plain.pack(*values)
        # With a signature (which not all writers put there) comes first.
        for form in (b"PK\7\x08" + wanted, wanted):
            if found.startswith(form):
                return start + len(form)
    raise Fault("zip-descriptor", member.name)
