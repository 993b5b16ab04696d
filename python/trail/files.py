"""Small operations on files that more than one layer needs; nothing here knows of depots."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from trail.model import Sha256

    class Appending(Protocol):
        """What can write itself to the end of a file."""

        def append_to(self, path: str) -> None:
            """Do so."""


__all__ = ["hash_file", "make_read_only", "remove_tree", "write_atomic", "write_cached"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
_READABLE = 100  # characters of the file's name in the temporary one
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_atomic(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Replace a small file so that readers see the old or the new one, never a part.

    The mode of the old file is kept; a link stays, and what it leads to is replaced.

    Args:
        path: the file; its folder must exist.
        data: the new content.
        flush: whether that shall hold for a power loss as well. After a lot of unpacking
            the flush can take half a second: leave it out where the reader notices a file
            that is cut short, and can do without it.

    Raises:
        OSError: the folder cannot be written; the old file is then unchanged.
    """
    path = path.resolve() if path.is_symlink() else path
    temporary = path.with_name(f".{path.name[:_READABLE]}.{os.urandom(8).hex()}")
    # 0o666 leaves it to the umask who may read: a depot can have several users.
    descriptor = os.open(temporary, _CREATE, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            with contextlib.suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            if flush:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_cached(
    path: str, *parts: bytes | Appending, modified: float | None = None
) -> tuple[int, int]:
    """Replace a file of a cache so that readers see the old or the new one, never a part.

    It makes half the system calls of `write_atomic`: it looks at no file that is there, and
    flushes nothing, so the reader must notice a file that a power cut made shorter.

    Args:
        path: the file, no link; folders are made where they are missing.
        parts: the new content, one after the other; what is no bytes comes after those that are.
        modified: the time of change that it shall have, in seconds since the epoch.

    Returns:
        Device and inode of the new file.

    Raises:
        OSError: the folder cannot be written; the old file is then unchanged.
    """
    folder, name = os.path.split(path)
    temporary = f"{folder}{os.sep}.{name}.{os.urandom(8).hex()}"
    try:
        descriptor = os.open(temporary, _CREATE, 0o666)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103  # a path would have to be made for it
        descriptor = os.open(temporary, _CREATE, 0o666)
    try:
        try:
            for part in parts:
                if isinstance(part, bytes):
                    rest = memoryview(part)
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
                else:
                    part.append_to(temporary)
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if modified is not None:
            os.utime(temporary, (modified, modified))
        os.replace(temporary, path)  # noqa: PTH105  # the same
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108  # the same
        raise
    return status.st_dev, status.st_ino


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
    import hashlib  # noqa: PLC0415  # loads OpenSSL, which is fast where there is much

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

    Links (and junctions on Windows) are removed, never followed.

    Raises:
        OSError: something could not be removed.
    """
    with contextlib.suppress(OSError):
        folder.rmdir()  # mostly it is empty by now
        return
    try:
        if not _is_folder(folder):
            folder.unlink()
            return
    except FileNotFoundError:
        return
    # rmtree would ask for permission file by file. Each folder is opened before os.walk
    # looks into it.
    folder.chmod(stat.S_IRWXU)
    for root, names, _ in os.walk(folder):
        for name in list(names):
            path = Path(root, name)
            with contextlib.suppress(FileNotFoundError):
                if _is_folder(path):
                    path.chmod(stat.S_IRWXU)
                    continue
            names.remove(name)
    import shutil  # noqa: PLC0415  # loads all kinds of compression

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=_insist)
    else:
        shutil.rmtree(folder, onerror=lambda function, name, info: _insist(function, name, info[1]))


def _insist(function: Callable[..., Any], name: str, error: BaseException) -> None:
    if isinstance(error, FileNotFoundError):  # somebody else removes it too
        return
    # Windows does not remove a file that is read-only.
    if not (isinstance(error, PermissionError) and function in {os.unlink, os.remove}):
        raise error
    Path(name).chmod(stat.S_IRWXU)
    function(name)


def _is_folder(path: Path) -> bool:
    status = path.lstat()
    junction = getattr(status, "st_reparse_tag", 0) == _JUNCTION
    return stat.S_ISDIR(status.st_mode) and not junction
