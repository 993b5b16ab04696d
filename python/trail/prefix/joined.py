"""Packages that several distributions share, joined once for all prefixes.

Such a package is a folder of hardlinks (rule 3 of `trail.prefix.plan`), the same wherever the
same entries meet: `airflow` takes 1,400. So it is made once in the depot, in the form of a
prefix that has nothing else, and linked like a package of one owner. Its key stands for all
that decides what it holds: so one that is there need not be planned. (Libraries that look for
other packages do not come here: these would not be beside them.)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from typing import TYPE_CHECKING

from trail.depot.folder import USED_AGAIN
from trail.sha256 import hex_digest
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.depot.store import Depot, Entry
    from trail.prefix.model import Group, Plan, SharedPackage

__all__ = ["Joined", "Keys", "is_there", "split"]

_LAYOUT = 2
_DIGITS = 20
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One such package that is not there yet.

    Args:
        package: where it is, and whose.
        folders: it, those above it, and real folders below it; parents first.
        groups: what goes into them.
    """

    package: SharedPackage
    folders: tuple[str, ...]
    groups: tuple[Group, ...]


class Keys:
    """Names joined packages, for instance `airflow-` and 20 hexadecimal digits.

    Args:
        entries: by number.
        depot: where the packages go.
        cache_tag: of the bytecode that they link, where they share a folder of Python files.
    """

    def __init__(self, entries: Sequence[Entry], depot: Depot, cache_tag: str) -> None:
        self._entries = entries
        self._depot = depot
        self._cache_tag = cache_tag

    def plain(self, path: str, members: Sequence[int]) -> str:
        """Name one that only depends on who has it."""
        owners = [self._entries[member].name_in(self._depot) for member in members]
        return _key(path, [_LAYOUT, path, self._cache_tag, owners])

    def other(self, joined: Joined) -> str:
        """Name one by what it holds: others had a say in whose files are taken."""
        members = joined.package.members
        owners = {member: self._entries[member].name_in(self._depot) for member in members}
        groups = [
            (group.action.value, group.folder, owners[group.member], group.source, group.names)
            for group in joined.groups
        ]
        return _key(joined.package.path, [_LAYOUT, joined.folders, groups])


def _key(path: str, content: object) -> str:
    digest = hex_digest(json.dumps(content).encode("utf-8", "surrogateescape"))
    name = re.sub(r"\W", "_", path.rpartition("/")[2], flags=re.ASCII)[:_LONGEST]
    return f"{name}-{digest[:_DIGITS]}"


def split(plan: Plan) -> tuple[tuple[str, ...], list[Group], list[Joined]]:
    """Take a plan apart.

    Returns:
        The folders and the groups that are the prefix's own, and its joined packages that are
        not there yet.
    """
    new = [package for package in plan.joined if not package.is_there]
    if not new:
        return plan.folders, list(plan.groups), []
    above = tuple(f"{package.path}/" for package in new)

    def is_own(folder: str) -> bool:
        return not f"{folder}/".startswith(above)

    joined = [
        Joined(
            package=package,
            folders=tuple(
                folder
                for folder in plan.folders
                if f"{folder}/".startswith(inside) or inside.startswith(f"{folder}/")
            ),
            groups=tuple(group for group in plan.groups if f"{group.folder}/".startswith(inside)),
        )
        for package, inside in zip(new, above, strict=True)
    ]
    folders = tuple(folder for folder in plan.folders if is_own(folder))
    return folders, [group for group in plan.groups if is_own(group.folder)], joined


def is_there(depot: Depot, key: str) -> bool:
    """Whether a depot has a joined package; that is noted as a use, as that of an entry is."""
    file = depot.layout.joined_file(key)
    try:
        used = file.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return False
    if depot.is_suspect(key):
        depot.remove(file.parent)
        return False
    if abs(time.time() - used) > USED_AGAIN:
        with contextlib.suppress(OSError):  # another user's
            os.utime(file)
    return True
