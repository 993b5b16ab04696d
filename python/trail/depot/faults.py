"""What the operating system says, as a `DepotError` that says what to do."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from trail.errors import DepotError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["depot_error", "explained", "unpack_error"]

_MINE = "put a folder that you can write first: TRAIL_DEPOT=~/.trail"
_FREE = "free some space, for instance with `trail depot gc`"
_LOCAL = "set TRAIL_DEPOT to a folder on a local disk"

_KNOWN: dict[int, tuple[str, str | None]] = {
    errno.EACCES: ("permission denied", _MINE),
    errno.EPERM: ("permission denied", _MINE),
    errno.EROFS: ("the file system is read-only", _MINE),
    errno.ENOSPC: ("the disk is full", _FREE),
    errno.EDQUOT: ("the disk quota is used up", _FREE),
    errno.EFBIG: ("a file would be larger than allowed", "see `ulimit -f`"),
    errno.ENAMETOOLONG: ("the path is too long", "set TRAIL_DEPOT to a shorter path"),
    errno.ENOTDIR: ("a part of the path is not a folder", "move the file of that name away"),
    errno.EISDIR: ("it is a folder", "move the folder away"),
    errno.ELOOP: ("the path leads through a ring of links", None),
    errno.EIO: ("the disk reports an error", "check the disk; the system's log says more"),
    errno.ENOLCK: ("the file system has no locks", _LOCAL),
    errno.ENOSYS: ("the file system has no locks", _LOCAL),
    errno.EMFILE: ("too many files are open", "see `ulimit -n`"),
}


def depot_error(error: OSError, doing: str, path: Path) -> DepotError:
    """Say what could not be done, and what helps.

    Args:
        error: what the operating system said.
        doing: a verb phrase that the path completes, such as `make the depot`.
        path: what it was done to; the error's own path, where it has one, becomes a detail.
    """
    reason, hint = _KNOWN.get(error.errno or 0, (None, None))
    if reason is None:
        reason = (error.strerror or str(error) or type(error).__name__).rstrip(".").lower()
    details = []
    if isinstance(error.filename, str | bytes) and os.fsdecode(error.filename) != str(path):
        details.append(("file", os.fsdecode(error.filename)))
    return DepotError(f"cannot {doing} `{path}`: {reason}", details=tuple(details), hint=hint)


def unpack_error(error: OSError, filename: str, folder: Path) -> DepotError:
    """Say that a wheel cannot be unpacked.

    Args:
        error: what the operating system said.
        filename: of the wheel.
        folder: where it was to go.
    """
    return DepotError(
        f"cannot unpack `{filename}`: {error.strerror or error}",
        details=(("path", str(error.filename or folder)),),
        hint="free some space or set TRAIL_DEPOT to another disk",
    )


@contextlib.contextmanager
def explained(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the body into a DepotError.

    Args:
        doing: as in `depot_error`.
        path: as in `depot_error`.

    Raises:
        DepotError: the body raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise depot_error(error, doing, path) from error
