"""What servers compressed by gzip."""

from __future__ import annotations

import zlib

__all__ = ["HEADER", "unpack"]

HEADER = 10
"""So many bytes at the front say nothing of the content, but mostly when it was compressed."""

_GZIP = 16 + zlib.MAX_WBITS
_LARGE = 1 << 26  # more is not believed before it is there


def unpack(packed: bytes) -> bytes:
    """Unpack what came with an answer, at once.

    To do so in pieces and join them takes twice the time for pages, most of it to get the memory.

    Args:
        packed: all of it; there is none where an answer only names the encoding (304).

    Raises:
        zlib.error: it is damaged.
    """
    size = int.from_bytes(packed[-4:], "little")  # RFC 1952
    return zlib.decompress(packed, _GZIP, max(1, min(size, _LARGE))) if packed else b""
