"""TOML files as plain data, with errors that name the place."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from trail.errors import TrailError

__all__ = ["parse_toml"]

# tomllib tells the place only as text before Python 3.14.
_PLACE = r" \(at (?P<place>line \d+, column \d+|end of document)\)$"


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
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise error(
            f"`{path}` is not UTF-8, so it is not TOML", details=(("place", f"line {line}"),)
        ) from fault
    except tomllib.TOMLDecodeError as fault:
        text = str(fault)
        match = re.search(_PLACE, text)
        place = match["place"] if match else "unknown"
        problem = re.sub(_PLACE, "", text)
        raise error(
            f"`{path}` is not valid TOML",
            details=(("place", place), ("problem", problem[:1].lower() + problem[1:])),
        ) from fault
