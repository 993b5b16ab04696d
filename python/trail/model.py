"""The values that the layers hand to each other.

Plain frozen data, no behaviour that touches files or the network. Versions are kept
as the normalised strings of PEP 440, so that this module stays light to import.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NewType

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packaging.utils import NormalizedName
else:
    # The same to a type checker; at run time without the 20 ms that packaging takes.
    NormalizedName = NewType("NormalizedName", str)

__all__ = [
    "NO_NAMES",
    "EntryId",
    "EntryPoint",
    "Escape",
    "Facts",
    "Hashes",
    "Kind",
    "Mismatch",
    "Names",
    "NormalizedName",
    "Pinned",
    "Selection",
    "Sha256",
    "SourceKind",
    "SourcePackage",
    "TopLevel",
    "WheelFile",
]

Sha256 = NewType("Sha256", str)
"""64 lower-case hexadecimal digits."""

EntryId = NewType("EntryId", str)
"""`{name}/{version}/{wheel tags}-{12 hex}`: an entry's path below `installed/`."""

Hashes = tuple[tuple[str, str], ...]
"""Pairs of algorithm and lower-case hexadecimal digest, sorted by algorithm."""


class Kind(StrEnum):
    """What a name at the top of site-packages is to the import system."""

    PACKAGE = "package"  # a folder with an __init__ module
    NAMESPACE = "namespace"  # a folder without one: a portion of a PEP 420 namespace package
    MODULE = "module"  # a .py file
    EXTENSION = "extension"  # a .so or .pyd file
    DATA = "data"  # anything else, such as numpy.libs


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TopLevel:
    """One name at the top of a distribution's site-packages.

    Args:
        path: the file or folder, for instance `six.py` or `numpy`.
        name: what one imports, for instance `six`; the path itself where that is nothing.
        kind: what it is.
    """

    path: str
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class EntryPoint:
    """A script that a distribution declares in entry_points.txt.

    Args:
        name: the script's file name, without `.exe`.
        value: the object reference, `module:attribute`, without extras.
        gui: whether it stands under `gui_scripts`.
    """

    name: str
    value: str
    gui: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Escape:
    """A native library whose search path leaves the wheel's own tree.

    Args:
        library: the library's path below site-packages, with `/`.
        runpath: one RPATH, RUNPATH or LC_RPATH element, as it stands in the file.
        tag: `DT_RPATH`, `DT_RUNPATH` or `LC_RPATH`.
    """

    library: str
    runpath: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mismatch:
    """A difference between RECORD and the archive that was waived.

    Args:
        path: the member's name in the archive.
        rule: the code of docs/wheel-checks.md.
        expected: what RECORD says, or None where it says nothing.
        actual: what the archive holds, or None where it holds nothing.
    """

    path: str
    rule: str
    expected: str | None
    actual: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an engine found while unpacking a wheel; all sequences are sorted.

    Args:
        name: the distribution.
        version: from the file name, normalised (PEP 440).
        dist_info: the name of the .dist-info folder, as spelled in the archive.
        root_is_purelib: from WHEEL.
        files: how many files the entry holds, RECORD and INSTALLER included, entry.json not.
        size: how many bytes these files hold.
        record: sha256 of the RECORD that was written.
        top_level: names at the top of site-packages, without .dist-info and start-up files.
        startup: `.pth` and `.start` files at the top of site-packages.
        scripts: entry points that become scripts.
        schemes: other folders at the top of the entry: `bin`, `share`, `include`, …
        metadata: files of the .dist-info folder, relative to it; empty where nobody noted them.
        root_files: files at the top of the entry, noted together with `metadata`.
        escapes: native libraries that look for others outside the wheel.
        mismatches: differences from RECORD that were waived.
    """

    name: NormalizedName
    version: str
    dist_info: str
    root_is_purelib: bool
    files: int
    size: int
    record: Sha256
    top_level: tuple[TopLevel, ...] = ()
    startup: tuple[str, ...] = ()
    scripts: tuple[EntryPoint, ...] = ()
    schemes: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    root_files: tuple[str, ...] = ()
    escapes: tuple[Escape, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A wheel that a lock, a requirement or the command line names.

    Args:
        name: the distribution.
        version: normalised (PEP 440).
        filename: the wheel's file name, which decides its tags.
        hashes: what the bytes must hash to; empty where nobody vouches for them.
        size: in bytes, or None where it is not known.
        url: where to download it, or None for `path`.
        path: the file, absolute, or None for `url`.
        index: address of the index it comes from, or None.
        vouched: whether a lock or an index gave the hashes.
        requires: names of distributions that it depends on, where the lock tells.
    """

    name: NormalizedName
    version: str
    filename: str
    hashes: Hashes = ()
    size: int | None = None
    url: str | None = None
    path: Path | None = None
    index: str | None = None
    vouched: bool = True
    requires: tuple[NormalizedName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A distribution whose version is fixed, but whose wheel an index must name first.

    Args:
        name: the distribution.
        version: normalised (PEP 440).
        hashes: pairs of algorithm and digest that are accepted, several per algorithm for
            several files; empty where any file of the version will do.
        filename: the one file that is meant, or None for the best wheel.
        index: address of the index to ask, or None for the configured ones.
        requires: names of distributions that it depends on, where the lock tells.
    """

    name: NormalizedName
    version: str
    hashes: Hashes = ()
    filename: str | None = None
    index: str | None = None
    requires: tuple[NormalizedName, ...] = ()


class SourceKind(StrEnum):
    """What a package comes as that must be built."""

    SDIST = "source distribution"
    ARCHIVE = "source archive"
    DIRECTORY = "folder"
    VCS = "checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePackage:
    """A distribution that must be built into a wheel first.

    Args:
        name: the distribution; empty for a folder of which only the build tells.
        kind: what it comes as.
        version: normalised (PEP 440); None where only the build tells.
        filename: of the archive; empty for what is none.
        hashes: what the archive's bytes must hash to; empty where nobody vouches for them.
        size: of the archive in bytes, or None where it is not known.
        url: of the archive or the repository; None for `path`.
        path: the archive or folder, absolute; None for `url`.
        index: address of the index it comes from, or None.
        commit: the whole commit id of a checkout; empty for others.
        subdirectory: where in it the project lies, with `/`; empty for its top.
        editable: whether a folder is used in place (PEP 660).
        requires: names of distributions that it depends on, where the lock tells.
    """

    name: NormalizedName
    kind: SourceKind
    version: str | None = None
    filename: str = ""
    hashes: Hashes = ()
    size: int | None = None
    url: str | None = None
    path: Path | None = None
    index: str | None = None
    commit: str = ""
    subdirectory: str = ""
    editable: bool = False
    requires: tuple[NormalizedName, ...] = ()

    @property
    def label(self) -> str:
        """The distribution, with its version where that is known, for messages."""
        name = self.name or self.filename or str(self.path or self.url)
        return f"{name} {self.version}" if self.version else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A set of names, or all of them.

    Args:
        everything: whether each name belongs to it.
        names: those that do otherwise, normalised.
    """

    everything: bool = False
    names: frozenset[NormalizedName] = frozenset()

    @classmethod
    def read(cls, words: Iterable[str]) -> Names:
        """Read what users write, as pip's `--no-binary` has it.

        Args:
            words: names, also several with commas between them; `:all:` is all of them, and
                `:none:` takes back what was said before it.
        """
        from packaging.utils import canonicalize_name  # noqa: PLC0415  # 20 ms, rarely needed

        found = cls()
        for name in (part.strip() for word in words for part in word.split(",")):
            if name == ":none:":
                found = cls()
            elif name:
                everything = name == ":all:"
                names = () if everything else (canonicalize_name(name),)
                found |= cls(everything=everything, names=frozenset(names))
        return found

    def __contains__(self, name: object) -> bool:
        return self.everything or name in self.names

    def __or__(self, other: Names) -> Names:
        return Names(everything=self.everything or other.everything, names=self.names | other.names)

    def __bool__(self) -> bool:
        return self.everything or bool(self.names)


NO_NAMES = Names()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is to be installed on one target.

    Args:
        wheels: the wheels.
        pinned: what an index must still name.
        sources: what must be built.
        wheels_only: packages that are not built, as a file says that names the others.
        sources_only: packages whose wheels are not used, as it says.
        withheld: names of what the lock has besides, for other choices or targets.
    """

    wheels: tuple[WheelFile, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    sources: tuple[SourcePackage, ...] = ()
    wheels_only: Names = NO_NAMES
    sources_only: Names = NO_NAMES
    withheld: tuple[NormalizedName, ...] = ()
