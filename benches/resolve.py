"""Resolve the same requirements with each peer, in turns, from an index of this machine.

A round in which the index had to fetch something does not count, and is run again: nobody waits
for what is outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benches.install import explain
from benches.measure import Effort, Sample, Series, join, measure, settle
from benches.solvers import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benches.answers import Counts
    from benches.peers import Step
    from benches.places import Place
    from benches.serving import Server
    from benches.solvers import Solver

__all__ = ["INPUTS", "Bench", "Solving", "read_input", "resolve_all"]

INPUTS = ("science", "airflow")

_BENCHES = Path(__file__).resolve().parent
_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_MORE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Solving:
    """What one peer needed for one input.

    Args:
        name: of the input.
        condition: how the index answered (`benches.pages.CONDITIONS`).
        peer: who.
        scenario: `cold` (nothing is known), `warm` (everything is cached, there is no lock),
            `offline` (as warm, and the index is not asked whether the cache still holds),
            `again` (there is a lock, and everything stays), `first check` (whether a lock that
            was copied from elsewhere meets its project) or `check` (the same again).
        series: the samples.
        ratio: median wall time, divided by that of the scenario's first peer.
        asked: what the last sample asked of the index.
    """

    name: str
    condition: str
    peer: str
    scenario: str
    series: Series
    ratio: float
    asked: Counts

    def to_dict(self) -> dict[str, object]:
        """Everything, for JSON."""
        return {
            "input": self.name,
            "condition": self.condition,
            "peer": self.peer,
            "scenario": self.scenario,
            "wall": self.series.wall,
            "cpu": self.series.cpu,
            "ratio": self.ratio,
            "noisy": self.series.noisy,
            "asked": asdict(self.asked),
            "samples": [asdict(sample) for sample in self.series.samples],
        }


def read_input(name: str) -> tuple[str, ...]:
    """Read the requirements of an input."""
    text = (_BENCHES / f"{name}.in").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def resolve_all(
    inputs: tuple[str, ...],
    solvers: tuple[Solver, ...],
    bench: Bench,
) -> list[Solving]:
    """Time all scenarios of all peers on each input, in turns.

    Args:
        inputs: names of `*.in` files.
        solvers: the first is the one that the others are compared with.
        bench: where, and how.
    """
    return [
        found
        for condition in bench.conditions
        for name in inputs
        for found in bench.resolve(name, condition, solvers)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where resolvers are timed, and how.

    Args:
        place: where.
        server: the index.
        conditions: how it is to answer.
        effort: how often, and how patiently.
        tell: what to do with a line of progress.
    """

    place: Place
    server: Server
    conditions: tuple[str, ...]
    effort: Effort
    tell: Callable[[str], None]

    def resolve(self, name: str, condition: str, solvers: tuple[Solver, ...]) -> Iterator[Solving]:
        """Time all scenarios of all peers on one input, in turns."""
        series: dict[tuple[str, str], Series] = {}
        asked: dict[tuple[str, str], Counts] = {}
        broken: set[str] = set()
        for turn in range(2 * self.effort.rounds):
            for peer in solvers:
                known = [entry for (other, _), entry in series.items() if other == peer.name]
                if known and (peer.once or all(entry.enough for entry in known)):
                    continue
                if peer.name in broken:
                    continue
                what = f"{turn + 1}. {name}, {condition}: {peer.name}"
                try:
                    found = self._round(name, condition, peer, what)
                except subprocess.CalledProcessError as error:
                    self.tell(f"{what} cannot: {explain(error)}")
                    broken.add(peer.name)
                    continue
                wanted = 1 if peer.once else self.effort.rounds
                for scenario, sample, counts in found:
                    key = (peer.name, scenario)
                    series.setdefault(key, Series(wanted)).samples.append(sample)
                    asked[key] = counts
        first: dict[str, float] = {}
        for (_, scenario), entry in series.items():
            first.setdefault(scenario, entry.wall)
        for (peer_name, scenario), entry in series.items():
            yield Solving(
                name=name,
                condition=condition,
                peer=peer_name,
                scenario=scenario,
                series=entry,
                ratio=entry.wall / first[scenario],
                asked=asked[peer_name, scenario],
            )

    def _round(
        self, name: str, condition: str, peer: Solver, what: str
    ) -> list[tuple[str, Sample, Counts]]:
        """Time all scenarios of a peer once, with everything at hand that it asks for."""
        found = self._attempt(name, condition, peer, what)
        for _ in range(_MORE_ATTEMPTS):
            if not any(counts.fetched for _, _, counts in found):
                break
            self.tell(f"{what}: once more, since the index had to fetch")
            found = self._attempt(name, condition, peer, what)
        return found

    def _attempt(
        self, name: str, condition: str, peer: Solver, what: str
    ) -> list[tuple[str, Sample, Counts]]:
        folder = self.place.fresh("resolve")
        task = Task(
            project=_project(name, folder),
            cache=folder / "cache",
            index=self.server.index(condition),
        )
        try:
            return [self._time(step, what) for step in peer.steps(task)]
        finally:
            self.place.done_with(folder)

    def _time(self, step: Step, what: str) -> tuple[str, Sample, Counts]:
        if step.before:
            step.before()
        settle(self.effort.patience)
        before = self.server.counts()
        sample = join(
            [
                measure(line, cwd=step.cwd, environ=step.environ, helper=self.server.pid)
                for line in step.commands
            ]
        )
        counts = self.server.counts().since(before)
        self.tell(
            f"{what}, {step.scenario}: {sample.wall:.3f} s, {sample.user + sample.system:.3f} s"
            f" of processor, {counts.requests} requests, {counts.size / 1e6:.1f} MB,"
            f" server {counts.cpu:.3f} s{'  (noise)' if sample.noisy else ''}"
        )
        return step.scenario, sample, counts


def _project(name: str, folder: Path) -> Path:
    """Write the requirements down as each peer wants them."""
    requirements = read_input(name)
    project = folder / "project"
    project.mkdir()
    (project / "requirements.in").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    listed = "".join(f"  {json.dumps(requirement)},\n" for requirement in requirements)
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "bench"\nversion = "0"\nrequires-python = "=={_MINOR}.*"\n'
        f"dependencies = [\n{listed}]\n\n"
        '[tool.trail]\nplatforms = ["current"]\n\n'
        "[tool.uv]\n"
        "environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]\n",
        encoding="utf-8",
    )
    return project
