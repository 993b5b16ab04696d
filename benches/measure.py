"""Time whole commands, with what else went on in the machine meanwhile.

A sample ends when the command does. What it leaves running behind it is waited for and
counted apart (`after`), so that it neither hides nor lands in the next sample. Load from
elsewhere makes a sample noisy; noisy samples do not count while there are enough others.
"""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Effort",
    "Sample",
    "Series",
    "join",
    "leave_orphans",
    "measure",
    "settle",
    "touch_memory",
]

# /proc/stat counts in hundredths of a second for each core.
_RESOLUTION = 0.03
_TOLERATED = 0.05
_LISTEN = 0.4
_SET_CHILD_SUBREAPER = 36  # prctl(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run; seconds.

    Args:
        wall: from the start of the command to its end.
        user: processor time outside of the kernel, children included.
        system: processor time in the kernel.
        after: processor time of what the command left running.
        after_wall: how long that went on.
        foreign: processor time of others meanwhile, and what the hypervisor took.
        noisy: whether `foreign` is too much.
    """

    wall: float
    user: float
    system: float
    after: float = 0.0
    after_wall: float = 0.0
    foreign: float = 0.0
    noisy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much time a figure is worth.

    Args:
        rounds: how many undisturbed samples are enough; up to twice as many rounds are run.
        patience: seconds to wait for others to become quiet, before each sample.
    """

    rounds: int
    patience: float


class Series:
    """The samples of one subject.

    Args:
        wanted: how many quiet samples are enough.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.samples: list[Sample] = []

    @property
    def quiet(self) -> list[Sample]:
        """Samples that others did not disturb."""
        return [sample for sample in self.samples if not sample.noisy]

    @property
    def enough(self) -> bool:
        """Whether further samples would add nothing."""
        return len(self.quiet) >= self.wanted

    @property
    def counted(self) -> list[Sample]:
        """Quiet samples; all of them where quiet ones are too few to be a median."""
        quiet = self.quiet
        return quiet if len(quiet) * 2 >= min(self.wanted, len(self.samples)) else self.samples

    @property
    def noisy(self) -> bool:
        """Whether disturbed samples had to be counted."""
        return any(sample.noisy for sample in self.counted)

    @property
    def wall(self) -> float:
        """Median."""
        return statistics.median(sample.wall for sample in self.counted)

    @property
    def cpu(self) -> float:
        """Median of the processor time, without what went on afterwards."""
        return statistics.median(sample.user + sample.system for sample in self.counted)


def measure(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    log: Path | None = None,
    helper: int | None = None,
) -> Sample:
    """Run a command and time it.

    Args:
        command: what to run; its output is not shown.
        cwd: where.
        environ: all of its environment.
        log: where its output goes; nowhere without.
        helper: a process of ours that is no child and works for the command, such as a server:
            what it does is neither the command's nor foreign.

    Raises:
        subprocess.CalledProcessError: it failed; the message is its output.
    """
    _adopt_orphans()
    others = _Others(helper)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    sink = log or cwd / ".output"
    with sink.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = process.wait()
        wall = time.perf_counter() - start
    done = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        text = sink.read_text(encoding="utf-8", errors="replace")
        raise subprocess.CalledProcessError(code, command, text[-4000:])
    _wait_for_orphans()
    after_wall = time.perf_counter() - start - wall
    late = resource.getrusage(resource.RUSAGE_CHILDREN)
    after = late.ru_utime - done.ru_utime + late.ru_stime - done.ru_stime
    foreign = others.seconds(late.ru_utime - usage.ru_utime)
    limit = max(_RESOLUTION, _TOLERATED * (wall + after_wall) * (os.cpu_count() or 1))
    return Sample(
        wall=wall,
        user=done.ru_utime - usage.ru_utime,
        system=done.ru_stime - usage.ru_stime,
        after=after,
        after_wall=after_wall if after else 0.0,
        foreign=foreign,
        noisy=foreign > limit,
    )


def join(samples: Sequence[Sample]) -> Sample:
    """Add up the samples of commands that only together do the work."""
    return Sample(
        wall=sum(sample.wall for sample in samples),
        user=sum(sample.user for sample in samples),
        system=sum(sample.system for sample in samples),
        after=sum(sample.after for sample in samples),
        after_wall=sum(sample.after_wall for sample in samples),
        foreign=sum(sample.foreign for sample in samples),
        noisy=any(sample.noisy for sample in samples),
    )


def settle(patience: float) -> None:
    """Write dirty pages to the disk, so that nobody pays for another, and wait for silence.

    Args:
        patience: seconds to wait for others to become quiet.
    """
    os.sync()
    end = time.monotonic() + patience
    while time.monotonic() < end:
        others = _Others()
        time.sleep(_LISTEN)
        if others.seconds(0.0) < _TOLERATED * _LISTEN * (os.cpu_count() or 1):
            return


def touch_memory(size: int) -> None:
    """Make a child use and give back memory; a virtual machine gets fresh pages slowly.

    Args:
        size: bytes.
    """
    code = f"block = bytearray({size})\nfor at in range(0, {size}, 4096): block[at] = 1"
    subprocess.run([sys.executable, "-c", code], check=True)


class _Others:
    """Processor time that is neither ours nor the kernel's own."""

    def __init__(self, helper: int | None = None) -> None:
        self._helper = helper
        self._stat = _busy()
        self._own = time.process_time() + _user_time(helper)

    def seconds(self, children: float) -> float:
        """Seconds since the beginning, without ours and the children's user time."""
        own = time.process_time() + _user_time(self._helper) - self._own
        return max(0.0, _busy() - self._stat - children - own)


def _busy() -> float:
    # System time is left out: the kernel's threads write our files back in it.
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, steal = int(fields[1]), int(fields[2]), int(fields[8])
    return (user + nice + steal) / os.sysconf("SC_CLK_TCK")


def _user_time(pid: int | None) -> float:
    if pid is None:
        return 0.0
    # proc_pid_stat(5): the name in parentheses may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def leave_orphans() -> None:
    """Let processes that their parents leave behind from now on be somebody else's."""
    _set_subreaper(0)


def _adopt_orphans() -> None:
    _set_subreaper(1)


def _set_subreaper(wanted: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, wanted, 0, 0, 0)


def _wait_for_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return
