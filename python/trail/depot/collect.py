"""Garbage collection.

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

from trail.depot.builds import read_build
from trail.depot.durable import forget
from trail.depot.faults import explained
from trail.depot.layout import BUILD_FILE, LAYOUT_VERSION, PREFIX_FILE, Layout, flat
from trail.depot.roots import read_root
from trail.depot.usage import list_folder
from trail.model import EntryId
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from trail.depot.folder import Depot
    from trail.depot.roots import Root
    from trail.report import Reporter

__all__ = [
    "Item",
    "Plan",
    "Survey",
    "collect",
    "parse_joined",
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
class Item:
    """A root, a prefix, a joined package, an entry, a build or a checkout.

    Args:
        name: the root's file name, the entry's id, or the key of the others.
        used: when it was last used, in seconds since 1970.
        prefix: the key of the prefix that it uses; roots only.
        joined: keys of the joined packages that it links to; prefixes only.
        entries: ids of the entries that it uses, or that the build became.
        requires: ids of the entries that an editable build was made with: some backends build
            again with them when the project is imported; none for other builds.
        gone: whether what it stands for does not exist any more; roots only.
        ages: whether it is given up when it was not used for long; roots only.
    """

    name: str
    used: float
    prefix: str | None = None
    joined: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    requires: frozenset[str] | None = None
    gone: bool = False
    ages: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is in a depot, as far as garbage collection cares."""

    roots: tuple[Item, ...] = ()
    prefixes: tuple[Item, ...] = ()
    joined: tuple[Item, ...] = ()
    entries: tuple[Item, ...] = ()
    builds: tuple[Item, ...] = ()
    sources: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be removed, in this order."""

    roots: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    entries: tuple[EntryId, ...] = ()
    builds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


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
    in_use = frozenset().union(
        *(root.entries for root in kept),
        *(item.entries for item in found.prefixes if item.name in used),
    )
    tools = {item.requires for item in found.builds if not item.entries.isdisjoint(in_use)}
    prefixes = [
        item
        for item in found.prefixes
        if item.name not in used and item.entries not in tools and is_old(item)
    ]
    left = set(found.prefixes).difference(prefixes)
    linked = frozenset().union(*(item.joined for item in left))
    joined = [item for item in found.joined if item.name not in linked and is_old(item)]
    needed = frozenset().union(
        *(root.entries for root in kept),
        *(item.entries for item in (*left, *set(found.joined).difference(joined))),
    )
    entries = [item for item in found.entries if item.name not in needed and is_old(item)]
    # A build stays as long as what it became: without it that would be built again.
    there = {item.name for item in set(found.entries).difference(entries)}
    builds = [item for item in found.builds if item.entries.isdisjoint(there) and is_old(item)]
    return Plan(
        roots=tuple(sorted(item.name for item in roots)),
        prefixes=tuple(sorted(item.name for item in prefixes)),
        joined=tuple(sorted(item.name for item in joined)),
        entries=tuple(sorted(EntryId(item.name) for item in entries)),
        builds=tuple(sorted(item.name for item in builds)),
        sources=tuple(sorted(item.name for item in found.sources if is_old(item))),
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
    for path in list_folder(layout.roots):
        root = read_root(path)
        if root is None:
            # Damaged: its project writes it anew at the next use.
            roots.append(Item(name=path.name, used=path.stat().st_mtime, gone=True))
        else:
            roots.append(_root_item(path, root))
    entries = []
    for entry in depot.entries():
        with contextlib.suppress(FileNotFoundError):
            used = layout.entry_file(entry.id).stat().st_mtime
            entries.append(Item(name=entry.id, used=used))
    return Survey(
        roots=tuple(roots),
        prefixes=tuple(_users(layout.prefixes)),
        joined=tuple(_users(layout.joined)),
        entries=tuple(entries),
        builds=tuple(_builds(depot)),
        sources=tuple(
            Item(name=path.name, used=_last_use(path, "HEAD"))
            for path in list_folder(layout.sources)
        ),
    )


def _users(folder: Path) -> Iterator[Item]:
    """Give the prefixes, or the joined packages, that lie in a folder."""
    for path in list_folder(folder):
        with contextlib.suppress(FileNotFoundError):
            file = path / PREFIX_FILE
            used = max(path.stat().st_mtime, file.stat().st_mtime if file.exists() else 0.0)
            data = file.read_bytes() if file.exists() else b""
            entries = frozenset(parse_manifest(data) or ())
            yield Item(name=path.name, used=used, joined=parse_joined(data), entries=entries)


def _builds(depot: Depot) -> Iterator[Item]:
    for path in list_folder(depot.layout.builds):
        record = read_build(depot.layout, path.name)
        entry = record.entry if record is not None else None
        yield Item(
            name=path.name,
            used=_last_use(path, BUILD_FILE),
            entries=frozenset({entry} if entry is not None else ()),
            requires=frozenset(record.requires) if record is not None and record.editable else None,
        )


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
        How many roots, prefixes, joined packages, entries, builds and checkouts were removed.

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
    folders += [(key, layout.joined_folder(key), layout.joined_file(key)) for key in what.joined]
    folders += [(id_, layout.entry(id_), layout.entry_file(id_)) for id_ in what.entries]
    for name, folder, file in folders:
        if _age(file if file.exists() else folder, now) >= youngest:
            depot.remove(folder)
            reporter.note(f"removed `{name}`")
            count += 1
    _drop_archives(layout.archives, what.entries)
    removable = [("build", key, layout.build(key), BUILD_FILE) for key in what.builds]
    removable += [("repository", key, layout.checkout(key), "HEAD") for key in what.sources]
    for subject, key, folder, stamp in removable:
        # Who builds or checks out just now holds this guard.
        with depot.guard(f"{subject} {key}", wait=False) as free:
            if free and folder.exists() and now - _last_use(folder, stamp) >= youngest:
                depot.remove(folder)
                reporter.note(f"removed `{key}`")
                count += 1
    _forget_answers(depot, now)
    _forget_pages(layout.index, now)
    subjects: list[str] = [entry.id for entry in depot.entries()]
    keys = [path.name for path in list_folder(layout.prefixes)]
    subjects += keys
    subjects += [path.name for path in list_folder(layout.joined)]
    for path in list_folder(layout.rewritten):
        if path.name not in keys:
            depot.remove(path)
    existing = frozenset(flat(subject) for subject in subjects)
    with explained("clean", layout.unsynced):
        forget(layout, depot.boot, existing, before=now - YOUNGEST)
    return count


def _forget_answers(depot: Depot, now: float) -> None:
    """Remove the answers that lead to something that is gone, or that nobody asked for long."""
    layout = depot.layout
    for path in list_folder(layout.answers):
        answer = read_root(path)
        if (
            answer is None
            or _age(path, now) >= OLDEST
            or (answer.prefix and not Path(answer.prefix).exists())
            or not all(_is_somewhere(EntryId(entry), answer.depots) for entry in answer.entries)
        ):
            path.unlink(missing_ok=True)


def _forget_pages(folder: Path, now: float) -> None:
    """Remove what an index said long ago, and what a process that was killed left half written."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if _age(path, now) >= (YOUNGEST if name.startswith(".") else OLDEST):
                with contextlib.suppress(OSError):  # a cache: what stays is only larger
                    path.unlink()


def _is_somewhere(entry: EntryId, depots: Sequence[str]) -> bool:
    return any(Layout(Path(root)).entry(entry).exists() for root in depots)


def remove_users(depot: Depot, entries: Collection[EntryId]) -> int:
    """Remove the prefixes that use entries which are gone; the next run makes them again.

    Joined packages go with them.

    Their links lead nowhere, and their hardlinks keep what was wrong.

    Args:
        depot: where; it must be writable.
        entries: the ids.

    Returns:
        How many prefixes were removed.

    Raises:
        DepotError: one cannot be removed.
    """
    gone = frozenset(entries)
    layout = depot.layout
    users = [layout.prefix(item.name) for item in _users(layout.prefixes) if item.entries & gone]
    joined = (item.name for item in _users(layout.joined) if item.entries & gone)
    for path in (*users, *map(layout.joined_folder, joined)):
        depot.remove(path)
    return len(users)


def parse_manifest(data: bytes) -> tuple[EntryId, ...] | None:
    """Read the `trail.json` of a prefix; None if it is damaged or of a later trail."""
    try:
        tree = json.loads(data)
        if tree["layout"] != LAYOUT_VERSION:
            return None
        return tuple(EntryId(str(entry)) for entry in tree["entries"])
    except (ValueError, TypeError, LookupError):
        return None


def parse_joined(data: bytes) -> frozenset[str]:
    """Read the keys of joined packages in the `trail.json` of a prefix; none if it is damaged."""
    try:
        return frozenset(str(key) for key in json.loads(data).get("joined", ()))
    except (ValueError, TypeError, AttributeError):
        return frozenset()


def _root_item(path: Path, root: Root) -> Item:
    return Item(
        name=path.name,
        used=path.stat().st_mtime,
        prefix=Path(root.prefix).name or None,
        entries=frozenset(root.entries),
        gone=not Path(root.project).exists(),
        ages=root.kind != "tool",
    )


def _last_use(folder: Path, stamp: str) -> float:
    """When something was last used: the time of a file in it, or its own where that is gone."""
    for path in (folder / stamp, folder):
        with contextlib.suppress(FileNotFoundError):
            return path.stat().st_mtime
    return 0.0


def _drop_archives(folder: Path, entries: Iterable[EntryId]) -> None:
    for tags in list_folder(folder):
        for entry in entries:
            with contextlib.suppress(OSError):  # not there, or not the only one of its folder
                (tags / entry).unlink()
                (tags / entry).parent.rmdir()
                (tags / entry).parent.parent.rmdir()


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0
