"""What goes into a prefix, down to each path, and how it gets there: at once, or one by one."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from trail.prefix.model import Action
from trail.prefix.platform_posix import write_file
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.prefix.model import Platform
    from trail.wheel.engine import Filler

__all__ = ["Contents", "NewFile", "Placed", "Tree", "make_cache", "put"]


class Placed(NamedTuple):
    """Links of one folder of the prefix that lead to one other folder.

    Args:
        action: how.
        folder: in the prefix, with `/`; empty for the prefix itself.
        source: absolute; that of a link may be relative to `folder`.
        names: in both folders.
    """

    action: Action
    folder: str
    source: str
    names: Sequence[str]


class Tree(NamedTuple):
    """A folder with all that is below another one, but for bytecode.

    Args:
        folder: in the prefix, with `/`.
        source: the other one, absolute.
        bytecode: the other one as a link in the folder above `folder` names it; each folder with
            Python files has a link to its bytecode. None for no such links.
    """

    folder: str
    source: str
    bytecode: str | None


class NewFile(NamedTuple):
    """A small file that is in no entry.

    Args:
        folder: in the prefix, with `/`; empty for the prefix itself.
        name: its name there.
        data: its content.
        mode: its permission bits, whatever the umask.
    """

    folder: str
    name: str
    data: bytes
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that a prefix has, but for its Python.

    Args:
        folders: real folders, parents first.
        groups: links and copies.
        trees: of hardlinks, or of copies.
        copied: whether trees, and whatever may be, are copies: no hardlinks at all.
        files: small files.
        writable: the folders that keep their write permission for now.
    """

    folders: Sequence[str]
    groups: Sequence[Placed]
    trees: Sequence[Tree]
    copied: bool
    files: Sequence[NewFile]
    writable: Sequence[str]


def put(contents: Contents, top: str, platform: Platform, fill: Filler | None) -> None:
    """Fill a new folder; what is in it is read-only then, but for `contents.writable`.

    Args:
        contents: what to make.
        top: the folder.
        platform: makes what cannot be made at once.
        fill: makes all that it can at once; None to make all of it one by one.

    Raises:
        OSError: something cannot be made.
    """
    # Files are copied in Python: as clones, where the file system can.
    if fill is None or contents.copied:
        _put_each(contents, top, platform)
        return
    groups = [(group.action is Action.HARDLINK, *group[1:]) for group in contents.groups]
    left = fill(
        top,
        contents.folders,
        groups,
        contents.trees,
        contents.files,
        writable=contents.writable,
    )
    for folder, source, names in left:
        path = f"{top}/{folder}"
        os.chmod(path, 0o755)  # noqa: PTH101, S103  # readable for all users
        for name in names:
            platform.copy(f"{source}/{name}", f"{path}/{name}")
        if folder and folder not in contents.writable:
            os.chmod(path, 0o555)  # noqa: PTH101, S103  # as above


def _put_each(contents: Contents, top: str, platform: Platform) -> None:
    make = {
        Action.BYTECODE_FILE: platform.link_bytecode,
        Action.BYTECODE_FOLDER: platform.link_folder,
        Action.COPY: platform.copy,
        Action.FILE_LINK: platform.link_file,
        Action.FOLDER_LINK: platform.link_folder,
        Action.HARDLINK: platform.hardlink,
    }
    for folder in contents.folders:
        os.mkdir(f"{top}/{folder}")  # noqa: PTH102  # thousands of them
    for action, folder, source, names in contents.groups:
        path = f"{top}/{folder}" if folder else top
        for name in names:
            make[action](f"{source}/{name}", f"{path}/{name}")
    for tree in contents.trees:
        _put_tree(tree, top, platform, copied=contents.copied)
    for folder, name, data, mode in contents.files:
        write_file(f"{top}/{folder}/{name}" if folder else f"{top}/{name}", data, mode)
    for folder in reversed(contents.folders):
        if folder not in contents.writable:
            os.chmod(f"{top}/{folder}", 0o555)  # noqa: PTH101, S103  # readable for all users


def _put_tree(tree: Tree, top: str, platform: Platform, *, copied: bool) -> None:
    make = platform.copy if copied else platform.hardlink
    made = []
    for parent, folders, names in os.walk(tree.source, onerror=_raise):
        folders[:] = [name for name in folders if name != "__pycache__"]
        below = parent.removeprefix(tree.source)
        to = f"{top}/{tree.folder}{below}"
        os.mkdir(to)  # noqa: PTH102  # thousands of them
        made.append(to)
        for name in names:
            make(f"{parent}/{name}", f"{to}/{name}")
        if (
            tree.bytecode is not None
            and any(name.endswith(".py") for name in names)
            and make_cache(f"{parent}/__pycache__")
        ):
            # The folder itself is one below the one that the link is meant for.
            up = "" if os.path.isabs(tree.bytecode) else "../" * (1 + below.count("/"))  # noqa: PTH117
            platform.link_folder(f"{up}{tree.bytecode}{below}/__pycache__", f"{to}/__pycache__")
    for path in reversed(made):
        os.chmod(path, 0o555)  # noqa: PTH101, S103  # readable for all users


def _raise(error: OSError) -> None:
    raise error


def make_cache(folder: str) -> bool:
    """Make a `__pycache__` folder in an entry, so that a link to it leads somewhere.

    A link to a folder that is not there looks like a file to `os.walk`, and ends
    `shutil.copytree`.

    Returns:
        Whether it is there; it cannot be made in somebody else's depot.
    """
    parent = os.path.dirname(folder)  # noqa: PTH120  # as above
    for _ in range(3):  # another process may take the write bit just now
        with contextlib.suppress(OSError):
            if os.path.isdir(folder):  # noqa: PTH112  # as above
                return True
            os.chmod(parent, 0o755)  # noqa: PTH101, S103  # readable for all users
            try:
                os.mkdir(folder, 0o555)  # noqa: PTH102  # as above
            finally:
                os.chmod(parent, 0o555)  # noqa: PTH101, S103  # as above
    return os.path.isdir(folder)  # noqa: PTH112  # as above
