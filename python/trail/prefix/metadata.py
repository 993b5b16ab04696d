"""Place the `.dist-info` folders of a prefix: two thirds of all its links.

A folder is real, with hardlinks to its files: some tools do not follow a link to such a folder,
and symbolic links with long targets cost twice as much as hardlinks. Folders in it (`licenses`,
`sboms`) are one link each: what reads them takes their files' names from RECORD.

None of this depends on other distributions, so it can be made while the rest is planned. The
native engine plans the same by itself (rust/trail-entries/src/metadata.rs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trail.model import Facts

__all__ = ["DistInfo", "plan_metadata"]


class DistInfo(NamedTuple):
    """One such folder.

    Args:
        member: the entry's number.
        name: of the folder, in both site-packages.
        files: in it.
        folders: in it.
    """

    member: int
    name: str
    files: Sequence[str]
    folders: Sequence[str]


def plan_metadata(members: Mapping[int, Facts]) -> list[DistInfo]:
    """Plan those that need no look at an entry.

    Those with code in them are left, and those of which nobody noted the files.

    Args:
        members: distributions by number.
    """
    found = []
    for member, facts in members.items():
        names = facts.metadata
        if names and not any(name.endswith(".py") for name in names):
            folders = sorted({name.partition("/")[0] for name in names if "/" in name})
            files = [name for name in names if "/" not in name]
            found.append(DistInfo(member, facts.dist_info, files, folders))
    return found
