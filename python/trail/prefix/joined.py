"""Packages that several distributions share, joined once for all prefixes.

Such a package is a folder of hardlinks (rule 3 of `trail.prefix.plan`), the same wherever the
same entries meet: `airflow` takes 1,400. So it is made once in the depot, in the form of a
prefix that has nothing else, and linked like a package of one owner. Its key stands for all
that decides what it holds. (Libraries that look for other packages do not come here: these
would not be beside them.)
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
    from trail.prefix.model import Group, Plan

__all__ = ["Joined", "is_there", "split"]

_LAYOUT = 1
_DIGITS = 20
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One such package.

    Args:
        path: in the prefix, with `/`.
        folders: it, those above it, and real folders below it; parents first.
        groups: what goes into them.
    """

    path: str
    folders: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def members(self) -> list[int]:
        """The numbers of the entries that it has links to, sorted."""
        return sorted({group.member for group in self.groups})

    def key(self, entries: Sequence[Entry], depot: Depot) -> str:
        """Name what it holds, for instance `airflow-` and 20 hexadecimal digits.

        Args:
            entries: by number.
            depot: where it goes.
        """
        names = [
            entry.id if entry.depot.layout.root == depot.layout.root else os.fspath(entry.path)
            for entry in (entries[member] for member in self.members)
        ]
        numbers = dict(zip(self.members, names, strict=True))
        content = [
            _LAYOUT,
            self.folders,
            [
                (group.action.value, group.folder, numbers[group.member], group.source, group.names)
                for group in self.groups
            ],
        ]
        digest = hex_digest(json.dumps(content).encode("utf-8", "surrogateescape"))
        name = re.sub(r"\W", "_", self.path.rpartition("/")[2], flags=re.ASCII)[:_LONGEST]
        return f"{name}-{digest[:_DIGITS]}"


def split(plan: Plan) -> tuple[tuple[str, ...], list[Group], list[Joined]]:
    """Take a plan apart.

    Returns:
        The folders and the groups that are the prefix's own, and its joined packages.
    """
    if not plan.joined:
        return plan.folders, list(plan.groups), []
    above = tuple(f"{path}/" for path in plan.joined)

    def is_own(folder: str) -> bool:
        return not f"{folder}/".startswith(above)

    joined = [
        Joined(
            path=path,
            folders=tuple(
                folder
                for folder in plan.folders
                if f"{folder}/".startswith(inside) or inside.startswith(f"{folder}/")
            ),
            groups=tuple(group for group in plan.groups if f"{group.folder}/".startswith(inside)),
        )
        for path, inside in zip(plan.joined, above, strict=True)
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
