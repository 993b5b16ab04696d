"""Make a prefix for a lock, against making a hardlink of every file of it.

Both in one Python process, in turns, on the same entries: trail's own function, with nothing
known of the entries, and again just after their `entry.json` were read, as it is in a command that
finds its packages in the depot, and compares their hashes with the lock first; then `os.link` for
every file into folders made beforehand as needed, which is what an installer with a warm cache does
at least. `cp --archive --link` does the same in C.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benches.locks import Wheelhouse
    from benches.places import Place

    from trail.prefix.model import Prefix

__all__ = ["Linking", "link_all"]

_ORDER = (0, 1, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """Median seconds.

    Args:
        lock: whose wheels.
        place: where.
        distributions: how many.
        prefix: `trail.prefix.build.ensure_prefix`, with nothing made or read before.
        known: the same, but each `entry.json` was read just before.
        hardlinks: `os.link` of every file.
        copy: `cp --archive --link`, the whole process.
        links: how many links the prefix has.
        files: how many files were linked otherwise.
    """

    lock: str
    place: str
    distributions: int
    prefix: float
    known: float
    hardlinks: float
    copy: float
    links: int
    files: int

    @property
    def ratio(self) -> float:
        """The prefix's time, divided by that of the faster way to make hardlinks."""
        return self.prefix / min(self.hardlinks, self.copy)


def link_all(
    house: Wheelhouse,
    place: Place,
    *,
    python: Path,
    environ: dict[str, str],
    rounds: int,
) -> Linking:
    """Install a lock and time both.

    Args:
        house: the lock.
        place: where.
        python: one that can import trail.
        environ: its environment.
        rounds: of each.
    """
    folder = place.fresh(f"prefix-{house.name}")
    environ = environ | {"TRAIL_DEPOT": str(folder / "depot")}
    project = folder / "project"
    project.mkdir()
    (project / "pylock.toml").write_bytes(house.pylock.read_bytes())
    install = (python, "-m", "trail", "install")
    subprocess.run(install, cwd=project, env=environ, check=True, capture_output=True)
    os.sync()
    command = (python, __file__, folder, str(rounds))
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE)
    place.done_with(folder)
    return Linking(lock=house.name, place=place.name, **json.loads(done.stdout))


def _work(folder: Path, rounds: int) -> dict[str, float]:
    gc.set_threshold(1_000_000)  # as trail.__main__ does
    peers = _Peers(folder)
    seconds: dict[str, list[float]] = {"prefix": [], "known": [], "hardlinks": [], "copy": []}
    jobs: list[tuple[str, Callable[[int], Callable[[], None]]]] = [
        ("prefix", lambda turn: peers.make(f"root-{turn}", known=False)),
        ("known", lambda turn: peers.make(f"known-{turn}", known=True)),
        ("hardlinks", peers.hardlinks),
        ("copy", peers.copy),
    ]
    for turn in range(rounds):
        # In four rounds each comes after each other one as often: what ran before leaves its
        # traces in caches. (A Latin square, balanced for that: Williams 1949.)
        for place in _ORDER:
            name, prepare = jobs[(place + turn) % len(jobs)]
            os.sync()
            job = prepare(turn)
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return medians | peers.count()


class _Peers:
    """Prepares what is timed."""

    def __init__(self, folder: Path) -> None:
        # Imported here, for only this process has trail on its path.
        from trail.depot.store import open_depots  # noqa: PLC0415
        from trail.interpreter.describe import describe  # noqa: PLC0415
        from trail.wheel.engine import choose_engine  # noqa: PLC0415

        self._folder = folder
        self._depot = open_depots([folder / "depot"]).receiver
        self._engine = choose_engine(os.environ.get("TRAIL_ENGINE") or "auto")
        self._python = describe(Path(sys.executable), None)
        self._paths = [str(entry.path) for entry in self._depot.entries()]
        self._made: list[Prefix] = []

    def make(self, name: str, *, known: bool) -> Callable[[], None]:
        from trail.depot.unpacked import read_facts  # noqa: PLC0415
        from trail.prefix.build import ensure_prefix  # noqa: PLC0415
        from trail.prefix.model import PrefixRequest  # noqa: PLC0415
        from trail.report import Reporter  # noqa: PLC0415

        # A root of its own makes each a prefix that is not there yet.
        root = self._folder / name
        root.mkdir()
        entries = tuple(self._depot.entries())
        request = PrefixRequest(interpreter=self._python, entries=entries, editable_roots=(root,))
        if known:
            read_facts(entries, self._engine.reader)
            for entry in entries:
                assert entry.sha256  # noqa: S101  # read, whatever the engine
        return lambda: self._made.append(
            ensure_prefix(request, self._depot, Reporter(), engine=lambda: self._engine)
        )

    def hardlinks(self, turn: int) -> Callable[[], None]:
        target = self._folder / f"links-{turn}"
        target.mkdir()

        def link() -> None:
            for path in self._paths:
                _link(path, str(target))

        return link

    def copy(self, turn: int) -> Callable[[], None]:
        target = self._folder / f"copy-{turn}"
        target.mkdir()
        sources = [f"{path}{os.sep}." for path in self._paths]
        command = ["cp", "-a", "-l", "-f", *sources, str(target)]

        def run() -> None:
            subprocess.run(command, check=True)

        return run

    def count(self) -> dict[str, float]:
        if not all(each.created for each in self._made):
            raise RuntimeError("a prefix was there already")
        links = _count_links(self._made[0].path)
        files = sum(len(names) for path in self._paths for _, _, names in os.walk(path))
        return {"distributions": len(self._paths), "links": links, "files": files}


def _count_links(folder: Path) -> int:
    return sum(
        os.path.islink(os.path.join(parent, name))  # noqa: PTH114, PTH118  # strings from os.walk
        for parent, folders, names in os.walk(folder)
        for name in (*folders, *names)
    )


def _link(source: str, target: str) -> None:
    with os.scandir(source) as found:
        for item in found:
            path = f"{target}{os.sep}{item.name}"
            if item.is_dir(follow_symlinks=False):
                # As fast as Python can be, hence no pathlib and no `suppress`.
                try:  # noqa: SIM105
                    os.mkdir(path)  # noqa: PTH102
                except FileExistsError:
                    pass
                _link(item.path, path)
                continue
            try:  # noqa: SIM105
                os.link(item.path, path)
            except FileExistsError:
                pass


if __name__ == "__main__":
    json.dump(_work(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
