"""The seam between trail and the two engines that unpack and verify wheels.

An engine opens an `Unpacker`: jobs go in at any time, outcomes come out as each wheel is
finished, in any order. One big wheel spreads over all threads while further wheels are
still being downloaded. An engine writes only below a job's destination, and what it left
there after a fault is the caller's to remove: nothing is visible in the depot yet.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from trail import __version__
from trail.errors import SettingsError, WheelError
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from trail.model import Facts, NormalizedName

__all__ = [
    "DEFAULT_MAX_UNPACKED",
    "Engine",
    "EntryRow",
    "Filler",
    "Filling",
    "Job",
    "Known",
    "Outcome",
    "Reader",
    "Unpacker",
    "UsualMember",
    "UsualShape",
    "choose_engine",
]

DEFAULT_MAX_UNPACKED = 16 * 2**30

# What an `entry.json` says of a wheel without mismatches, as `trail.model.Facts` has it: name,
# version, dist_info, root_is_purelib, files, size, record, top_level, startup,
# scripts, schemes, metadata, root_files and escapes.
_Strings: TypeAlias = "tuple[str, ...]"
EntryRow: TypeAlias = (
    "tuple[str, str, str, bool, int, int, str, tuple[tuple[str, str, str], ...], _Strings,"
    "tuple[tuple[str, str, bool], ...], _Strings, _Strings, _Strings,"
    "tuple[tuple[str, str, str], ...]]"
)

# Site-packages in a prefix and in an entry; the tag of bytecode, None for none; and how many
# folders there are from the depot down to the prefix.
UsualShape: TypeAlias = "tuple[str, str, str | None, int]"
# The folder of an entry; the same below the depot of the prefix, None for one of another depot;
# what is known of it; and whether it is one that `trail.prefix.known` names.
UsualMember: TypeAlias = "tuple[str, str | None, Known | None, bool]"

# Of the extension (rust/trail-native/src/lib.rs). Two checkouts of trail have one version, and an
# editable installation can have the sources of one with the extension of the other.
_INTERFACE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One wheel to unpack and verify; its archive hash was checked by whoever made the job.

    Args:
        wheel: the archive.
        filename: the wheel's real file name; the archive itself may be called otherwise.
        name: the distribution, from the file name, normalised (PEP 503).
        version: from the file name, normalised (PEP 440).
        destination: a folder that does not exist yet, in a folder that does.
        private: whether nobody else can change the archive, so that it may be mapped.
        vouched: whether a lock or an index gave the archive's hash.
        waive: whether `allow-record-mismatch` names this distribution.
        max_unpacked: how many bytes it may unpack to.
    """

    wheel: Path
    filename: str
    name: NormalizedName
    version: str
    destination: Path
    private: bool = True
    vouched: bool = True
    waive: bool = False
    max_unpacked: int = DEFAULT_MAX_UNPACKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a job: facts, or the error that ended it.

    Args:
        job: the job.
        result: facts; or a `WheelError`; or an `OSError` of reading or writing.
    """

    job: Job
    result: Facts | WheelError | OSError


class Unpacker(Protocol):
    """Unpacks submitted wheels in the background; use it as a context manager.

    Leaving the context without an exception waits for all jobs; with one (Ctrl-C
    included) it drops the jobs that were not begun and stops the others soon.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def submit(self, job: Job) -> None:
        """Queue a wheel; never waits."""

    def next(self, timeout: float | None = None) -> Outcome | None:
        """Wait for the next finished job.

        Args:
            timeout: seconds to wait at most; None waits until one is finished.

        Returns:
            An outcome, or None if the time is up or no job is left.
        """


class Filling(Protocol):
    """A folder that is being filled with folders, links and small files."""

    def add(  # noqa: PLR0913  # all that goes into it
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
        """Take a portion of what is to be made, and begin; paths are relative, with `/`.

        Args:
            folders: real ones to make, parents first, that get nothing with later portions.
            hardlinks: for each folder (empty for the one that is filled) with any: the folder,
                the one that they lead to, and their names, the same in both.
            links: the same for symbolic ones.
            trees: new folders, each with hardlinks of all files below another one but those in
                `__pycache__`: the folder, the other one, and how that is reached from the folder
                above the new one, for links to `__pycache__` where there are Python files; None
                for no such links.
            files: the folder, the name in it, the content and the permission bits.
            opened: more real folders, made before the others, that can get more later.
            writable: the folders that keep their write permission; the others have 0555 at the end.

        Raises:
            OSError: something cannot be made, of this portion or of one before.
        """

    def add_usual(
        self, shape: UsualShape, members: Sequence[UsualMember], packages: bool
    ) -> tuple[Sequence[bool], tuple[Sequence[str], Sequence[int]] | None]:
        """Take the usual part of a prefix, as `trail.prefix.plan` has it, and begin at once.

        Args:
            shape: where things lie; site-packages and `__pycache__` in it are open.
            members: the distributions, sorted by name.
            packages: whether to make more than `.dist-info` folders.

        Returns:
            Of each member whether its `.dist-info` folder is made; the names at the top of
            site-packages that are not, and the members, by number, that have any of them or
            something elsewhere. None instead of these two if none of the names is made.

        Raises:
            OSError: something cannot be made, of this portion or of one before.
        """

    def finish(self) -> Sequence[tuple[str, str, Sequence[str]]]:
        """Make what is left.

        Returns:
            Hardlinks that the file system cannot make: the folder, the source, and names.

        Raises:
            OSError: something cannot be made; what was made before stays.
        """

    def stop(self) -> None:
        """Make nothing more, unless all is made already."""


class Filler(Protocol):
    """Begins to fill folders, with many links at once."""

    def __call__(self, root: str) -> Filling:
        """Fill a folder that is there and empty.

        Raises:
            OSError: it is not.
        """


class Known(Protocol):
    """What the `entry.json` of a wheel without mismatches says."""

    @property
    def sha256(self) -> str:
        """Of the wheel."""

    def row(self) -> EntryRow:
        """Give all of it."""


class Reader(Protocol):
    """Reads many `entry.json` at once."""

    def __call__(self, paths: Sequence[str]) -> Sequence[Known | None]:
        """Read files.

        Args:
            paths: of each.

        Returns:
            What each says; None for what cannot be read, is faulty or unusual, about which
            `trail.depot.entry.parse_info` is to decide.
        """


class Engine(Protocol):
    """One of the two implementations."""

    @property
    def name(self) -> str:
        """`native` or `python`."""

    @property
    def reason(self) -> str:
        """Why this engine is in use, for `trail --version`."""

    @property
    def filler(self) -> Filler | None:
        """What makes many links at once; None where Python makes them one by one."""

    @property
    def reader(self) -> Reader | None:
        """What reads many entries at once; None where Python reads them one by one."""

    def open(self, *, threads: int) -> Unpacker:
        """Start an unpacker with so many threads."""


def choose_engine(wanted: str = "auto") -> Engine:
    """Choose the engine, once per process.

    Only an extension that is missing or of another version leads to the Python engine; an
    error inside the native engine is never a reason to fall back.

    Args:
        wanted: `auto`, `native` or `python` (TRAIL_ENGINE).

    Raises:
        SettingsError: `native` was asked for and cannot be used, or the word is unknown.
    """
    if wanted not in {"auto", "native", "python"}:
        raise SettingsError(
            f"unknown engine `{wanted}` in TRAIL_ENGINE", hint="use auto, native or python"
        )
    if wanted == "python":
        return _python("chosen by TRAIL_ENGINE")
    try:
        native = importlib.import_module("trail.wheel._native")
    except ImportError as error:
        missing = importlib.util.find_spec("trail._native") is None
        why = f"the native extension {'is not installed' if missing else f'is broken: {error}'}"
    else:
        if (native.version(), native.interface()) == (__version__, _INTERFACE):
            return native.NativeEngine(  # type: ignore[no-any-return]
                "chosen by TRAIL_ENGINE" if wanted == "native" else "the extension is installed"
            )
        why = (
            f"the native extension is version {native.version()}, trail is {__version__}"
            if native.version() != __version__
            else "the native extension was built from other sources"
        )
    if wanted == "native":
        raise SettingsError(f"TRAIL_ENGINE asks for the native engine, but {why}")
    return _python(why)


def _python(reason: str) -> Engine:
    python = importlib.import_module("trail.wheel._python")
    return python.PythonEngine(reason)  # type: ignore[no-any-return]
