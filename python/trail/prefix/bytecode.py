"""Compile entries for a Python, into the depot, so that no program ever has to.

Bytecode lies beside its source, in `__pycache__`, and holds the source's hash instead of
its time (PEP 552, unchecked: the source cannot change). Prefixes link it. A mark in the
depot says that an entry is compiled for a cache tag; it counts as long as it is not older
than the entry. Everything can be interrupted at any moment and done again.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.layout import site_packages
from trail.errors import DepotError
from trail.model import EntryId
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trail.depot.store import Depot, Entry

__all__ = ["Compiled", "compile_entries", "compile_prefix", "is_compiled"]

_WORKER = Path(__file__).with_name("_compile.py")
_LOWEST = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What was done.

    Args:
        entries: those that are compiled now and were not before, sorted.
        left: those that somebody else is compiling, or that cannot be written, sorted.
        files: how many files have bytecode.
        failed: how many files are no Python that this interpreter understands.
    """

    entries: tuple[EntryId, ...] = ()
    left: tuple[EntryId, ...] = ()
    files: int = 0
    failed: int = 0


def is_compiled(entry: Entry, cache_tag: str) -> bool:
    """Whether an entry has bytecode for a cache tag; two stats."""
    return _Task.of(entry, cache_tag).is_done


def compile_entries(
    executable: Path,
    cache_tag: str,
    entries: Iterable[Entry],
    *,
    processes: int = 1,
    archives: bool = False,
) -> Compiled:
    """Compile entries that have no bytecode for an interpreter yet.

    Several processes may do this at once: each entry is compiled by one of them. An entry
    of a depot that cannot be written is left as it is.

    Args:
        executable: the interpreter.
        cache_tag: its `sys.implementation.cache_tag`; where it has none, nothing is done.
        entries: which ones.
        processes: how many to run side by side.
        archives: whether to put the bytecode of each entry into one file, too.
    """
    todo = [
        replace(task, files=entry.facts.files)
        for entry in entries
        if cache_tag and not (task := _Task.of(entry, cache_tag, archives=archives)).is_done
    ]
    return _run(executable, todo, processes)


def compile_prefix(depot: Depot, key: str, *, processes: int = 1) -> Compiled:
    """Compile what a prefix uses of its own depot, and mark the prefix.

    The mark keeps `trail.prefix.background` from starting this again.

    Args:
        depot: where the prefix is.
        key: its key.
        processes: as in `compile_entries`.

    Raises:
        DepotError: the prefix cannot be read, or the mark not written.
    """
    layout = depot.layout
    with depot.guard(f"compile {key}", wait=False) as free:
        mark = layout.compiled(key)
        if not free or _is_current(mark, layout.prefix(key)):
            return Compiled()
        try:
            tree = json.loads(layout.prefix_file(key).read_bytes())
            python = tree["python"]
            found = [depot.find(identity) for identity in tree["entries"]]
            executable, cache_tag = Path(python["executable"]), str(python["cache-tag"])
            runtime = layout.runtime(str(tree["runtime"]))
            archives = tree.get("code-archives") is True
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DepotError(f"cannot read `{layout.prefix_file(key)}`: {error}") from error
        entries = [entry for entry in found if entry is not None]
        task = _Task(depot, f"runtime-{runtime.name}", runtime, runtime, cache_tag)
        if cache_tag and runtime.is_dir() and not task.is_done:
            _run(executable, [task], 1)  # first, since every start imports it
        result = compile_entries(
            executable, cache_tag, entries, processes=processes, archives=archives
        )
        _mark(mark)
    return result


@dataclass(frozen=True, slots=True)
class _Task:
    """A folder to compile, and how to know that it was."""

    depot: Depot
    subject: str
    folder: Path  # what the mark must not be older than
    sources: Path
    cache_tag: str
    archive: Path | None = None
    files: int = 0

    @classmethod
    def of(cls, entry: Entry, cache_tag: str, *, archives: bool = False) -> _Task:
        depot, path = entry.depot, entry.path
        archive = depot.layout.archive(cache_tag, entry.id) if archives else None
        return cls(depot, entry.id, path, site_packages(path), cache_tag, archive)

    @property
    def mark(self) -> Path:
        return self.depot.layout.compiled(f"{self.cache_tag}/{self.subject}")

    @property
    def is_done(self) -> bool:
        return _is_current(self.mark, self.folder) and (
            self.archive is None or _is_current(self.archive, self.folder)
        )


class _Job:
    """What the threads share; each drives one worker process."""

    def __init__(self, executable: Path, tasks: Iterable[_Task]) -> None:
        self._command = [str(executable), "-I", "-S", "-B", str(_WORKER)]
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        for task in tasks:
            self._waiting.put(task)
        self.done: set[str] = set()
        self.files = 0
        self.failed = 0

    def run(self) -> None:
        """Compile what waits, until nothing does; bytecode only saves time, so faults pass."""
        with contextlib.suppress(queue.Empty, OSError):
            while True:
                self._drive(self._waiting.get_nowait())

    def _drive(self, task: _Task) -> None:
        """Compile a task and those after it, until the worker dies or nothing waits."""
        with subprocess.Popen(  # noqa: S603  # the interpreter that the user chose
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as worker:
            try:
                while True:
                    with contextlib.suppress(DepotError):
                        self._compile(worker, task)
                    task = self._waiting.get_nowait()
            except (ValueError, OSError):
                pass  # the worker died of a file: the next task gets another one
            finally:
                worker.kill()

    def _compile(self, worker: subprocess.Popen[str], task: _Task) -> None:
        if not task.depot.writable or worker.stdin is None or worker.stdout is None:
            return
        # One guard for all cache tags: two of them share the folders, and so their modes.
        with task.depot.guard(f"compile {task.subject}", wait=False) as free:
            if not free or task.is_done:
                return
            archive = None if task.archive is None else str(task.archive)
            worker.stdin.write(json.dumps([str(task.sources), archive]) + "\n")
            worker.stdin.flush()
            answer = json.loads(worker.stdout.readline())
            if answer["error"] is None:
                _mark(task.mark)
                with self._lock:
                    self.done.add(task.subject)
                    self.files += answer["files"]
                    self.failed += answer["failed"]


def _run(executable: Path, tasks: Sequence[_Task], processes: int) -> Compiled:
    # The biggest first, so that none of the processes has to wait for it at the end.
    job = _Job(executable, sorted(tasks, key=lambda task: -task.files))
    threads = [threading.Thread(target=job.run) for _ in range(min(processes, len(tasks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    subjects = sorted(task.subject for task in tasks)
    return Compiled(
        entries=tuple(EntryId(subject) for subject in subjects if subject in job.done),
        left=tuple(EntryId(subject) for subject in subjects if subject not in job.done),
        files=job.files,
        failed=job.failed,
    )


def _is_current(mark: Path, folder: Path) -> bool:
    try:
        return mark.stat().st_mtime >= folder.stat().st_mtime
    except OSError:
        return False


def _mark(mark: Path) -> None:
    mark.parent.mkdir(exist_ok=True)
    mark.touch()


def main(arguments: list[str]) -> None:
    """Compile a prefix; what `trail.prefix.background` starts.

    Args:
        arguments: the prefix's folder.
    """
    from trail.depot.store import open_depots  # noqa: PLC0415  # not for those who only look

    with contextlib.suppress(OSError, AttributeError):
        os.nice(_LOWEST)
    prefix = Path(arguments[0])
    depot = open_depots([prefix.parent.parent]).receiver
    compile_prefix(depot, prefix.name, processes=min(4, os.cpu_count() or 1))
