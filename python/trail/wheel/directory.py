"""The directory of a zip archive: section 2 of docs/wheel-checks.md (APPNOTE 4.3.12)."""

from __future__ import annotations

import stat
import struct

from trail.values import dataclass
from trail.wheel.faults import Fault
from trail.wheel.frame import has_signature
from trail.wheel.names import PathSet, decode_name, is_safe_name

__all__ = ["DEFLATED", "ONES32", "STORED", "ZIP64", "Member", "parse_directory", "parse_extra"]

STORED = 0
DEFLATED = 8
ZIP64 = 0x0001
ONES32 = 0xFFFFFFFF

_ENTRY = struct.Struct("<4s6H3I5H2I")
_RECORD = struct.Struct("<HH")
_UTF8 = 1 << 11
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_KNOWN_FLAGS = 1 << 1 | 1 << 2 | 1 << 3 | _UTF8
_UNICODE_RECORDS = {0x7075, 0x6375}
# Deflate's densest code: 258 bytes for two bits.
_MAX_RATIO = 1032
_EMPTY_DEFLATED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry of the directory.

    Args:
        name: decoded, with `/` at the end of a folder's.
        raw_name: as it stands in the archive.
        flags: the general purpose bits.
        method: 0 or 8.
        crc: CRC-32 of what it unpacks to.
        packed_size: in the archive, in bytes.
        size: unpacked, in bytes.
        offset: of its local header.
        executable: whether it has any execute bit.
    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    executable: bool

    @property
    def folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith("/")


def parse_extra(extra: bytes, member: str) -> dict[int, bytes]:
    """Read an extra field: data by record number.

    Args:
        extra: the field.
        member: the name of the member that has it.

    Raises:
        Fault: `zip-extra`.
    """
    records: dict[int, bytes] = {}
    at = 0
    while at < len(extra):
        if at + _RECORD.size > len(extra):
            raise Fault("zip-extra", member)
        number, size = _RECORD.unpack_from(extra, at)
        at += _RECORD.size
        if (
            at + size > len(extra)
            or number in records
            or number in _UNICODE_RECORDS
            or (number == ZIP64 and size % 8)
        ):
            raise Fault("zip-extra", member)
        records[number] = extra[at : at + size]
        at += size
    return records


def parse_directory(directory: bytes, *, entries: int, max_unpacked: int) -> tuple[Member, ...]:
    """Read all entries.

    Args:
        directory: all its bytes.
        entries: how many there are, says the end record.
        max_unpacked: how many bytes they may unpack to.

    Raises:
        Fault: a rule of section 2 is broken.
    """
    members: list[Member] = []
    paths = PathSet()
    unpacked = 0
    at = 0
    while at < len(directory):
        member, at = _parse_entry(directory, at)
        if not paths.add(member.name.removesuffix("/"), folder=member.folder):
            raise Fault("zip-duplicate", member.name)
        unpacked += member.size
        if unpacked > max_unpacked:
            raise Fault(
                "zip-too-large", member.name, expected=str(max_unpacked), actual=str(unpacked)
            )
        members.append(member)
    if len(members) != entries:
        raise Fault("zip-entry-count", expected=str(entries), actual=str(len(members)))
    return tuple(members)


def _parse_entry(directory: bytes, at: int) -> tuple[Member, int]:
    """Read the entry at an index; return it and the index of the next."""
    start = at + _ENTRY.size
    if start > len(directory) or not directory.startswith(b"PK\1\2", at):
        raise Fault("zip-directory")
    (
        _,
        _,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed_size,
        size,
        name_length,
        extra_length,
        comment_length,
        disk,
        _,
        attributes,
        offset,
    ) = _ENTRY.unpack_from(directory, at)
    extra_start = start + name_length
    comment_start = extra_start + extra_length
    end = comment_start + comment_length
    if end > len(directory):
        raise Fault("zip-directory")
    raw_name = directory[start:extra_start]
    name = _decode(raw_name, flags)
    if not is_safe_name(name):
        raise Fault("zip-name", name)
    if flags & _ENCRYPTED:
        raise Fault("zip-encrypted", name)
    if flags & ~_KNOWN_FLAGS:
        raise Fault("zip-flags", name)
    if method not in (STORED, DEFLATED):
        raise Fault("zip-compression", name, actual=str(method))
    if disk:
        raise Fault("zip-multi-disk", name)
    size, packed_size, offset = _apply_zip64(
        parse_extra(directory[extra_start:comment_start], name), (size, packed_size, offset), name
    )
    if has_signature(directory[comment_start:end]):
        raise Fault("zip-comment-signature", name)
    mode = attributes >> 16
    member = Member(
        name=name,
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        packed_size=packed_size,
        size=size,
        offset=offset,
        executable=bool(mode & 0o111),
    )
    _check_entry(member, stat.S_IFMT(mode))
    return member, end


def _decode(raw_name: bytes, flags: int) -> str:
    utf8 = bool(flags & _UTF8)
    try:
        return raw_name.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        raise Fault("zip-name-encoding", decode_name(raw_name, utf8=utf8)) from None


def _apply_zip64(
    records: dict[int, bytes], fields: tuple[int, int, int], name: str
) -> tuple[int, ...]:
    """Replace size, compressed size and offset where the zip64 record has them."""
    wanted = fields.count(ONES32)
    large = records.get(ZIP64)
    if (large is None and wanted) or (large is not None and len(large) != 8 * wanted):
        raise Fault("zip-extra", name)
    values = iter(struct.unpack(f"<{wanted}Q", large or b""))
    return tuple(next(values) if field == ONES32 else field for field in fields)


def _check_entry(member: Member, kind: int) -> None:
    """Check what the fields of one entry say about each other."""
    if kind not in ((0, stat.S_IFREG, stat.S_IFDIR) if member.folder else (0, stat.S_IFREG)):
        raise Fault("zip-special-file", member.name)
    if member.folder:
        empty = {0, _EMPTY_DEFLATED} if member.method == DEFLATED else {0}
        if member.size or member.packed_size not in empty:
            raise Fault("zip-folder-data", member.name)
    if member.method == STORED and member.size != member.packed_size:
        raise Fault("zip-size", member.name)
    if member.size > _MAX_RATIO * member.packed_size:
        raise Fault("zip-ratio", member.name)
