"""Make a prefix for a lock, against making a hardlink of every file of it.

Both in one Python process, in turns, on the same entries: trail's own function, with nothing
known of the entries and again with their `entry.json` read before (as an installation just did),
then `os.link` for every file into folders made beforehand as needed, which is what an installer
with a warm cache does at least. `cp --archive --link` does the same in C.
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

    from trail.depot.store import Entry

__all__ = ["Linking", "link_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """Median seconds.

    Args:
        lock: whose wheels.
        place: where.
        distributions: how many.
        prefix: `trail.prefix.build.ensure_prefix`, with nothing made or read before.
        known: the same, but each `entry.json` was read before.
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
    # Imported here, for only this process has trail on its path.
    from trail.depot.store import open_depots  # noqa: PLC0415
    from trail.interpreter.describe import describe  # noqa: PLC0415
    from trail.prefix.build import ensure_prefix  # noqa: PLC0415
    from trail.prefix.model import Prefix, PrefixRequest  # noqa: PLC0415
    from trail.report import Reporter  # noqa: PLC0415
    from trail.wheel.engine import choose_engine  # noqa: PLC0415

    gc.set_threshold(1_000_000)  # as trail.__main__ does
    stack = open_depots([folder / "depot"])
    entries = tuple(stack.entries())
    for entry in entries:
        entry.info()
    engine = choose_engine(os.environ.get("TRAIL_ENGINE") or "auto")
    python = describe(Path(sys.executable), None)
    files = sum(len(names) for entry in entries for _, _, names in os.walk(entry.path))
    fresh = [tuple(open_depots([folder / "depot"]).entries()) for _ in range(rounds)]
    made: list[Prefix] = []

    def make(name: str, chosen: tuple[Entry, ...]) -> None:
        # A root of its own makes each a prefix that is not there yet.
        root = folder / name
        root.mkdir()
        request = PrefixRequest(interpreter=python, entries=chosen, editable_roots=(root,))
        made.append(ensure_prefix(request, stack.receiver, Reporter(), engine=lambda: engine))

    def hardlinks(turn: int) -> None:
        target = folder / f"links-{turn}"
        target.mkdir()
        for entry in entries:
            _link(str(entry.path), str(target))

    def copy(turn: int) -> None:
        target = folder / f"copy-{turn}"
        target.mkdir()
        sources = [f"{entry.path}{os.sep}." for entry in entries]
        subprocess.run(["cp", "-a", "-l", "-f", *sources, target], check=True)

    seconds: dict[str, list[float]] = {"prefix": [], "known": [], "hardlinks": [], "copy": []}
    jobs: list[tuple[str, Callable[[int], None]]] = [
        ("prefix", lambda turn: make(f"root-{turn}", fresh[turn])),
        ("known", lambda turn: make(f"known-{turn}", entries)),
        ("hardlinks", hardlinks),
        ("copy", copy),
    ]
    for turn in range(rounds):
        # Each comes after each other one as often: what ran before leaves its traces in caches.
        first = turn % len(jobs)
        for name, job in jobs[first:] + jobs[:first]:
            os.sync()
            start = time.perf_counter()
            job(turn)
            seconds[name].append(time.perf_counter() - start)
    if not all(each.created for each in made):
        raise RuntimeError("a prefix was there already")
    links = _count_links(made[0].path)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return medians | {"distributions": len(entries), "links": links, "files": files}


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
