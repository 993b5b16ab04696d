"""What a folder holds, to compare two of them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Node", "tree"]

Node = tuple[str, int, str | bytes | int]


def tree(top: Path) -> dict[str, Node]:
    """Describe all that is below a folder.

    Args:
        top: the folder.

    Returns:
        By path: `link`, `folder`, `file` or `hardlink`; the permission bits; and where a link
        leads, what a file holds, or which file a hardlink is one name of.
    """
    found: dict[str, Node] = {}
    for parent, folders, names in os.walk(top):
        for name in (*folders, *names):
            path = os.path.join(parent, name)  # noqa: PTH118  # strings from os.walk
            status = os.lstat(path)
            bits = stat.S_IMODE(status.st_mode)
            node: Node
            if stat.S_ISLNK(status.st_mode):
                node = ("link", 0, os.readlink(path))  # noqa: PTH115  # as above
            elif stat.S_ISDIR(status.st_mode):
                node = ("folder", bits, "")
            elif status.st_nlink > 1:
                node = ("hardlink", bits, status.st_ino)
            else:
                with open(path, "rb") as file:  # noqa: PTH123  # as above
                    node = ("file", bits, file.read())
            found[os.path.relpath(path, top)] = node
    return found
