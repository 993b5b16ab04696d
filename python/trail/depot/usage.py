"""What the parts of a depot take on the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.faults import depot_error
from trail.values import dataclass

if TYPE_CHECKING:
    from trail.depot.folder import Depot

__all__ = ["Usage", "list_folder", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much room a part of the depot takes; a file with several links counts once.

    Args:
        part: `installed`, `prefixes`, `interpreters`, …
        items: entries, prefixes, or files at its top.
        files: how many files.
        size: in bytes.
    """

    part: str
    items: int
    files: int
    size: int


def measure(depot: Depot) -> tuple[Usage, ...]:
    """Add up what each folder at the top of a depot takes, in the order of their names."""
    layout = depot.layout
    seen: set[tuple[int, int]] = set()
    result = []
    for part in list_folder(layout.root):
        if not part.is_dir():
            continue
        files, size = _add_up(part, seen)
        items = (
            sum(1 for _ in depot.entries()) if part == layout.installed else len(list_folder(part))
        )
        result.append(Usage(part=part.name, items=items, files=files, size=size))
    return tuple(result)


def list_folder(folder: Path) -> list[Path]:
    """What lies in a folder of the depot, sorted, hidden files left out; nothing if it is missing.

    Raises:
        DepotError: it cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise depot_error(error, "read", folder) from error


def _add_up(folder: Path, seen: set[tuple[int, int]]) -> tuple[int, int]:
    files = size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # removed meanwhile
                status = Path(root, name).lstat()
                if status.st_nlink > 1:
                    if (status.st_dev, status.st_ino) in seen:
                        continue
                    seen.add((status.st_dev, status.st_ino))
                files += 1
                size += status.st_size
    return files, size
