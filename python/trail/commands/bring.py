"""Bring wheels into the depot: look, download, unpack and verify, admit.

Downloads run in a thread pool, which hands each finished wheel to the engine at once; the main
thread admits what the engine finished. One process holds an entry's guard while it works
on it, so that several processes with the same lock share the work: what another one is
making is left to it, and looked at again at the end.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby
from typing import TYPE_CHECKING

from trail.depot.entry import EntryInfo, Origin
from trail.depot.faults import unpack_error
from trail.depot.layout import entry_id
from trail.depot.store import check_all
from trail.errors import ManyErrors, TrailError, WheelError
from trail.model import Facts, Sha256, WheelFile
from trail.values import dataclass, field
from trail.wheel.engine import Engine, Job, Outcome, Unpacker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from trail.depot.store import Depot, Entry, Stack
    from trail.index.client import IndexClient
    from trail.index.local import Download
    from trail.model import EntryId
    from trail.report import Reporter
    from trail.settings import Settings

__all__ = ["Brought", "bring"]

_DOWNLOADS = 16
_TICK = 0.01  # seconds between looks at the downloads while the engine works


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What `bring` did.

    Args:
        entries: one for each wheel, in the wheels' order.
        new: how many of them were not in the depot before.
        downloaded: how many bytes came over the network.
        seconds: how long it took.
    """

    entries: tuple[Entry, ...]
    new: int = 0
    downloaded: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Work:
    """One wheel on its way: from the main thread to the pool, to the engine, and back."""

    wheel: WheelFile
    id: EntryId | None
    guard: ExitStack
    folder: Path
    download: Download | None = None


@dataclass(slots=True)
class _State:
    """What the main thread has found out so far."""

    entries: dict[WheelFile, Entry] = field(default_factory=dict)
    failures: list[TrailError] = field(default_factory=list)
    new: int = 0
    downloaded: int = 0


def bring(  # noqa: PLR0913  # what is wanted, and the parts that work on it
    wheels: Sequence[WheelFile],
    *,
    stack: Stack,
    client: IndexClient,
    engine: Engine,
    settings: Settings,
    reporter: Reporter,
) -> Brought:
    """Make sure that the depot holds every wheel.

    Args:
        wheels: what a selection names, resolved to files.
        stack: where to look, and what receives.
        client: downloads what is missing.
        engine: unpacks and verifies it.
        settings: threads, limits and waivers.
        reporter: told of progress.

    Raises:
        TrailError: a wheel could not be brought; several are raised as `ManyErrors`. The
            others are in the depot all the same.
    """
    begun = time.monotonic()
    state = _State()
    located = {wheel: stack.locate(wheel) for wheel in dict.fromkeys(wheels)}
    check_all([found for found in located.values() if found is not None], engine.reader)
    state.entries.update((wheel, found[0]) for wheel, found in located.items() if found is not None)
    missing = [wheel for wheel in located if wheel not in state.entries]
    if missing:
        stack.receiver.clean_staging()  # of processes that were killed
        with (
            stack.receiver.staging() as staging,
            ThreadPoolExecutor(_DOWNLOADS, "download") as pool,
            # Files of this machine are only hashed, which keeps a processor busy.
            ThreadPoolExecutor(settings.threads, "hash") as local,
            engine.open(threads=settings.threads) as unpacker,
        ):
            worker = _Worker(
                stack=stack,
                client=client,
                pool=pool,
                local=local,
                unpacker=unpacker,
                settings=settings,
                reporter=reporter,
                staging=staging,
                state=state,
            )
            worker.run(missing)
    if state.failures:
        if len(state.failures) == 1:
            raise state.failures[0]
        raise ManyErrors(
            f"{len(state.failures)} of {len(wheels)} packages could not be installed",
            tuple(state.failures),
        )
    return Brought(
        entries=tuple(state.entries[wheel] for wheel in wheels),
        new=state.new,
        downloaded=state.downloaded,
        seconds=time.monotonic() - begun,
    )


def _find(wheel: WheelFile, stack: Stack, state: _State) -> bool:
    """Note the entry of a wheel; False where the depots have none."""
    entry = stack.find_wheel(wheel)
    if entry is not None:
        state.entries[wheel] = entry
    return entry is not None


def _digests(wheel: WheelFile) -> list[Sha256]:
    """The sha256 that the wheel may have: pins may allow several files."""
    return [Sha256(digest) for algorithm, digest in wheel.hashes if algorithm == "sha256"]


def _identity(wheel: WheelFile) -> EntryId | None:
    """The entry that the wheel will be, if that is known before its bytes are."""
    digests = _digests(wheel)
    if len(digests) != 1:
        return None
    return entry_id(wheel.name, wheel.version, wheel.filename, digests[0])


class _Worker:
    """Takes missing wheels through download, engine and depot."""

    def __init__(  # noqa: PLR0913  # private: the parts that one run of `bring` joins
        self,
        *,
        stack: Stack,
        client: IndexClient,
        pool: ThreadPoolExecutor,
        local: ThreadPoolExecutor,
        unpacker: Unpacker,
        settings: Settings,
        reporter: Reporter,
        staging: Path,
        state: _State,
    ) -> None:
        self.stack = stack
        self.client = client
        self.pool = pool
        self.local = local
        self.unpacker = unpacker
        self.settings = settings
        self.reporter = reporter
        self.staging = staging
        self.state = state
        self.count = 0
        self.unpacking: dict[Path, _Work] = {}

    @property
    def depot(self) -> Depot:
        return self.stack.receiver

    def run(self, missing: Iterable[WheelFile]) -> None:
        """Bring what is free now, then what other processes were at work on."""
        # The biggest first: they take longest to unpack.
        ordered = sorted(missing, key=lambda wheel: wheel.size or 0, reverse=True)
        left = self._round(ordered, block=False)
        self._round(left, block=True)

    def _round(self, wheels: Iterable[WheelFile], *, block: bool) -> list[WheelFile]:
        """Start all wheels that are free and see them through; return the others."""
        downloads: dict[Future[Entry | None], _Work] = {}
        left = []
        try:
            for wheel in wheels:
                work = self._claim(wheel, block=block)
                if work is None:
                    if wheel not in self.state.entries:
                        left.append(wheel)
                    continue
                pool = self.pool if wheel.path is None else self.local
                downloads[pool.submit(self._fetch, work)] = work
                if block:  # one guard at a time, or two processes could wait for each other
                    self._finish(downloads)
            self._finish(downloads)
        except BaseException:
            for future in downloads:
                future.cancel()
            self.client.close()  # ends the transfers that are under way
            raise
        return left

    def _claim(self, wheel: WheelFile, *, block: bool) -> _Work | None:
        """Take the guard of a wheel's entry; None where another process has it or made it."""
        identity = _identity(wheel)
        guard = contextlib.ExitStack()
        if identity is not None:
            if not guard.enter_context(self.depot.guard(identity, wait=block)):
                guard.close()
                return None
            if _find(wheel, self.stack, self.state):
                guard.close()
                return None
        self.count += 1
        folder = self.staging / str(self.count)
        folder.mkdir()
        return _Work(wheel=wheel, id=identity, guard=guard, folder=folder)

    def _finish(self, downloads: dict[Future[Entry | None], _Work]) -> None:
        """Work until no download and no job is left."""
        while downloads or self.unpacking:
            if self.unpacking:
                outcome = self.unpacker.next(timeout=_TICK if downloads else None)
                done = {future for future in downloads if future.done()}
            else:
                outcome = None
                done, _ = wait(downloads, return_when=FIRST_COMPLETED)
            for future in done:
                self._fetched(future, downloads.pop(future))
            if outcome is not None:
                self._unpacked(outcome)

    def _fetch(self, work: _Work) -> Entry | None:
        """Get a wheel and hand it to the engine; runs in the pool, all else in the main thread.

        Returns:
            The entry, if it turns out that the depot has the wheel.
        """
        wheel = work.wheel
        download = work.download = self.client.download(wheel, work.folder)
        if work.id is None:  # the lock did not tell its sha256
            work.id = entry_id(wheel.name, wheel.version, wheel.filename, download.sha256)
            entry = self.stack.find(work.id, download.sha256)
            if entry is not None:
                return entry
        job = Job(
            wheel=download.path,
            filename=wheel.filename,
            name=wheel.name,
            version=wheel.version,
            destination=work.folder / "entry",
            private=download.private,
            vouched=wheel.vouched,
            waive=(wheel.name, wheel.version) in self.settings.allow_record_mismatch,
            max_unpacked=self.settings.max_unpacked,
        )
        self.unpacking[job.destination] = work
        self.unpacker.submit(job)
        return None

    def _fetched(self, future: Future[Entry | None], work: _Work) -> None:
        """Note what came of `_fetch`."""
        try:
            entry = future.result()
        except TrailError as error:
            self._fail(work, error)
            return
        if work.download is not None and work.download.private:
            self.state.downloaded += work.download.size
        if entry is not None:
            self._done(work, entry)

    def _unpacked(self, outcome: Outcome) -> None:
        """Admit what the engine finished, or note why it refused."""
        work = self.unpacking.pop(outcome.job.destination)
        result = outcome.result
        if isinstance(result, WheelError):
            self._fail(work, result)
        elif isinstance(result, OSError):
            error = unpack_error(result, outcome.job.filename, outcome.job.destination)
            error.__cause__ = result
            self._fail(work, error)
        else:
            try:
                entry = self._admit(work, result)
            except TrailError as error:
                self._fail(work, error)
                return
            self.state.new += 1
            self._done(work, entry)

    def _admit(self, work: _Work, facts: Facts) -> Entry:
        wheel, download = work.wheel, work.download
        if download is None or work.id is None:
            raise AssertionError(work)
        for path, rules in groupby(facts.mismatches, key=lambda mismatch: mismatch.path):
            said = ", ".join(mismatch.rule for mismatch in rules)
            self.reporter.warn(f"RECORD of `{wheel.filename}` is wrong about `{path}` ({said})")
        if download.private:
            download.path.unlink(missing_ok=True)
        info = EntryInfo(
            facts=facts,
            origin=Origin.of(wheel),
            filename=wheel.filename,
            sha256=download.sha256,
            size=download.size,
        )
        return self.depot.admit(work.folder / "entry", work.id, info)

    def _done(self, work: _Work, entry: Entry) -> None:
        self.state.entries[work.wheel] = entry
        work.guard.close()
        self.reporter.unpacked(work.wheel.name)

    def _fail(self, work: _Work, error: TrailError) -> None:
        self.state.failures.append(error)
        work.guard.close()
