"""TOML files as plain data, with errors that name the place.

tomli is the standard library's `tomllib`, compiled: a lock of 180 packages takes it a third of the
time. It reads TOML 1.1, whichever Python runs trail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli

if TYPE_CHECKING:
    from pathlib import Path

    from trail.errors import TrailError

__all__ = ["parse_toml"]


def parse_toml(data: bytes, path: Path, error: type[TrailError]) -> dict[str, Any]:
    """Parse a TOML document.

    Args:
        data: the file's bytes; TOML is UTF-8.
        path: the file, for messages.
        error: the class of the error to raise.

    Raises:
        TrailError: of the given class; the bytes are not UTF-8 or not TOML.
    """
    try:
        return tomli.loads(data.decode())
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise error(
            f"`{path}` is not UTF-8, so it is not TOML", details=(("place", f"line {line}"),)
        ) from fault
    except tomli.TOMLDecodeError as fault:
        at_end = fault.pos >= len(fault.doc)
        place = "end of document" if at_end else f"line {fault.lineno}, column {fault.colno}"
        raise error(
            f"`{path}` is not valid TOML",
            details=(("place", place), ("problem", fault.msg[:1].lower() + fault.msg[1:])),
        ) from fault
