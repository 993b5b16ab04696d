"""What goes into a prefix, down to each path, and how it gets there: at once, or one by one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from trail.prefix.model import Action
from trail.prefix.platform_posix import write_file
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.prefix.model import Platform
    from trail.wheel.engine import Filler

__all__ = ["Contents", "NewFile", "Placed", "put"]


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
        files: small files.
        writable: the folders that keep their write permission for now.
    """

    folders: Sequence[str]
    groups: Sequence[Placed]
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
    if fill is None or any(group.action is Action.COPY for group in contents.groups):
        _put_each(contents, top, platform)
        return
    groups = [(group.action is Action.HARDLINK, *group[1:]) for group in contents.groups]
    left = fill(top, contents.folders, groups, contents.files, writable=contents.writable)
    for number, names in left:
        _, folder, source, _ = contents.groups[number]
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
    for folder, name, data, mode in contents.files:
        write_file(f"{top}/{folder}/{name}" if folder else f"{top}/{name}", data, mode)
    for folder in reversed(contents.folders):
        if folder not in contents.writable:
            os.chmod(f"{top}/{folder}", 0o555)  # noqa: PTH101, S103  # readable for all users
