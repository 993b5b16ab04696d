"""The smallest native libraries that have search paths."""

from __future__ import annotations

import struct

__all__ = ["elf", "fat", "mach_o"]

_BASE = 0x1000  # where the file is mapped: addresses are not offsets


def elf(*paths: tuple[int, bytes], wide: bool = True, order: str = "<") -> bytes:
    """Make an ELF library.

    Args:
        paths: dynamic tag (15 for RPATH, 29 for RUNPATH) and its text.
        wide: 64 bits, not 32.
        order: `<` or `>`.
    """
    header = struct.Struct(order + ("16s2HI3QI6H" if wide else "16s2HI3II6H"))
    segment = struct.Struct(order + ("2I6Q" if wide else "8I"))
    entry = struct.Struct(order + ("2Q" if wide else "2I"))
    strings = b"\0"
    entries = []
    for tag, text in paths:
        entries.append((tag, len(strings)))
        strings += text + b"\0"
    dynamic_at = header.size + 2 * segment.size
    strings_at = dynamic_at + (len(entries) + 3) * entry.size
    size = strings_at + len(strings)
    entries += [(5, _BASE + strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(entry.pack(*fields) for fields in entries)

    def place(kind: int, at: int, length: int) -> bytes:
        if wide:
            return segment.pack(kind, 4, at, _BASE + at, 0, length, length, 1)
        return segment.pack(kind, at, _BASE + at, 0, length, length, 4, 1)

    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1])
    return (
        header.pack(ident, 3, 62, 1, 0, header.size, 0, 0, header.size, segment.size, 2, 0, 0, 0)
        + place(1, 0, size)
        + place(2, dynamic_at, len(dynamic))
        + dynamic
        + strings
    )


def mach_o(*paths: bytes, wide: bool = True, order: str = "<") -> bytes:
    """Make a Mach-O library; the arguments are as for `elf`."""
    commands = struct.pack(f"{order}2I16x", 0x1B, 24)  # LC_UUID
    for path in paths:
        text = path + bytes(8 - len(path) % 8)
        commands += struct.pack(f"{order}3I", 0x8000001C, 12 + len(text), 12) + text
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    header = struct.pack(f"{order}7I", magic, 12, 0, 6, 1 + len(paths), len(commands), 0)
    return header + (bytes(4) if wide else b"") + commands


def fat(*libraries: bytes, wide: bool = False) -> bytes:
    """Put Mach-O libraries of several machines into one file."""
    entry = struct.Struct(">2I2Q2I" if wide else ">5I")
    table, body = b"", b""
    start = 8 + entry.size * len(libraries)
    for library in libraries:
        fields = (12, 0, start + len(body), len(library), 3)
        table += entry.pack(*fields, 0) if wide else entry.pack(*fields)
        body += library
    return struct.pack(">2I", 0xCAFEBABF if wide else 0xCAFEBABE, len(libraries)) + table + body
