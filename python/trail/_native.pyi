# ruff: noqa: PYI021  # the extension itself has no docstrings: they are here
"""The native engine, made from rust/trail-native.

`trail.wheel._native` and `trail.index._native` are its only users.
"""

import sys
from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias, TypedDict, final

from trail.wheel.engine import EntryRow, UsualMember, UsualShape

class _Facts(TypedDict):
    dist_info: str
    root_is_purelib: bool
    files: int
    size: int
    record: str
    top_level: list[tuple[str, str, str]]
    startup: list[str]
    scripts: list[tuple[str, str, bool]]
    schemes: list[str]
    metadata: list[str]
    root_files: list[str]
    escapes: list[tuple[str, str, str]]
    mismatches: list[tuple[str, str, str | None, str | None]]

__all__ = [
    "Filling",
    "Known",
    "PageReader",
    "PageRows",
    "Unpacker",
    "find_metadata",
    "interface",
    "read_entries",
    "version",
]

_Fault: TypeAlias = tuple[str, str | None, str | None, str | None]
_Failure: TypeAlias = tuple[int, str]
_Member: TypeAlias = tuple[str, int, int, int, int, int, int, bool, int | None]
_Page: TypeAlias = tuple[str, str | None, str, list[int], PageRows]

def version() -> str:
    """Tell the extension's version; it works with the trail of the same version only."""

def interface() -> int:
    """Tell the number of what this file describes, for sources of one version that differ."""

def find_metadata(directory: bytes, entries: int, project: str, version: str) -> _Member | None:
    """Find METADATA in the directory of a wheel, without the GIL.

    Args:
        directory: all its bytes.
        entries: how many there are, says the end record.
        project: the name, normalised (PEP 503).
        version: of the wheel.

    Returns:
        Name, flags, method, CRC, packed size, size, offset and `executable` of the member, and
        the offset of the next one, if there is one. None if a rule is broken.
    """

@final
class Known:
    """What an `entry.json` says, as `trail.wheel.engine.Known` has it."""

    @property
    def sha256(self) -> str:
        """Of the wheel."""

    def row(self) -> EntryRow:
        """Give all of it."""

def read_entries(paths: Sequence[str], threads: int) -> list[Known | None]:
    """Read many `entry.json`, without the GIL, as `trail.wheel.engine.Reader` says.

    Args:
        paths: the files.
        threads: how many read them.
    """

@final
class PageReader:
    """Reads pages of projects (PEP 691); it keeps memory for the next one."""

    def __new__(cls) -> PageReader: ...
    def read(self, body: bytes, gzip: bool, url: str, project: str) -> _Page | None:
        """Read a page, without the GIL.

        Args:
            body: the page, as it came.
            gzip: whether it is compressed.
            url: its own address, after redirects.
            project: the name, normalised (PEP 503).

        Returns:
            Status, reason, versions (the newest first, with spaces between), ends and rows, as
            `trail.index.rows.Packed` has them. None for a page that is faulty, or so unusual
            that the Python parser is to decide.
        """

@final
class PageRows:
    """The rows of a page; who drops them gives their memory to the next page."""

    def part(self, start: int, end: int) -> bytes:
        """Take a part.

        Raises:
            IndexError: there is no such part.
        """

    def append_to(self, path: str) -> None:
        """Write all of them to the end of a file, without the GIL.

        Raises:
            OSError: it cannot be written.
        """

if sys.platform != "win32":
    @final
    class Filling:
        """Threads that fill a new folder in the background, as `trail.wheel.engine.Filling` says.

        Args:
            root: the folder.
            threads: how many, the one that asks included.

        Raises:
            OSError: it cannot be opened.
        """

        def __new__(cls, root: str, threads: int) -> Filling: ...
        def add(
            self,
            folders: Sequence[str],
            hardlinks: Sequence[tuple[str, str, Sequence[str]]],
            links: Sequence[tuple[str, str, Sequence[str]]],
            trees: Sequence[tuple[str, str, str | None]],
            files: Sequence[tuple[str, str, bytes, int]],
            *,
            opened: Sequence[str],
            writable: Sequence[str],
        ) -> None:
            """Take a portion, without the GIL.

            Args:
                folders: real ones to make.
                hardlinks: of files.
                links: symbolic ones.
                trees: folders that are hardlinked with all that is below them.
                files: small ones, with their contents.
                opened: more real folders, that can get more later.
                writable: the folders that keep their write permission.

            Raises:
                OSError: something cannot be made.
                RuntimeError: it is at its end.
            """

        def add_usual(
            self, shape: UsualShape, members: Sequence[UsualMember], packages: bool
        ) -> tuple[list[bool], tuple[list[str], list[int]] | None]:
            """Take the usual part of a prefix, without the GIL.

            Args:
                shape: where things lie.
                members: the distributions.
                packages: whether to make more than `.dist-info` folders.

            Raises:
                OSError: something cannot be made.
                RuntimeError: it is at its end.
            """

        def finish(self) -> list[tuple[str, str, list[str]]]:
            """Make what is left, without the GIL; what cannot be hardlinked is given back.

            Raises:
                OSError: something cannot be made.
                RuntimeError: it is at its end.
            """

        def stop(self) -> None:
            """Make nothing more, and wait for the threads."""

@final
class Unpacker:
    """Threads that unpack wheels in the background.

    Args:
        threads: how many.
    """

    def __new__(cls, threads: int) -> Unpacker: ...
    def submit(
        self,
        serial: int,
        wheel: str | PathLike[str],
        destination: str | PathLike[str],
        *,
        name: str,
        version: str,
        private: bool,
        vouched: bool,
        waive: bool,
        max_unpacked: int,
    ) -> None:
        """Queue a wheel; never waits.

        Args:
            serial: what `next` gives back for it.
            wheel: the archive.
            destination: a folder that does not exist yet.
            name: the distribution, normalised.
            version: its version, normalised.
            private: whether the archive may be mapped.
            vouched: whether a lock or an index gave the archive's hash.
            waive: whether differences from RECORD are accepted.
            max_unpacked: how many bytes the wheel may unpack to.
        """

    def next(self, timeout: float | None = None) -> tuple[int, _Facts | _Fault | _Failure] | None:
        """Wait for the next finished job, without the GIL; Ctrl-C interrupts.

        Args:
            timeout: seconds to wait at most; None waits until one is finished.

        Returns:
            The job's serial number with its facts, or with (rule, member, expected, actual), or
            with (errno, path).
            None if the time is up or no job is left.

        Raises:
            RuntimeError: a bug in the engine.
        """

    def close(self, abandon: bool) -> None:
        """Wait for all jobs and end the threads.

        Args:
            abandon: drop the jobs that were not begun and stop the others soon.
        """
