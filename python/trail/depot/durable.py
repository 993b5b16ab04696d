"""What a power loss may take, and how it is found out.

A power loss may keep a rename and lose the bytes of the files below it. Flushing each file
costs several times the unpacking, so:

1. What is about to get its name leaves a note first: an empty file
   `unsynced/{boot id}/{subject}`. File systems keep the order of such operations.
2. One `syncfs`, when the user already has the answer, and the notes are removed
   (`settle`). All bytes were written before the note, so a note that is older than the
   `syncfs` has nothing left to lose.
3. A note under another boot id than today's means: the machine went down in between, or
   another machine shares the depot. Such a subject is verified before its first use.

Where there is no boot id (macOS, Windows) everything is flushed before the rename.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING

from trail.depot.boot import foreign_boots

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trail.depot.layout import Layout

__all__ = ["clear", "flush_tree", "forget", "leave_note", "settle", "suspects"]


def suspects(layout: Layout, boot: str) -> frozenset[str]:
    """The flat names of what was noted under another boot id.

    Args:
        layout: the depot's paths.
        boot: today's id.
    """
    names: set[str] = set()
    for other in foreign_boots(layout.unsynced, boot):
        folder = layout.unsynced_since(other)
        with contextlib.suppress(OSError):
            found = [note.name for note in folder.iterdir()]
            names.update(found)
            if not found:
                folder.rmdir()
    return frozenset(names)


def leave_note(layout: Layout, boot: str, subject: str) -> None:
    """Note that `subject` is about to get its name.

    Args:
        layout: the depot's paths.
        boot: today's id, not empty.
        subject: an entry id or a prefix key.

    Raises:
        OSError: the note cannot be written.
    """
    note = layout.note(boot, subject)
    try:
        note.touch()
    except FileNotFoundError:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()


def clear(layout: Layout, boot: str, subject: str) -> None:
    """Remove the notes about `subject` under other boot ids, where that is permitted.

    Args:
        layout: the depot's paths.
        boot: today's id.
        subject: an entry id or a prefix key.
    """
    for other in foreign_boots(layout.unsynced, boot):
        with contextlib.suppress(OSError):
            layout.note(other, subject).unlink(missing_ok=True)
            layout.unsynced_since(other).rmdir()


def forget(layout: Layout, boot: str, existing: frozenset[str], *, before: float) -> None:
    """Remove the notes of other boots about what does not exist any more.

    Args:
        layout: the depot's paths.
        boot: today's id.
        existing: the flat names of all entries and prefixes.
        before: only notes older than this, in seconds since 1970; on a shared file system
            another machine may be about to make what a younger one names.

    Raises:
        OSError: a note cannot be removed.
    """
    for other in foreign_boots(layout.unsynced, boot):
        folder = layout.unsynced_since(other)
        for note in folder.iterdir():
            if note.name not in existing and note.stat().st_mtime < before:
                note.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()


def settle(layout: Layout, boot: str) -> int:
    """Flush the depot's file system once and remove today's notes; slow (0.5 s after 500 MB).

    Meant for the last step of a command, or a detached process. Notes that appear
    meanwhile stay.

    Args:
        layout: the depot's paths.
        boot: today's id.

    Returns:
        How many notes were removed.

    Raises:
        OSError: the file system could not be flushed; all notes stay.
    """
    if not boot:
        return 0
    folder = layout.unsynced_since(boot)
    try:
        notes = list(folder.iterdir())
    except FileNotFoundError:
        return 0
    if notes:
        _sync(layout.root)
    for note in notes:
        note.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not empty: another process left a note meanwhile
        folder.rmdir()
    return len(notes)


def flush_tree(folder: Path) -> None:
    """Flush every file below a folder, and the folders where the system can.

    Args:
        folder: a folder that has no name in the depot yet.

    Raises:
        OSError: a file cannot be flushed.
    """
    for root, _, names in os.walk(folder, topdown=False):
        _flush_files(os.path.join(root, name) for name in names)  # noqa: PTH118  # os.walk gives strings
        if os.name != "nt":
            _fsync(root, os.O_RDONLY)


def _flush_files(paths: Iterable[str]) -> None:
    for path in paths:
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            continue
        if os.name != "nt":
            _fsync(path, os.O_RDONLY)
            continue
        # Windows flushes only what is open for writing, and the files are read-only already.
        os.chmod(path, stat.S_IWRITE | stat.S_IREAD)  # noqa: PTH101  # os.walk gives strings
        try:
            _fsync(path, os.O_RDWR)
        finally:
            os.chmod(path, stat.S_IMODE(mode))  # noqa: PTH101  # os.walk gives strings


def _fsync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    import ctypes  # noqa: PLC0415  # 5 ms that only the last step pays

    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):
        if sys.platform != "win32":  # which has no boot id, and so never gets here
            os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)
