"""Take listings and bytecode from one file for each distribution, where a prefix asks for it.

The file is mapped, so what is needed of it is read from the disk in long runs, and neither a
folder is listed nor a bytecode file opened. What has no archive is imported as ever: joined
packages, a distribution that is not compiled yet, another way to start Python (`-O`).

The format is private to trail; `trail.prefix._compile` writes it. Numbers are little-endian:
8 bytes `trail-1` and a line feed, the 4 bytes of the interpreter's magic number, the length
of the index (4 bytes), the index, the tables, the code. The index is a marshalled dictionary
from a folder, with `/`, to offset and length of its table after the index; a table is one from
the names in the folder that matter for imports, to offset and length of a module's code after
all tables, or to None. The offset of the code stands in the index under None.
"""

# No pathlib, and annotations in quotes: each import takes its time.
# ruff: noqa: PTH115, PTH118, PTH120

import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER
from _imp import check_hash_based_pycs
from marshal import loads
from os import close, readlink, sep
from os import open as open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from types import CodeType

__all__ = ["Archive", "Archives", "install"]

_START = b"trail-1\n" + MAGIC_NUMBER
_INDEX = len(_START) + 4
_INSIDE = "/Lib/site-packages/" if os.name == "nt" else "/lib/python/site-packages/"


class Archive:
    """One file.

    Args:
        path: where it is.

    Raises:
        OSError: it cannot be mapped.
        ValueError: it is of another interpreter, or damaged.
    """

    def __init__(self, path: str) -> None:
        from mmap import ACCESS_READ, mmap  # noqa: PLC0415  # an extension; nobody may need it

        descriptor = open_file(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            # A descriptor that stayed open could be closed, and used anew, by a daemon.
            self._data = mmap(  # type: ignore[call-arg]  # new in 3.13
                descriptor, 0, access=ACCESS_READ, trackfd=False
            )
        finally:
            close(descriptor)
        if self._data[: len(_START)] != _START:
            raise ValueError("not an archive of this interpreter")
        self._tables = _INDEX + int.from_bytes(self._data[len(_START) : _INDEX], "little")
        self._index = loads(self._data[_INDEX : self._tables])  # noqa: S302  # trail wrote it
        self._code = self._tables + self._index[None]
        self._read: dict[str, dict[str, tuple[int, int] | None]] = {}

    def names(self, folder: str) -> "dict[str, tuple[int, int] | None]":
        """Give the names in a folder, with `/`.

        Raises:
            LookupError: it is not in the archive.
            EOFError, TypeError, ValueError: it is damaged.
        """
        found = self._read.get(folder)
        if found is None:
            offset, length = self._index[folder]
            offset += self._tables
            data = self._data[offset : offset + length]
            found = self._read[folder] = loads(data)  # noqa: S302  # as above
        return found

    def code(self, folder: str, name: str) -> "memoryview | None":
        """Give the marshalled code of a file.

        Raises:
            LookupError, EOFError, TypeError, ValueError: as above.
        """
        place = self.names(folder)[name]
        if place is None:
            return None
        offset = self._code + place[0]
        return memoryview(self._data)[offset : offset + place[1]]


class Archives:
    """The archives of the distributions that were imported.

    Args:
        sites: the site-packages folders of prefixes.
        unpack: importlib's `_compile_bytecode`.
    """

    def __init__(self, sites: "Sequence[str]", unpack: "Callable[..., CodeType]") -> None:
        self._sites = sites
        self._unpack = unpack
        self._tag = sys.implementation.cache_tag
        self._files: dict[str, Archive | None] = {}
        self._places: dict[str, tuple[Archive, str] | None] = {}

    def names(self, folder: str) -> "Container[str] | None":
        """Give the names in a folder of site-packages that matter; None if nothing is known."""
        place = self._place(folder)
        try:
            return None if place is None else place[0].names(place[1])
        except (LookupError, EOFError, TypeError, ValueError):
            return None

    def code(self, fullname: str, path: str) -> "CodeType | None":
        """Give the code of a source file in site-packages; None if it is not known."""
        folder, _, name = path.rpartition(sep)
        place = self._place(folder)
        code: CodeType | None = None
        try:
            data = None if place is None else place[0].code(place[1], name)
            if data is not None:
                code = self._unpack(data, fullname, None, path)
        except (LookupError, EOFError, ImportError, TypeError, ValueError):
            pass
        return code

    def forget(self) -> None:
        """Look again at what was no link; what was mapped cannot have changed."""
        self._places.clear()

    def _place(self, folder: str) -> "tuple[Archive, str] | None":
        """Find the archive that a folder is in, and the folder's name in it."""
        try:
            return self._places[folder]
        except KeyError:
            pass
        found = None
        if any(folder.startswith(site + sep) for site in self._sites):
            parent, _, name = folder.rpartition(sep)
            above = self._place(parent)
            found = self._linked(folder) if above is None else (above[0], f"{above[1]}/{name}")
        self._places[folder] = found
        return found

    def _linked(self, folder: str) -> "tuple[Archive, str] | None":
        try:
            target = readlink(folder).replace(sep, "/")
        except OSError:
            return None
        entry, _, inside = target.partition(_INSIDE)
        depot, _, identity = entry.rpartition("/installed/")
        if not depot or not inside:
            return None
        path = os.path.join(os.path.dirname(folder), depot, "archives", self._tag, identity)
        if path not in self._files:
            try:
                self._files[path] = Archive(path)
            except (OSError, LookupError, EOFError, TypeError, ValueError):
                self._files[path] = None
        archive = self._files[path]
        return None if archive is None else (archive, inside)


def install() -> None:
    """Let the import hook ask archives, on Pythons that can do so well.

    Before Python 3.13 each archive would keep a file descriptor.
    """
    boot = sys.modules["_trail_boot"]
    usual = not sys.flags.optimize and check_hash_based_pycs != "always"
    usual = usual and sys.pycache_prefix is None and sys.implementation.cache_tag is not None
    if usual and sys.version_info >= (3, 13):
        boot.use(Archives(boot.sites, boot.unpack))
