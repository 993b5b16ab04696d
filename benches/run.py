"""Run the benches: `python3 dev.py bench --help`; benches/README.md says how they work."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / "python")]

from benches import report  # noqa: E402  # the path comes first
from benches.install import Counts, Figure, count, explain, install_all  # noqa: E402
from benches.locks import (  # noqa: E402
    LOCKS,
    Tools,
    Wheelhouse,
    default_cache,
    get_tools,
    get_wheelhouse,
    merge,
)
from benches.measure import Effort  # noqa: E402
from benches.pages import CONDITIONS  # noqa: E402
from benches.peers import base_environ, make_peers, trail_command  # noqa: E402
from benches.places import PLACES, Place, open_place  # noqa: E402
from benches.prefix import Linking, link_all  # noqa: E402
from benches.resolve import INPUTS, Bench, Solving, resolve_all  # noqa: E402
from benches.serving import serve  # noqa: E402
from benches.solvers import make_solvers  # noqa: E402
from benches.start import Launchers, start_all  # noqa: E402

if TYPE_CHECKING:
    from benches.measure import Series

_BENCHES = ("install", "prefix", "start", "resolve")


class _Run:
    """One call: what was asked for and what was found."""

    def __init__(self, options: argparse.Namespace, cache: Path) -> None:
        self.options = options
        self.tools: Tools = get_tools(cache)
        locks = [] if options.bench == ["resolve"] else options.lock  # that needs no wheels
        self.houses: tuple[Wheelhouse, ...] = tuple(
            get_wheelhouse(name, cache, self.tools) for name in locks
        )
        joined = merge("all", self.houses, cache / "all") if len(self.houses) > 1 else None
        self.linked = (*self.houses, joined) if joined else self.houses
        self.engines = tuple(options.engine or _engines())
        self.places: dict[str, str] = {}
        self.figures: list[Figure] = []
        self.counts: dict[str, list[Counts]] = {}
        self.linkings: list[Linking] = []
        self.starts: dict[str, dict[str, Series]] = {}
        self.solvings: list[Solving] = []

    def at(self, place: Place) -> None:
        """Run everything that was asked for at one place."""
        options = self.options
        home = place.fresh("home")
        self.places[place.name] = place.describe()
        trail, environ = trail_command(options.trail, self.tools, base_environ(home))
        if self.engines:
            environ["TRAIL_ENGINE"] = self.engines[0]
        if "install" in options.bench:
            self._install(place, home)
        if "prefix" in options.bench:
            _, own = trail_command(None, self.tools, environ)
            for house in self.linked:
                self.linkings.append(
                    link_all(
                        house, place, python=self.tools.python, environ=own, rounds=options.rounds
                    )
                )
        if "start" in options.bench:
            launchers = Launchers(
                uv=self.tools.uv, trail=trail, pylock=self.houses[0].pylock, environ=environ
            )
            self.starts[place.name] = start_all(
                place, launchers, rounds=4 * options.rounds, tell=_tell
            )

        # The network and the processor count here; one place is as good as another.
        if "resolve" in options.bench and place.name == options.place[0]:
            self.solvings += self._resolve(place, home)

    def _resolve(self, place: Place, home: Path) -> list[Solving]:
        options = self.options
        solvers = make_solvers(
            self.tools, options.cache, home=home, trail=options.trail, engines=self.engines
        )
        if options.peer:
            solvers = tuple(solver for solver in solvers if solver.name in options.peer)
        conditions = tuple(options.condition)
        with serve(options.cache / "index", conditions, self.tools.python) as server:
            bench = Bench(
                place=place,
                server=server,
                conditions=conditions,
                effort=Effort(rounds=options.rounds, patience=options.patience),
                tell=_tell,
            )
            return resolve_all(tuple(options.input), solvers, bench)

    def _install(self, place: Place, home: Path) -> None:
        options = self.options
        peers = make_peers(self.tools, home=home, trail=options.trail, engines=self.engines)
        if options.peer:
            peers = tuple(peer for peer in peers if peer.name in options.peer)
        effort = Effort(rounds=options.rounds, patience=options.patience)
        for house in self.houses:
            self.figures += install_all(house, peers, place, effort=effort, tell=_tell)
            if place.name not in self.counts and not options.quick:
                self.counts[house.name] = [count(house, peer, place) for peer in peers]

    def to_dict(self) -> dict[str, object]:
        """Everything, for JSON."""
        return {
            "day": time.strftime("%Y-%m-%d", time.gmtime()),
            "machine": {
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "python": platform.python_version(),
                "uv": self.tools.uv_version,
                "pip": self.tools.pip_version,
            },
            "places": self.places,
            "locks": {
                house.name: {"wheels": len(house.wheels), "size": house.size}
                for house in self.houses
            },
            "install": [figure.to_dict() for figure in self.figures],
            "counts": {name: list(map(asdict, counts)) for name, counts in self.counts.items()},
            "prefix": [asdict(linking) | {"ratio": linking.ratio} for linking in self.linkings],
            "start": {
                place: {name: entry.wall for name, entry in series.items()}
                for place, series in self.starts.items()
            },
            "resolve": [solving.to_dict() for solving in self.solvings],
        }

    def text(self) -> str:
        """All tables."""
        return "\n".join(
            [
                *report.installs(self.houses, self.figures),
                *report.counts(self.counts),
                *report.linkings(self.linkings),
                *report.starts(self.starts),
                *report.solvings(self.solvings),
            ]
        )


def main(arguments: list[str]) -> int:
    """Run the benches.

    Args:
        arguments: of the command line.

    Returns:
        The exit code.
    """
    options = _options(arguments)
    cache = options.cache = options.cache or default_cache(os.environ)
    try:
        run = _Run(options, cache)
        for name in options.place:
            with open_place(name, options.disk or cache / "places") as place:
                run.at(place)
    except subprocess.CalledProcessError as error:
        _tell(explain(error))
        return 1
    text = run.text()
    print(text)
    output = options.output or cache / "results"
    output.mkdir(parents=True, exist_ok=True)
    (output / "benches.json").write_text(json.dumps(run.to_dict(), indent=1), encoding="utf-8")
    (output / "benches.txt").write_text(text + "\n", encoding="utf-8")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/run.py", description=__doc__)
    several = partial(parser.add_argument, action="append")
    parser.add_argument("--quick", action="store_true", help="one lock, one place, two rounds")
    parser.add_argument("--rounds", type=int, help="undisturbed samples of each (5)")
    several("--bench", choices=_BENCHES, help="all of them")
    several("--lock", choices=LOCKS, help="both")
    several("--input", choices=INPUTS, help="of the resolve bench: both")
    several(
        "--condition",
        choices=CONDITIONS,
        help="of the resolve bench: how the index answers (pypi and plain)",
    )
    several("--place", choices=PLACES, help="tmpfs and disk")
    several("--engine", choices=("native", "python"), help="those there are")
    several("--peer", help="all of them; the first one is the measure")
    parser.add_argument(
        "--patience", type=float, default=5.0, help="seconds to wait for silence (5)"
    )
    parser.add_argument("--trail", help="an installed trail; this checkout without")
    parser.add_argument("--disk", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--cache", type=Path, help="for wheels and tools (TRAIL_BENCH_CACHE)")
    parser.add_argument("--output", type=Path, help="folder for benches.json and benches.txt")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.bench = options.bench or list(_BENCHES)
    options.lock = options.lock or ([LOCKS[0]] if quick else list(LOCKS))
    options.place = options.place or (["tmpfs"] if quick else ["tmpfs", "disk"])
    options.input = options.input or ([INPUTS[0]] if quick else list(INPUTS))
    options.condition = options.condition or (["pypi"] if quick else ["pypi", "plain"])
    options.rounds = options.rounds or (2 if quick else 5)
    return options


def _engines() -> list[str]:
    found = importlib.util.find_spec("trail._native") is not None
    return ["native", "python"] if found else ["python"]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
