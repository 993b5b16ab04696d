"""The Python engine: threads around `trail.wheel.unpack`."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from trail.errors import WheelError
from trail.model import Facts
from trail.wheel.engine import Outcome
from trail.wheel.faults import Fault
from trail.wheel.unpack import (
    Stopped,
    Written,
    check_free_space,
    finish,
    make_folders,
    open_job,
    split_targets,
    unpack_targets,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from trail.wheel.engine import Job, Unpacker
    from trail.wheel.plan import Plan, Target

__all__ = ["PythonEngine"]


class PythonEngine:
    """The engine that needs nothing but Python.

    Args:
        reason: why it is in use, for `trail --version`.
    """

    name = "python"
    filler = None
    reader = None

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def open(self, *, threads: int) -> Unpacker:
        """Start an unpacker with so many threads."""
        return _PythonUnpacker(threads)


class _Work:
    """A wheel that is being unpacked by several threads.

    Chunks are begun in the order of the directory. One that fails lets those before it
    run on, because the first fault in that order is the one that counts.
    """

    def __init__(self, job: Job, plan: Plan, chunks: int) -> None:
        self.job = job
        self.plan = plan
        self._lock = threading.Lock()
        self._waiting = chunks
        self._written: list[Sequence[Written]] = [()] * chunks
        self._failed: tuple[int, BaseException] | None = None

    def wanted(self, index: int) -> bool:
        """Tell whether a chunk can still change the outcome."""
        return self._failed is None or index < self._failed[0]

    def end_chunk(self, index: int, result: Sequence[Written] | BaseException) -> bool:
        """Take a chunk's result; return whether it was the last."""
        with self._lock:
            if not isinstance(result, BaseException):
                self._written[index] = result
            elif self.wanted(index):
                self._failed = (index, result)
            self._waiting -= 1
            return not self._waiting

    def finish(self) -> Facts:
        """Finish the entry, or raise what was wrong first."""
        if self._failed is not None:
            raise self._failed[1]
        written = [file for chunk in self._written for file in chunk]
        return finish(self.job, self.plan, written)


class _PythonUnpacker:
    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="trail-unpack")
        self._stop = threading.Event()
        self._results: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._lock = threading.Condition()
        self._running = 0  # jobs without a result
        self._owed = 0  # jobs whose result was not handed out
        self._promised = 0  # bytes that wheels under way will still write

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with self._lock:
                    self._lock.wait_for(lambda: not self._running)
        finally:
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)

    def submit(self, job: Job) -> None:
        """Queue a wheel; never waits."""
        with self._lock:
            self._running += 1
            self._owed += 1
        self._pool.submit(self._begin, job)

    def next(self, timeout: float | None = None) -> Outcome | None:
        """Wait for the next finished job, `timeout` seconds at most.

        Returns:
            An outcome, or None if the time is up or no job is left.
        """
        with self._lock:
            if not self._owed:
                return None
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            return None
        with self._lock:
            self._owed -= 1
        if isinstance(result, Outcome):
            return result
        raise result

    def _begin(self, job: Job) -> None:
        """Check a wheel up to section 4, and queue its files."""
        promised = 0
        try:
            plan = open_job(job)
            with self._lock:
                promised = check_free_space(plan, job.destination, self._promised)
                self._promised += promised
            make_folders(plan, job.destination)
            chunks = list(split_targets(plan.targets))
            work = _Work(job, plan, len(chunks))
            for index, chunk in enumerate(chunks):
                self._pool.submit(self._unpack, work, index, chunk)
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            self._keep(promised)
            self._end(job, error)

    def _unpack(self, work: _Work, index: int, chunk: Sequence[Target]) -> None:
        """Unpack some files; whoever ends last finishes the wheel."""
        result: list[Written] | BaseException
        try:
            result = list(
                unpack_targets(
                    work.job,
                    chunk,
                    stopped=lambda: self._stop.is_set() or not work.wanted(index),
                )
            )
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            result = error
        self._keep(sum(target.member.size for target in chunk))
        if not work.end_chunk(index, result):
            return
        try:
            facts: Facts | BaseException = work.finish()
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            facts = error
        self._end(work.job, facts)

    def _keep(self, size: int) -> None:
        """Keep a promise to write so many bytes, or drop it."""
        with self._lock:
            self._promised -= size

    def _end(self, job: Job, result: Facts | BaseException) -> None:
        """Hand a result over."""
        if isinstance(result, Fault):
            result = result.of(job.filename)
        if isinstance(result, Stopped):
            return
        if isinstance(result, Facts | WheelError | OSError):
            self._results.put(Outcome(job=job, result=result))
        else:
            self._results.put(result)  # a bug
        with self._lock:
            self._running -= 1
            self._lock.notify_all()
