"""What goes into a prefix and what comes out, as plain values."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from trail.depot.store import Entry
    from trail.model import EntryPoint, NormalizedName

__all__ = [
    "LINK_MODES",
    "Action",
    "Group",
    "InPlace",
    "Link",
    "NewScript",
    "Plan",
    "Platform",
    "Prefix",
    "PrefixPython",
    "PrefixRequest",
    "Shape",
    "SharedPackage",
    "Strictness",
]

LINK_MODES = ("auto", "hardlink", "copy")


class PrefixPython(Protocol):
    """What a prefix needs to know of an interpreter; `trail.interpreter` has such a value."""

    @property
    def executable(self) -> Path:
        """What to run."""

    @property
    def base(self) -> Path:
        """The real binary of the base Python."""

    @property
    def version(self) -> str:
        """Such as `3.12.1`."""

    @property
    def minor(self) -> str:
        """Such as `3.12`."""

    @property
    def implementation(self) -> str:
        """Such as `cpython`."""

    @property
    def cache_tag(self) -> str:
        """Such as `cpython-312`."""

    @property
    def free_threaded(self) -> bool:
        """Whether it is a build without the global lock (PEP 703)."""

    @property
    def identity(self) -> str:
        """Changes whenever the binary does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """What the code of a project may import.

    Args:
        root: the project's folder, absolute.
        declared: the distributions that it requires directly, itself included.
        members: the same for the projects of a workspace, which lie below the root.
    """

    root: Path
    declared: frozenset[NormalizedName]
    members: tuple[Strictness, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixRequest:
    """What a prefix is to hold.

    Args:
        interpreter: the Python it is for.
        entries: one per distribution, in any order.
        editable_roots: folders to put on `sys.path`, absolute, in this order.
        link_mode: `auto`, `hardlink` or `copy`.
        code_archives: whether bytecode is also kept in one file for each entry.
        strict: what project code may import; None for everything. It makes the prefix one of
            that project's own.
    """

    interpreter: PrefixPython
    entries: tuple[Entry, ...]
    editable_roots: tuple[Path, ...] = ()
    link_mode: str = "auto"
    code_archives: bool = False
    strict: Strictness | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A finished prefix.

    Args:
        key: its name below `prefixes/`.
        path: its folder.
        python: its interpreter.
        scripts: the folder to put first on PATH.
        site_packages: the folder of links.
        created: whether it was made just now.
    """

    key: str
    path: Path
    python: Path
    scripts: Path
    site_packages: Path
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where things lie in a prefix and in an entry; paths with `/`, relative to either.

    Args:
        site_packages: in the prefix, for instance `lib/python3.12/site-packages`.
        entry_site_packages: in an entry, `lib/python/site-packages`.
        library: the folder above both where data files may lie too, `lib`.
        scripts: in both, `bin` or `Scripts`.
        headers: where C headers of distributions are also found (as in a virtual environment).
        cache_tag: of the bytecode files, for instance `cpython-312`.
        aliases: folders of entries that are other names of a prefix folder: `lib64` of `lib`.
        reserved: names at the top of the prefix that no wheel may bring.
    """

    site_packages: str
    entry_site_packages: str
    library: str
    scripts: str
    headers: str
    cache_tag: str
    aliases: tuple[tuple[str, str], ...]
    reserved: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """What of a prefix is in place before the rest is planned; or is under way.

    Args:
        metadata: the members whose `.dist-info` folder is.
        left: names at the top of site-packages that are not; None if none of them are.
        needed: the members, by number, that have more than what is in place. Not to be asked if
            `left` is None.
    """

    metadata: AbstractSet[int] = frozenset()
    left: AbstractSet[str] | None = None
    needed: Sequence[int] = ()


class Action(Enum):
    """How a path of a prefix comes from a path of an entry."""

    FOLDER_LINK = "folder link"  # symlink or junction
    FILE_LINK = "file link"  # symlink, hardlink on Windows
    HARDLINK = "hardlink"  # copy where the file system has no hardlinks or it is another one
    COPY = "copy"
    HARDLINK_TREE = "hardlink tree"  # HARDLINK for each file below a folder; real folders
    COPY_TREE = "copy tree"  # the same with COPY
    SCRIPT = "script"  # `#!python` made the prefix's Python; linked where it has no such line
    BYTECODE_FILE = "bytecode file"  # as FILE_LINK; may not exist yet
    BYTECODE_FOLDER = "bytecode folder"  # as FOLDER_LINK; made if it is not there

    # Each is one object; that of Enum hashes the name, in Python.
    __hash__ = object.__hash__


class Group(NamedTuple):
    """Paths of one folder of the prefix that come from one folder of an entry, in one way.

    Few values for thousands of paths: a `.dist-info` folder is one or two of these.

    Args:
        action: how.
        folder: in the prefix, with `/`; a real one, or empty for the prefix itself.
        member: the entry's number in the plan's sequence.
        source: the folder in the entry, with `/`; empty for the entry itself.
        names: in both folders.
    """

    action: Action
    folder: str
    member: int
    source: str
    names: Sequence[str]


class Link(NamedTuple):
    """One path of a `Group`.

    Args:
        action: how.
        path: in the prefix, with `/`.
        member: the entry's number in the plan's sequence.
        source: in the entry, with `/`.
    """

    action: Action
    path: str
    member: int
    source: str


@dataclass(frozen=True, slots=True)
class NewScript:
    """A script that an entry point asks for.

    Args:
        member: the entry's number.
        entry_point: what it runs.
    """

    member: int
    entry_point: EntryPoint


class SharedPackage(NamedTuple):
    """A regular package of several distributions.

    Args:
        path: in the prefix, with `/`.
        members: the entries' numbers, sorted.
        plain: whether no two of them have the same file, so that nobody else has a say in what it
            holds.
        is_there: whether it was joined in the depot before.
    """

    path: str
    members: tuple[int, ...]
    plain: bool
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make for the packages, in this order: folders, links, scripts.

    Args:
        folders: real folders, parents first.
        groups: of links; no two with the same path, none below another.
        scripts: to be written to the scripts folder.
        warnings: for the user, one line each.
        joined: packages that may be joined in the depot (`trail.prefix.joined`); what they hold
            is among `folders` and `groups`, but for those that are there.
    """

    folders: tuple[str, ...]
    groups: tuple[Group, ...]
    scripts: tuple[NewScript, ...]
    warnings: tuple[str, ...]
    joined: tuple[SharedPackage, ...] = ()

    @property
    def links(self) -> Iterator[Link]:
        """The links one by one."""
        for action, folder, member, source, names in self.groups:
            to, of = (f"{path}/" if path else "" for path in (folder, source))
            for name in names:
                yield Link(action, f"{to}{name}", member, f"{of}{name}")


class Platform(Protocol):
    """What differs between operating systems; paths are strings, there are thousands."""

    relative: bool  # whether links within a depot can be relative
    python: str  # the interpreter's path in a prefix
    pip_configuration: str  # the name of pip's file in a prefix

    def shape(self, python: PrefixPython) -> Shape:
        """Say where things lie for this Python."""

    def install_python(self, folder: str, python: PrefixPython) -> None:
        """Put the interpreter into a prefix."""

    def link_folder(self, target: str, path: str) -> None:
        """Link a folder."""

    def link_file(self, target: str, path: str) -> None:
        """Link a file."""

    def link_bytecode(self, target: str, path: str) -> None:
        """Link a file that may not exist yet."""

    def hardlink(self, source: str, path: str) -> None:
        """Give a file a second name, or copy it where that is not possible."""

    def copy(self, source: str, path: str) -> None:
        """Copy a file with its mode."""

    def script(self, entry_point: EntryPoint, python: str) -> tuple[str, bytes]:
        """Make the script of an entry point for the Python at this path: name and content."""

    def shebang(self, python: str) -> bytes:
        """Make the first line of a script for the Python at this path."""
