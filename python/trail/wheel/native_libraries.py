"""Where native libraries look for others: ELF's RPATH and RUNPATH, Mach-O's LC_RPATH.

Formats: the ELF specification of the System V ABI, chapter 5, and Apple's mach-o/loader.h.
A file whose headers do not make sense has no search path.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read = Callable[[int, int], bytes]

__all__ = ["is_native", "read_search_paths"]

_ELF = b"\x7fELF"
_MACH = {
    b"\xfe\xed\xfa\xce": ">I",
    b"\xfe\xed\xfa\xcf": ">Q",
    b"\xce\xfa\xed\xfe": "<I",
    b"\xcf\xfa\xed\xfe": "<Q",
}
_FAT = {b"\xca\xfe\xba\xbe": ">5I", b"\xca\xfe\xba\xbf": ">2I2Q2I"}
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_STRTAB, _DT_STRSZ = 5, 10
_RPATHS = {15: "DT_RPATH", 29: "DT_RUNPATH"}
_LC_RPATH = 0x8000001C
# Far beyond what linkers write; a file that claims more is no library.
_MOST = 1 << 20
_FARTHEST = 1 << 40
# A Java class begins like a fat Mach-O, with its version (45 and more) where the count is.
_MOST_ARCHITECTURES = 44


def is_native(head: bytes) -> bool:
    """Tell from its first four bytes whether a file is ELF or Mach-O."""
    return head[:4] == _ELF or head[:4] in _MACH or head[:4] in _FAT


def read_search_paths(read: Read) -> list[tuple[str, str]]:
    """List the search paths of a library.

    Args:
        read: returns the file's bytes at an offset, so many or fewer.

    Returns:
        Pairs of `DT_RPATH`, `DT_RUNPATH` or `LC_RPATH` and an element, as written.
    """

    def read_all(offset: int, size: int) -> bytes:
        if size < 0 or offset > _FARTHEST:
            raise ValueError(offset)
        data = read(offset, size)
        if len(data) < size:
            raise ValueError(offset)
        return data

    try:
        magic = read_all(0, 4)
        if magic == _ELF:
            return list(_elf_paths(read_all))
        if magic in _FAT:
            return [
                path for start in _architectures(read_all) for path in _mach_paths(read_all, start)
            ]
        return list(_mach_paths(read_all, 0))
    except (struct.error, ValueError, LookupError, OverflowError):
        return []


def _elf_paths(read: Read) -> Iterator[tuple[str, str]]:
    ident = read(0, 16)
    wide = {1: False, 2: True}[ident[4]]
    order = {1: "<", 2: ">"}[ident[5]]
    header = struct.Struct(order + ("2HI3QI6H" if wide else "2HI3II6H"))
    _, _, _, _, table, _, _, _, size, count, *_ = header.unpack(read(16, header.size))
    segment = struct.Struct(order + ("2I6Q" if wide else "8I"))
    if size < segment.size or size * count > _MOST:
        return
    loads = []
    dynamic = b""
    for index in range(count):
        fields = segment.unpack(read(table + index * size, segment.size))
        if wide:
            kind, _, offset, address, _, length = fields[:6]
        else:
            kind, offset, address, _, length = fields[:5]
        if kind == _PT_LOAD:
            loads.append((address, offset, length))
        elif kind == _PT_DYNAMIC and length <= _MOST:
            dynamic = read(offset, length)
    yield from _dynamic_paths(read, dynamic, loads, struct.Struct(order + ("2Q" if wide else "2I")))


def _dynamic_paths(
    read: Read, dynamic: bytes, loads: list[tuple[int, int, int]], entry: struct.Struct
) -> Iterator[tuple[str, str]]:
    tags = []
    for tag, value in entry.iter_unpack(dynamic[: len(dynamic) // entry.size * entry.size]):
        if not tag:
            break
        tags.append((tag, value))
    found = dict(tags)
    strings = found.get(_DT_STRTAB, -1)
    starts = [
        offset + strings - address
        for address, offset, length in loads
        if address <= strings < address + length
    ]
    for tag, value in tags:
        room = found.get(_DT_STRSZ, 0) - value
        if tag in _RPATHS:
            path = _text(read(starts[0] + value, min(room, _MOST)))
            for element in path.split(":"):
                yield _RPATHS[tag], element


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode(errors="backslashreplace")


def _architectures(read: Read) -> Iterator[int]:
    magic = read(0, 4)
    (count,) = struct.unpack(">I", read(4, 4))
    entry = struct.Struct(_FAT[magic])
    if count > _MOST_ARCHITECTURES:
        return
    for index in range(count):
        yield entry.unpack(read(8 + index * entry.size, entry.size))[2]


def _mach_paths(read: Read, start: int) -> Iterator[tuple[str, str]]:
    form = _MACH[read(start, 4)]
    order, wide = form[0], form[1] == "Q"
    count, size = struct.unpack(f"{order}2I", read(start + 16, 8))
    if size > _MOST:
        raise ValueError(size)
    commands = read(start + (32 if wide else 28), size)
    at = 0
    for _ in range(count):
        command, length = struct.unpack_from(f"{order}2I", commands, at)
        if not 8 <= length <= len(commands) - at:  # noqa: PLR2004  # 8: its own header
            raise ValueError(length)
        if command == _LC_RPATH:
            (offset,) = struct.unpack_from(f"{order}I", commands, at + 8)
            yield "LC_RPATH", _text(commands[at + offset : at + length])
        at += length
