"""Small operations on files that more than one layer needs; nothing here knows of depots."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from trail.model import Sha256

__all__ = ["hash_file", "make_read_only", "remove_tree", "write_atomic"]

_BLOCK = 1 << 20
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a small file so that readers and a power loss see the old or the new one.

    Args:
        path: the file; its folder must exist.
        data: the new content.

    Raises:
        OSError: the folder cannot be written; the old file is then unchanged.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def hash_file(path: Path, algorithm: str = "sha256") -> Sha256:
    """Hash a file's bytes.

    Args:
        path: the file.
        algorithm: a name that hashlib knows.

    Returns:
        Lower-case hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()  # type: ignore[return-value]


def make_read_only(folder: Path) -> None:
    """Take the write bits from every file and folder below a folder, and from itself.

    Links are left alone, and what they point to as well.

    Raises:
        OSError: a mode cannot be changed.
    """
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(root, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & _WRITE_BITS:
                path.chmod(stat.S_IMODE(mode) & ~_WRITE_BITS)
        path = Path(root)
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_WRITE_BITS)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, read-only parts included; a missing one is fine.

    Links are removed, never followed.

    Raises:
        OSError: something could not be removed.
    """

    def unlock(function: Callable[..., Any], name: str, info: Any) -> None:
        error = info[1] if isinstance(info, tuple) else info
        if isinstance(error, FileNotFoundError):
            return
        for path in (Path(name).parent, Path(name)):
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRWXU)
        function(name)

    if folder.is_symlink() or folder.is_file():
        folder.unlink()
        return
    # rmtree asks for permission folder by folder; opening them first saves that.
    for root, _, _ in os.walk(folder):
        mode = stat.S_IMODE(Path(root).stat().st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            Path(root).chmod(mode | stat.S_IRWXU)
    shutil.rmtree(folder, onerror=unlock)
