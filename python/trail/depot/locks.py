"""Locks between processes, as files that die with their holder.

flock(2), or LockFile on Windows: the kernel lets go when the process ends, however it
ends. A lock file is removed by its holder, so a waiter may win the lock of a file that has
no name any more; whoever wins therefore checks that the name still leads to the file it
holds, and starts anew if not. The filelock package would do, but takes 25 ms to import and
asks twenty times a second, where flock waits in the kernel.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["hold", "sweep"]

_PAUSE = 0.02  # seconds between two attempts on Windows, which cannot wait


@contextlib.contextmanager
def hold(path: Path, *, wait: bool = True, share: bool = False) -> Iterator[bool]:
    """Hold the lock of this name while the context lasts.

    Not reentrant: who holds it and asks again in the same process waits for ever.

    Args:
        path: the lock file; it and its folder are made as needed.
        wait: whether to wait until the lock is free.
        share: whether processes that inherit files hold it, too, until the last one ends.

    Yields:
        True, or False if it is taken and `wait` is False.

    Raises:
        OSError: the lock file cannot be made, or the file system has no locks.
    """
    descriptor = _acquire(path, wait=wait)
    if descriptor is None:
        yield False
        return
    os.set_inheritable(descriptor, share)
    try:
        yield True
    finally:
        _release(path, descriptor)


def sweep(path: Path) -> bool:
    """Remove a lock file if nobody holds it.

    Returns:
        Whether nobody held it.

    Raises:
        OSError: the lock file cannot be opened.
    """
    with hold(path, wait=False) as free:
        return free


def _acquire(path: Path, *, wait: bool) -> int | None:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            taken = _lock(descriptor, wait=wait)
            if taken and _is_named(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not taken and not wait:
            return None


def _is_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                if not wait:
                    return False
                time.sleep(_PAUSE)
            else:
                return True

    def _release(path: Path, descriptor: int) -> None:
        os.close(descriptor)
        # Fails while another process has it open: then that one removes it.
        with contextlib.suppress(OSError):
            path.unlink()

else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def _release(path: Path, descriptor: int) -> None:
        # First the name, then the lock: the other way round would remove a file that
        # somebody else holds by now.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)
