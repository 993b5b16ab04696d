"""Install a whole lock from local wheels, with each peer in turn."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benches.measure import Effort, Sample, Series, join, measure, settle, touch_memory
from benches.peers import COLD, Peer, Step

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benches.locks import Wheelhouse
    from benches.places import Place

__all__ = ["Counts", "Figure", "count", "explain", "install_all"]

_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one peer needed for one scenario.

    Args:
        lock: whose wheels.
        place: where.
        peer: who.
        scenario: what.
        series: the samples.
        ratio: median wall time, divided by the first peer's; None where that has none.
    """

    lock: str
    place: str
    peer: str
    scenario: str
    series: Series
    ratio: float | None

    def to_dict(self) -> dict[str, object]:
        """Everything, for JSON."""
        return {
            "lock": self.lock,
            "place": self.place,
            "peer": self.peer,
            "scenario": self.scenario,
            "wall": self.series.wall,
            "cpu": self.series.cpu,
            "ratio": self.ratio,
            "noisy": self.series.noisy,
            "samples": [asdict(sample) for sample in self.series.samples],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a cold install leaves, and asks of the kernel.

    Args:
        peer: who.
        files: inodes of files and links.
        folders: of folders.
        size: bytes of the files.
        syscalls: by strace; None where it is not installed.
        calls: the most frequent of them.
    """

    peer: str
    files: int
    folders: int
    size: int
    syscalls: int | None
    calls: dict[str, int]


def install_all(
    house: Wheelhouse,
    peers: tuple[Peer, ...],
    place: Place,
    *,
    effort: Effort,
    tell: Callable[[str], None],
) -> list[Figure]:
    """Time all scenarios of all peers, in turns.

    Args:
        house: the lock.
        peers: the first is the one that the others are compared with.
        place: where.
        effort: how often, and how patiently.
        tell: what to do with a line of progress.
    """
    series: dict[tuple[str, str], Series] = {}
    for turn in range(2 * effort.rounds):
        touch_memory(_MEMORY)
        for peer in peers:
            known = [entry for (name, _), entry in series.items() if name == peer.name]
            if known and (peer.once or all(entry.enough for entry in known)):
                continue
            for scenario, sample in _round(house, peer, place, effort.patience):
                entry = series.setdefault(
                    (peer.name, scenario), Series(1 if peer.once else effort.rounds)
                )
                entry.samples.append(sample)
                tell(_progress(turn, peer.name, scenario, sample))
    first = peers[0].name
    return [
        Figure(
            lock=house.name,
            place=place.name,
            peer=name,
            scenario=scenario,
            series=entry,
            ratio=entry.wall / series[first, scenario].wall
            if (first, scenario) in series
            else None,
        )
        for (name, scenario), entry in series.items()
    ]


def count(house: Wheelhouse, peer: Peer, place: Place) -> Counts:
    """Run a cold install once more and count instead of timing."""
    folder = place.fresh(_label(peer))
    step = next(step for step in peer.steps(folder, house) if step.scenario == COLD)
    if step.before:
        step.before()
    before = _inodes(folder)
    strace = shutil.which("strace")
    summary = folder.parent / f"{folder.name}.strace"
    trace = (strace, "-f", "-c", "-U", "calls,name", "-o", summary) if strace else ()
    for command in step.commands:
        measure((*trace, *command), cwd=step.cwd, environ=step.environ)
    calls = _calls(summary.read_text(encoding="utf-8")) if strace else {}
    made = {inode: stat for inode, stat in _inodes(folder).items() if inode not in before}
    folders = sum(1 for is_folder, _ in made.values() if is_folder)
    counts = Counts(
        peer=peer.name,
        files=len(made) - folders,
        folders=folders,
        size=sum(size for is_folder, size in made.values() if not is_folder),
        syscalls=sum(calls.values()) if strace else None,
        calls=dict(sorted(calls.items(), key=lambda pair: -pair[1])[:12]),
    )
    place.done_with(folder)
    return counts


def _round(
    house: Wheelhouse, peer: Peer, place: Place, patience: float
) -> Iterator[tuple[str, Sample]]:
    folder = place.fresh(_label(peer))
    for wheel in house.wheels:
        wheel.path.read_bytes()  # from now on in the page cache
    for step in peer.steps(folder, house):
        yield step.scenario, _time(step, patience)
    place.done_with(folder)


def _time(step: Step, patience: float) -> Sample:
    if step.before:
        step.before()
    settle(patience)
    return join([measure(line, cwd=step.cwd, environ=step.environ) for line in step.commands])


def _inodes(folder: Path) -> dict[int, tuple[bool, int]]:
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            stat = os.lstat(os.path.join(parent, name))  # noqa: PTH118  # pathlib is slow here
            found[stat.st_ino] = (name in folders, stat.st_size)
    return found


def _calls(summary: str) -> dict[str, int]:
    lines = (re.fullmatch(r"\s*(\d+)\s+(\w+)", line) for line in summary.splitlines())
    return {line[2]: int(line[1]) for line in lines if line and line[2] != "total"}


def _label(peer: Peer) -> str:
    return re.sub(r"\W+", "-", peer.name)


def _progress(turn: int, peer: str, scenario: str, sample: Sample) -> str:
    noise = f"  (noise: {sample.foreign:.2f} s)" if sample.noisy else ""
    after = f" + {sample.after_wall:.2f} s after" if sample.after_wall else ""
    cpu = sample.user + sample.system
    return f"{turn + 1}. {peer}, {scenario}: {sample.wall:.3f} s, cpu {cpu:.3f} s{after}{noise}"


def explain(error: subprocess.CalledProcessError) -> str:
    """Say which command failed and what it printed."""
    return f"{' '.join(map(str, error.cmd))}\nexit code {error.returncode}\n{error.output}"
