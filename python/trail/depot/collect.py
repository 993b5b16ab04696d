"""Sizes and garbage collection.

Roots keep prefixes and entries, prefixes keep entries, and what nobody keeps may go when it
was not used for a while: age is what protects the work of a process that has found an
entry and not yet written its root. Deciding is a pure function; removing looks at the age
once more.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.durable import forget
from trail.depot.faults import depot_error, explained
from trail.depot.layout import LAYOUT_VERSION, flat
from trail.depot.roots import read_root
from trail.model import EntryId
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

    from trail.depot.folder import Depot
    from trail.depot.roots import Root
    from trail.report import Reporter

__all__ = [
    "Item",
    "Plan",
    "Survey",
    "Usage",
    "collect",
    "measure",
    "parse_manifest",
    "plan",
    "remove_users",
    "survey",
]

YOUNGEST = 2 * 24 * 3600
"""Seconds for which an unused thing stays at least: a use is noted once a day (folder.find)."""

OLDEST = 90 * 24 * 3600
"""Seconds after which the root of a project that still exists is given up."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A root, a prefix or an entry.

    Args:
        name: the root's file name, the prefix' key, or the entry's id.
        used: when it was last used, in seconds since 1970.
        prefix: the key of the prefix that it uses; roots only.
        entries: ids of the entries that it uses; roots and prefixes only.
        gone: whether what it stands for does not exist any more; roots only.
        ages: whether it is given up when it was not used for long; roots only.
    """

    name: str
    used: float
    prefix: str | None = None
    entries: frozenset[str] = frozenset()
    gone: bool = False
    ages: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is in a depot, as far as garbage collection cares."""

    roots: tuple[Item, ...] = ()
    prefixes: tuple[Item, ...] = ()
    entries: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be removed, in this order."""

    roots: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    entries: tuple[EntryId, ...] = ()


def plan(found: Survey, *, now: float, youngest: float = YOUNGEST, oldest: float = OLDEST) -> Plan:
    """Decide what nobody needs.

    Args:
        found: what is there.
        now: seconds since 1970.
        youngest: what was used in the last so many seconds stays in any case.
        oldest: a root that was not used for so many seconds is given up.
    """

    def is_old(item: Item) -> bool:
        return item.used < now - youngest

    roots = [
        root
        for root in found.roots
        if is_old(root) and (root.gone or (root.ages and root.used < now - oldest))
    ]
    kept = set(found.roots).difference(roots)
    used = {root.prefix for root in kept}
    prefixes = [item for item in found.prefixes if item.name not in used and is_old(item)]
    needed = frozenset().union(
        *(root.entries for root in kept),
        *(item.entries for item in set(found.prefixes).difference(prefixes)),
    )
    entries = [item for item in found.entries if item.name not in needed and is_old(item)]
    return Plan(
        roots=tuple(sorted(item.name for item in roots)),
        prefixes=tuple(sorted(item.name for item in prefixes)),
        entries=tuple(sorted(EntryId(item.name) for item in entries)),
    )


def survey(depot: Depot) -> Survey:
    """Look at what is in a depot.

    A prefix without a readable manifest uses nothing as far as anybody can tell; it goes
    when no root uses it.

    Raises:
        DepotError: a folder cannot be read.
    """
    layout = depot.layout
    roots = []
    for path in _list(layout.roots):
        root = read_root(path)
        if root is None:
            # Damaged: its project writes it anew at the next use.
            roots.append(Item(name=path.name, used=path.stat().st_mtime, gone=True))
        else:
            roots.append(_root_item(path, root))
    prefixes = []
    for path in _list(layout.prefixes):
        with contextlib.suppress(FileNotFoundError):
            file = layout.prefix_file(path.name)
            used = max(path.stat().st_mtime, file.stat().st_mtime if file.exists() else 0.0)
            data = file.read_bytes() if file.exists() else b""
            prefixes.append(
                Item(name=path.name, used=used, entries=frozenset(parse_manifest(data) or ()))
            )
    entries = []
    for entry in depot.entries():
        with contextlib.suppress(FileNotFoundError):
            used = layout.entry_file(entry.id).stat().st_mtime
            entries.append(Item(name=entry.id, used=used))
    return Survey(roots=tuple(roots), prefixes=tuple(prefixes), entries=tuple(entries))


def collect(
    depot: Depot, what: Plan, *, now: float | None = None, youngest: float, reporter: Reporter
) -> int:
    """Carry out a plan.

    Args:
        depot: where; it must be writable.
        what: the plan.
        now: seconds since 1970; None asks the clock.
        youngest: as in `plan`; what was used since the plan was made stays.
        reporter: told of each removal.

    Returns:
        How many roots, prefixes and entries were removed.

    Raises:
        DepotError: something cannot be removed.
    """
    now = time.time() if now is None else now
    layout = depot.layout
    count = 0
    for name in what.roots:
        path = layout.root_file(name)
        if _age(path, now) >= youngest:
            path.unlink(missing_ok=True)
            count += 1
    folders = [(key, layout.prefix(key), layout.prefix_file(key)) for key in what.prefixes]
    folders += [(id_, layout.entry(id_), layout.entry_file(id_)) for id_ in what.entries]
    for name, folder, file in folders:
        if _age(file if file.exists() else folder, now) >= youngest:
            depot.remove(folder)
            reporter.note(f"removed `{name}`")
            count += 1
    subjects: list[str] = [entry.id for entry in depot.entries()]
    keys = [path.name for path in _list(layout.prefixes)]
    subjects += keys
    for path in _list(layout.rewritten):
        if path.name not in keys:
            depot.remove(path)
    existing = frozenset(flat(subject) for subject in subjects)
    with explained("clean", layout.unsynced):
        forget(layout, depot.boot, existing, before=now - YOUNGEST)
    return count


def remove_users(depot: Depot, entries: Collection[EntryId]) -> int:
    """Remove the prefixes that use entries which are gone; the next run makes them again.

    Their links lead nowhere, and their hardlinks keep what was wrong.

    Args:
        depot: where; it must be writable.
        entries: the ids.

    Returns:
        How many were removed.

    Raises:
        DepotError: a prefix cannot be removed.
    """
    gone = frozenset(entries)
    users = [item for item in survey(depot).prefixes if item.entries & gone]
    for item in users:
        depot.remove(depot.layout.prefix(item.name))
    return len(users)


def measure(depot: Depot) -> tuple[Usage, ...]:
    """Add up what each folder at the top of a depot takes, in the order of their names."""
    layout = depot.layout
    seen: set[tuple[int, int]] = set()
    result = []
    for part in _list(layout.root):
        if not part.is_dir():
            continue
        files, size = _add_up(part, seen)
        items = sum(1 for _ in depot.entries()) if part == layout.installed else len(_list(part))
        result.append(Usage(part=part.name, items=items, files=files, size=size))
    return tuple(result)


def parse_manifest(data: bytes) -> tuple[EntryId, ...] | None:
    """Read the `trail.json` of a prefix; None if it is damaged or of a later trail."""
    try:
        tree = json.loads(data)
        if tree["layout"] != LAYOUT_VERSION:
            return None
        return tuple(EntryId(str(entry)) for entry in tree["entries"])
    except (ValueError, TypeError, LookupError):
        return None


def _root_item(path: Path, root: Root) -> Item:
    return Item(
        name=path.name,
        used=path.stat().st_mtime,
        prefix=Path(root.prefix).name or None,
        entries=frozenset(root.entries),
        gone=not Path(root.project).exists(),
        ages=root.kind != "tool",
    )


def _list(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise depot_error(error, "read", folder) from error


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0


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
