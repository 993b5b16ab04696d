"""What goes into a prefix, down to each path, and how it gets there: at once, or one by one."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple, Protocol

from trail.prefix.model import Action
from trail.prefix.platform_posix import write_file
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trail.prefix.model import Platform
    from trail.wheel.engine import Filler, Filling, UsualMember, UsualShape

__all__ = ["Contents", "NewFile", "Placed", "Putter", "Tree", "make_cache", "putting"]


class Placed(NamedTuple):
    """Links of one folder of the prefix that lead to one other folder.

    Args:
        folder: in the prefix, with `/`; empty for the prefix itself.
        source: absolute; that of a link may be relative to `folder`.
        names: in both folders.
    """

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
    """What a prefix has, but for its Python; or a portion of that.

    Args:
        opened: real folders that can get more with later portions, parents first.
        folders: other real folders, parents first.
        placed: links and copies.
        trees: of hardlinks, or of copies.
        files: small files.
        writable: the folders that keep their write permission for now.
    """

    opened: Sequence[str] = ()
    folders: Sequence[str] = ()
    placed: Mapping[Action, Sequence[Placed]] = field(default_factory=dict)
    trees: Sequence[Tree] = ()
    files: Sequence[NewFile] = ()
    writable: Sequence[str] = ()


class Putter(Protocol):
    """Makes what portions of contents say, in a new folder."""

    def put(self, contents: Contents) -> None:
        """Make a portion, or begin to.

        Raises:
            OSError: something cannot be made.
        """

    def put_usual(
        self, shape: UsualShape, members: Sequence[UsualMember], *, packages: bool
    ) -> tuple[Sequence[bool], tuple[Sequence[str], Sequence[int]] | None]:
        """Begin to make what an engine can plan by itself; see `trail.wheel.engine.Filling`.

        Raises:
            OSError: something cannot be made.
        """


@contextlib.contextmanager
def putting(
    top: str, platform: Platform, filler: Filler | None, *, copied: bool
) -> Iterator[Putter]:
    """Fill a new folder; what is in it is read-only at the end, but for `Contents.writable`.

    Args:
        top: the folder.
        platform: makes what cannot be made at once.
        filler: makes all that it can at once, in the background; None to make all one by one.
        copied: whether trees, and whatever may be, are copies: no hardlinks at all.

    Raises:
        OSError: something cannot be made.
    """
    # Files are copied in Python: as clones, where the file system can.
    if filler is None or copied:
        slow = _OneByOne(top, platform, copied=copied)
        yield slow
        slow.close()
        return
    filling = filler(top)
    try:
        fast = _AtOnce(filling)
        yield fast
        left = filling.finish()
    finally:
        filling.stop()
    for folder, source, names in left:
        path = f"{top}/{folder}"
        os.chmod(path, 0o755)  # noqa: PTH101, S103  # readable for all users
        for name in names:
            platform.copy(f"{source}/{name}", f"{path}/{name}")
        if folder and folder not in fast.writable:
            os.chmod(path, 0o555)  # noqa: PTH101, S103  # as above


class _AtOnce:
    def __init__(self, filling: Filling) -> None:
        self._filling = filling
        self.writable: list[str] = []

    def put(self, contents: Contents) -> None:
        placed = contents.placed
        links = [
            row for action, rows in placed.items() if action is not Action.HARDLINK for row in rows
        ]
        self._filling.add(
            contents.folders,
            placed.get(Action.HARDLINK, ()),
            links,
            contents.trees,
            contents.files,
            opened=contents.opened,
            writable=contents.writable,
        )
        self.writable += contents.writable

    def put_usual(
        self, shape: UsualShape, members: Sequence[UsualMember], *, packages: bool
    ) -> tuple[Sequence[bool], tuple[Sequence[str], Sequence[int]] | None]:
        return self._filling.add_usual(shape, members, packages)


class _OneByOne:
    def __init__(self, top: str, platform: Platform, *, copied: bool) -> None:
        self._top = top
        self._platform = platform
        self._copied = copied
        self._folders: list[str] = []
        self._make = {
            Action.BYTECODE_FILE: platform.link_bytecode,
            Action.BYTECODE_FOLDER: platform.link_folder,
            Action.COPY: platform.copy,
            Action.FILE_LINK: platform.link_file,
            Action.FOLDER_LINK: platform.link_folder,
            Action.HARDLINK: platform.hardlink,
        }

    def put(self, contents: Contents) -> None:
        top = self._top
        folders = (*contents.opened, *contents.folders)
        for folder in folders:
            os.mkdir(f"{top}/{folder}")  # noqa: PTH102  # thousands of them
        for action, rows in contents.placed.items():
            make = self._make[action]
            for folder, source, names in rows:
                path = f"{top}/{folder}" if folder else top
                for name in names:
                    make(f"{source}/{name}", f"{path}/{name}")
        for tree in contents.trees:
            _put_tree(tree, top, self._platform, copied=self._copied)
        for folder, name, data, mode in contents.files:
            write_file(f"{top}/{folder}/{name}" if folder else f"{top}/{name}", data, mode)
        self._folders += (name for name in folders if name not in contents.writable)

    def put_usual(
        self, shape: UsualShape, members: Sequence[UsualMember], *, packages: bool
    ) -> tuple[Sequence[bool], None]:
        del shape, packages
        return [False] * len(members), None

    def close(self) -> None:
        for folder in reversed(self._folders):
            os.chmod(f"{self._top}/{folder}", 0o555)  # noqa: PTH101, S103  # readable for all users


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
