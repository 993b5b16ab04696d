"""One depot: a folder whose entries are complete and verified, or not there.

How anything gets into it, always the same way:

1. `guard`: one process makes a thing, the others wait or do something else.
2. Look again: it may be there by now.
3. `staging`: make it in a folder of one's own, on the same file system.
4. `admit` or `publish`: leave a note (see durable), rename, take the write bits.

The rename is the moment at which it exists. Killed before: a leftover in `staging` whose
lock died with its process, so that `clean_staging` knows it for dead. Killed after: done.
Without the guard two processes would do the same work, and the second rename would fail:
nothing worse, so correctness does not rest on locks (NFS, other tools).
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import TYPE_CHECKING

from trail.depot import durable
from trail.depot.boot import foreign_boots
from trail.depot.entry import EntryInfo, dump_info
from trail.depot.faults import depot_error, explained
from trail.depot.layout import ENTRY_FILE, flat
from trail.depot.locks import hold, sweep
from trail.depot.unpacked import Entry, check_same
from trail.errors import DepotError
from trail.files import remove_tree
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trail.depot.layout import Layout
    from trail.model import EntryId

__all__ = ["USED_AGAIN", "Depot"]

USED_AGAIN = 24 * 3600
"""Seconds after which a use is noted anew (docs/layout.md, section 9)."""

_ATTEMPTS = 8  # of a rename that something else disturbs
_READ_BITS = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_FOLDER_MODE = _READ_BITS | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Depot:
    """One depot that is open; `trail.depot.store.open_depots` makes these.

    Args:
        layout: its paths.
        writable: whether this process may put something in.
        boot: the id of the machine's present run, or an empty string.
        suspects: flat names of what may have lost bytes (see durable).
    """

    layout: Layout
    writable: bool
    boot: str = ""
    suspects: frozenset[str] = frozenset()

    def find(self, identity: EntryId) -> Entry | None:
        """Look an entry up: one stat.

        An entry that may have lost bytes in a power loss is verified first; a damaged one
        is removed, and so not found.

        Raises:
            DepotError: the id is not well formed, or a damaged entry cannot be removed.
        """
        entry = Entry(identity, self.layout.entry(identity), self)
        file = f"{entry.path}/{ENTRY_FILE}"  # a string, because a run looks hundreds up
        try:
            used = os.stat(file).st_mtime  # noqa: PTH116  # as above
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise depot_error(error, "read", entry.path / ENTRY_FILE) from error
        if self.is_suspect(identity) and not self._passes(entry):
            return None
        if self.writable and abs(time.time() - used) > USED_AGAIN:
            with contextlib.suppress(OSError):  # another user's entry: then their uses count
                os.utime(file)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Give all entries, in the order of their ids.

        Raises:
            DepotError: a folder cannot be read.
        """
        for name in _folders(self.layout.installed):
            for version in _folders(name):
                for path in _folders(version):
                    identity = "/".join(path.parts[-3:])
                    with contextlib.suppress(DepotError):  # a folder of somebody else's
                        self.layout.entry(identity)  # type: ignore[arg-type]  # checked here
                        yield Entry(identity, path, self)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def guard(self, subject: str, *, wait: bool = True) -> Iterator[bool]:
        """Keep other processes from making the same thing; ends with the process.

        Not reentrant. A process that holds one guard and waits for another can wait for
        ever; hold several only with `wait=False`.

        Args:
            subject: an entry id, a prefix key, or another name that all processes agree on.
            wait: whether to wait while another process has it.

        Yields:
            True; or False if another process has it and `wait` is False.

        Raises:
            DepotError: the depot cannot be written, or its file system has no locks.
        """
        lock = self.layout.lock(subject)
        with contextlib.ExitStack() as stack:
            with explained("lock", lock):
                free = stack.enter_context(hold(lock, wait=wait))
            yield free

    @contextlib.contextmanager
    def staging(self, name: str = "") -> Iterator[Path]:
        """Give a fresh folder on the depot's file system, and remove it at the end.

        Args:
            name: what to call it, where that matters. What a dead process left there is removed;
                another name is taken while a program that such a process started lives on.

        Raises:
            DepotError: it cannot be made.
        """
        own = f"{os.getpid()}-{os.urandom(8).hex()}"
        with contextlib.ExitStack() as stack:
            with explained("make", self.layout.staged(name or own)):
                # The lock is older than the folder and outlives it, see `clean_staging`.
                lock = hold(self.layout.staged_lock(name or own), wait=False, share=bool(name))
                if not stack.enter_context(lock):
                    name = own
                    stack.enter_context(hold(self.layout.staged_lock(own), share=True))
                folder = self.layout.staged(name or own)
                remove_tree(folder)
                folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                with contextlib.suppress(OSError):  # `clean_staging` tries again
                    remove_tree(folder)

    def clean_staging(self) -> int:
        """Remove what dead processes left behind; never what a living one uses.

        Returns:
            How many folders were removed.

        Raises:
            DepotError: something cannot be removed.
        """
        count = 0
        with explained("clean", self.layout.staging):
            for folder in _folders(self.layout.staging):
                if folder == self.layout.locks:
                    continue
                with hold(self.layout.staged_lock(folder.name), wait=False) as dead:
                    if dead:
                        remove_tree(folder)
                        count += 1
            with contextlib.suppress(FileNotFoundError):
                for lock in sorted(self.layout.locks.iterdir()):
                    sweep(lock)
        return count

    def admit(self, staged: Path, identity: EntryId, info: EntryInfo) -> Entry:
        """Give an unpacked wheel its name; if another process was first, theirs stays.

        Args:
            staged: a folder below one of `staging`, as an engine left it: all files and
                folders below it read-only. It is gone afterwards.
            identity: the entry's id.
            info: becomes `entry.json`.

        Raises:
            DepotError: it cannot be written; or the depot has another wheel under the same
                id, which takes two whose sha256 share 12 digits.
        """
        target = self.layout.entry(identity)
        entry = Entry(identity, target, self)
        # Written last: a power loss can only cut an entry short that has a note (durable).
        file = staged / self.layout.entry_file(identity).name
        with explained("write", target):
            file.write_bytes(dump_info(info))
            file.chmod(_READ_BITS)
        if not self.publish(staged, target, identity):
            with explained("remove", staged):
                remove_tree(staged)
            check_same(entry, info.sha256)
        return entry

    def publish(self, staged: Path, target: Path, subject: str) -> bool:
        """Give a finished folder its name, and take its write bits.

        Args:
            staged: a folder below one of `staging`; what it holds is read-only already.
            target: its name, a path from this depot's layout.
            subject: an entry id or a prefix key, for `is_suspect`.

        Returns:
            False if something has that name already; both are then as before.

        Raises:
            DepotError: it cannot be renamed.
        """
        with explained("write", target):
            if self.boot:
                durable.leave_note(self.layout, self.boot, subject)
            else:
                durable.flush_tree(staged)
            # Renaming a folder into another one needs the permission to write it.
            staged.chmod(_FOLDER_MODE | stat.S_IWUSR)
            if not _rename(staged, target):
                return False
            target.chmod(_FOLDER_MODE)
        return True

    def is_suspect(self, subject: str) -> bool:
        """Whether a power loss may have taken bytes of this entry or prefix."""
        return (
            bool(self.suspects)
            and flat(subject) in self.suspects
            and any(
                self.layout.note(boot, subject).exists()
                for boot in foreign_boots(self.layout.unsynced, self.boot)
            )
        )

    def trust(self, subject: str) -> None:
        """Say that a suspect was verified (or made anew), as far as that can be written down."""
        durable.clear(self.layout, self.boot, subject)

    def settle(self) -> int:
        """Flush what was published since boot; slow, so do it when the user has the answer.

        Returns:
            How many entries and prefixes are safe from a power loss now.

        Raises:
            DepotError: the file system reports an error; they stay noted.
        """
        with explained("flush", self.layout.root):
            return durable.settle(self.layout, self.boot)

    def is_settled(self) -> bool:
        """Whether nothing was published since boot that `settle` would flush."""
        return not self.boot or not self.layout.unsynced_since(self.boot).exists()

    def remove(self, path: Path) -> None:
        """Remove an entry or a prefix: it loses its name first, at once and as a whole.

        Args:
            path: a folder from this depot's layout; a missing one is fine.

        Raises:
            DepotError: it cannot be removed.
        """
        with self.staging() as staging, explained("remove", path):
            gone = staging / "removed"
            try:
                path.chmod(_FOLDER_MODE | stat.S_IWUSR)
                path.rename(gone)
            except FileNotFoundError:
                return
            with contextlib.suppress(OSError):  # not empty: other versions
                for parent in path.parents:
                    if parent in {self.layout.installed, self.layout.root}:
                        break
                    if parent.is_relative_to(self.layout.installed):
                        parent.rmdir()
            remove_tree(gone)

    def quarantine(self, entry: Entry) -> bool:
        """Remove an entry if it is damaged, so that the next install brings it anew.

        Returns:
            Whether it was damaged, and is gone.

        Raises:
            DepotError: it cannot be removed.
        """
        # Looked at again: another process may have replaced it since it was found damaged.
        damaged = _is_damaged(Entry(entry.id, entry.path, self))
        if damaged:
            self.remove(entry.path)
        self.trust(entry.id)
        return damaged

    def _passes(self, entry: Entry) -> bool:
        if not _is_damaged(entry):
            self.trust(entry.id)
            return True
        if self.writable:
            self.quarantine(entry)
        return False


def _is_damaged(entry: Entry) -> bool:
    from trail.depot.verify import verify_entry  # noqa: PLC0415  # after a power loss only

    return any(problem.serious for problem in verify_entry(entry))


def _rename(staged: Path, target: Path) -> bool:
    for attempt in range(_ATTEMPTS):
        try:
            staged.rename(target)
        except FileNotFoundError:
            if not staged.exists():
                raise
            # The first version of its name; or a removal took the empty folder just now.
            target.parent.mkdir(parents=True, exist_ok=True)
        except PermissionError:
            # A virus scanner on Windows holds new files for a moment.
            if os.name != "nt" or attempt == _ATTEMPTS - 1:
                raise
            if target.exists():
                return False
            time.sleep(0.01 * 2**attempt)
        except OSError:
            if target.is_dir():
                return False
            raise
        else:
            return True
    raise FileNotFoundError(2, os.strerror(2), str(target.parent))


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted; none if it is missing."""
    try:
        with os.scandir(folder) as found:
            names = sorted(item.name for item in found if item.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise depot_error(error, "read", folder) from error
    return [folder / name for name in names]
