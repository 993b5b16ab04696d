"""The native engine: what rust/trail-wheel finds, as trail's own values; links and entries as well.

The border carries plain values only; nothing here decides anything.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Self

from trail import _native
from trail.errors import WheelError
from trail.model import EntryPoint, Escape, Facts, Kind, Mismatch, Sha256, TopLevel
from trail.values import dataclass
from trail.wheel.engine import Job, Outcome

if TYPE_CHECKING:
    from types import TracebackType

    from trail.wheel.engine import Filler, Reader

__all__ = ["NativeEngine", "NativeUnpacker", "interface", "version"]


def version() -> str:
    """Tell the version of the extension module."""
    return _native.version()


def interface() -> int:
    """Tell the number of what the extension offers; 0 for one from before there were numbers."""
    return _native.interface() if hasattr(_native, "interface") else 0


@dataclass(frozen=True, slots=True)
class NativeEngine:
    """The engine that is written in Rust.

    Args:
        reason: why it is in use.
    """

    reason: str

    @property
    def name(self) -> str:
        """Always `native`."""
        return "native"

    @property
    def filler(self) -> Filler | None:
        """What makes many links at once; None on Windows."""
        filling = getattr(_native, "Filling", None)
        # More than four wait for each other in the kernel.
        return filling and functools.partial(filling, threads=min(4, _processors()))

    @property
    def reader(self) -> Reader:
        """What reads many entries at once."""
        return functools.partial(_native.read_entries, threads=min(4, _processors()))

    def open(self, *, threads: int) -> NativeUnpacker:
        """Start an unpacker with so many threads."""
        return NativeUnpacker(threads)


class NativeUnpacker:
    """An unpacker whose work is done by threads outside Python (see `Unpacker`)."""

    def __init__(self, threads: int) -> None:
        self._unpacker = _native.Unpacker(threads)
        self._jobs: dict[int, Job] = {}
        self._serial = 0
        self._lock = threading.Lock()  # downloads may submit from threads of their own

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unpacker.close(abandon=kind is not None)

    def submit(self, job: Job) -> None:
        """Queue a wheel; never waits."""
        with self._lock:
            self._serial = serial = self._serial + 1
            self._jobs[serial] = job
        self._unpacker.submit(
            serial,
            job.wheel,
            job.destination,
            name=job.name,
            version=job.version,
            private=job.private,
            vouched=job.vouched,
            waive=job.waive,
            max_unpacked=job.max_unpacked,
        )

    def next(self, timeout: float | None = None) -> Outcome | None:
        """Wait for the next finished job.

        Args:
            timeout: seconds to wait at most; None waits until one is finished.

        Returns:
            An outcome, or None if the time is up or no job is left.
        """
        found = self._unpacker.next(timeout)
        if found is None:
            return None
        serial, value = found
        job = self._jobs.pop(serial)
        return Outcome(job=job, result=_result(job, value))


def _processors() -> int:
    """Count the processors that this process may use."""
    mine = getattr(os, "sched_getaffinity", None)  # Linux has it
    return (os.cpu_count() or 1) if mine is None else len(mine(0))


def _result(
    job: Job, value: _native._Facts | _native._Fault | _native._Failure
) -> Facts | WheelError | OSError:
    if isinstance(value, dict):
        return _facts(job, value)
    if len(value) == 2:  # noqa: PLR2004  # (errno, path)
        number, path = value
        return OSError(number, os.strerror(number), path)
    fault, member, expected, actual = value
    return WheelError(job.filename, fault, member=member, expected=expected, actual=actual)


def _facts(job: Job, value: _native._Facts) -> Facts:
    return Facts(
        name=job.name,
        version=job.version,
        dist_info=value["dist_info"],
        root_is_purelib=value["root_is_purelib"],
        files=value["files"],
        size=value["size"],
        record=Sha256(value["record"]),
        top_level=tuple(
            TopLevel(path=path, name=name, kind=Kind(kind))
            for path, name, kind in value["top_level"]
        ),
        startup=tuple(value["startup"]),
        scripts=tuple(
            EntryPoint(name=name, value=reference, gui=gui)
            for name, reference, gui in value["scripts"]
        ),
        schemes=tuple(value["schemes"]),
        metadata=tuple(value["metadata"]),
        root_files=tuple(value["root_files"]),
        escapes=tuple(
            Escape(library=library, runpath=runpath, tag=tag)
            for library, runpath, tag in value["escapes"]
        ),
        mismatches=tuple(
            Mismatch(path=path, rule=rule, expected=expected, actual=actual)
            for path, rule, expected, actual in value["mismatches"]
        ),
    )
