"""Compare entries with what was installed: every file, byte by byte.

The chain: `entry.json` has the sha256 of RECORD, RECORD the sha256 and size of each file.
What protects `entry.json` itself is that its sha256 of the wheel begins with the digits in
the folder's name. Bytecode is not compared: it depends on the Python that wrote it.
"""

from __future__ import annotations

import base64
import csv
import os
import posixpath
import re
import stat
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.layout import ENTRY_FILE, entry_id, site_packages
from trail.errors import DepotError
from trail.files import hash_file
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from trail.depot.unpacked import Entry

__all__ = ["Problem", "Trouble", "verify_entries", "verify_entry"]

_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_CACHE = "__pycache__"
_UNFINISHED = re.compile(r"(?<=\.pyc)\.[0-9]+$")


class Trouble(StrEnum):
    """What can be wrong with a file of an entry."""

    CHANGED = "changed"  # other bytes than were installed
    EXTRA = "extra"  # was not installed
    KIND = "kind"  # a link, a device, or a folder where a file was installed
    MISSING = "missing"
    UNREADABLE = "unreadable"
    WAIVED = "waived"  # RECORD in the wheel was wrong, which the project allowed
    WRITABLE = "writable"  # somebody gave write permission


_NOTES = frozenset({Trouble.WAIVED, Trouble.WRITABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One file that is not as it should be.

    Args:
        path: the file, below the entry's folder, with `/`.
        what: what is wrong.
        expected: what was installed, or None.
        actual: what is there, or None.
    """

    path: str
    what: Trouble
    expected: str | None = None
    actual: str | None = None

    @property
    def serious(self) -> bool:
        """Whether the entry is damaged; otherwise it is only worth a note."""
        return self.what not in _NOTES


def verify_entries(
    entries: Iterable[Entry], *, threads: int
) -> Generator[tuple[Entry, tuple[Problem, ...]]]:
    """Verify many entries, several at a time (hashing lets other threads run).

    Args:
        entries: taken as they are needed.
        threads: how many at a time.

    Yields:
        Each entry with what is wrong with it, in the given order.
    """
    waiting = iter(entries)
    pool = ThreadPoolExecutor(threads, "verify")
    try:
        running = deque(
            (entry, pool.submit(verify_entry, entry)) for entry in islice(waiting, 2 * threads)
        )
        while running:
            entry, future = running.popleft()
            problems = future.result()
            running.extend((more, pool.submit(verify_entry, more)) for more in islice(waiting, 1))
            yield entry, problems
    finally:
        pool.shutdown(cancel_futures=True)


def verify_entry(entry: Entry) -> tuple[Problem, ...]:
    """Verify one entry; what is unreadable is a problem, never an error.

    Args:
        entry: in any depot.

    Returns:
        What is wrong, sorted by path; empty if nothing is.
    """
    try:
        info = entry.info()
    except DepotError as error:
        return (Problem(path=ENTRY_FILE, what=Trouble.UNREADABLE, actual=error.message),)
    facts = info.facts
    problems = [
        Problem(path=item.path, what=Trouble.WAIVED, expected=item.expected, actual=item.actual)
        for item in facts.mismatches
    ]
    expected = entry_id(facts.name, facts.version, info.filename, info.sha256)
    if expected != entry.id:
        problems.append(
            Problem(path=ENTRY_FILE, what=Trouble.CHANGED, expected=expected, actual=entry.id)
        )
    site = site_packages(entry.path).relative_to(entry.path).as_posix()
    record = f"{site}/{facts.dist_info}/RECORD"
    problem = _check_file(entry.path / record, record, f"sha256={facts.record}", None)
    if problem is not None and problem.serious:
        # Without RECORD nothing else can be judged.
        return (*problems, problem)
    try:
        listed = _listed(entry.path / record, site)
    except ValueError as error:  # entry.json and RECORD were both replaced
        return (*problems, Problem(path=record, what=Trouble.UNREADABLE, actual=str(error)))
    found = [problem]
    found += [_check_file(entry.path / path, path, *wanted) for path, wanted in listed.items()]
    problems.extend(problem for problem in found if problem is not None)
    problems.extend(_strangers(entry, {*listed, record, ENTRY_FILE}))
    return tuple(sorted(problems, key=lambda problem: problem.path))


def _listed(record: Path, site: str) -> dict[str, tuple[str, int]]:
    """Read RECORD: hash (hexadecimal) and size of each file, by its path in the entry."""
    result = {}
    with record.open(encoding="utf-8", newline="") as file:
        for path, digest, size in csv.reader(file):
            # RECORD itself, and scripts that each prefix writes for its own Python.
            if not digest:
                continue
            algorithm, _, value = digest.partition("=")
            if algorithm != "sha256":
                raise ValueError(f"unknown hash `{algorithm}`")
            plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
            result[posixpath.normpath(f"{site}/{path}")] = (f"sha256={plain}", int(size))
    return result


def _check_file(file: Path, path: str, digest: str, size: int | None) -> Problem | None:
    what = None
    expected, actual = digest, ""
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            what, expected, actual = Trouble.KIND, "file", _kind_of(status.st_mode)
        elif size is not None and status.st_size != size:
            what = Trouble.CHANGED
            expected, actual = f"{size} bytes", f"{status.st_size} bytes"
        elif (actual := f"sha256={hash_file(file)}") != digest:
            what = Trouble.CHANGED
        elif status.st_mode & _WRITE_BITS:
            return Problem(path=path, what=Trouble.WRITABLE)
    except (FileNotFoundError, NotADirectoryError):
        return Problem(path=path, what=Trouble.MISSING)
    except OSError as error:
        return Problem(path=path, what=Trouble.UNREADABLE, actual=error.strerror)
    return None if what is None else Problem(path=path, what=what, expected=expected, actual=actual)


def _strangers(entry: Entry, known: set[str]) -> Iterator[Problem]:
    """Find what is there and was not installed."""
    for root, folders, files in os.walk(entry.path):
        place = Path(root).relative_to(entry.path).as_posix()
        where = "" if place == "." else f"{place}/"
        for name in list(folders):
            if os.path.islink(f"{root}/{name}"):  # noqa: PTH114  # os.walk gives strings
                folders.remove(name)
                files.append(name)
        # Somebody may be compiling, just now.
        may_be_open = root.endswith(f"{os.sep}{_CACHE}") or os.name == "nt"
        if not may_be_open and os.stat(root).st_mode & _WRITE_BITS:  # noqa: PTH116  # as above
            yield Problem(path=where or ".", what=Trouble.WRITABLE)
        for name in files:
            path = where + name
            if path not in known and not _is_bytecode(path, known):
                yield Problem(path=path, what=Trouble.EXTRA)


def _is_bytecode(path: str, known: set[str]) -> bool:
    """Whether it is the bytecode of an installed source: `__pycache__/{stem}.{tag}.pyc`.

    Python writes it under that name with `.{digits}` first, and leaves that when it is killed.
    """
    folder, _, name = path.rpartition("/")
    place, _, cache = folder.rpartition("/")
    name = _UNFINISHED.sub("", name)
    stem, _, tag = name.removesuffix(".pyc").rpartition(".")
    if tag.startswith("opt-"):
        stem = stem.rpartition(".")[0]
    return cache == _CACHE and name.endswith(".pyc") and f"{place}/{stem}.py" in known


def _kind_of(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "special file"
