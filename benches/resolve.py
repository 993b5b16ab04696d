"""Resolve the same requirements with each peer, in turns; this asks PyPI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benches.install import explain
from benches.locks import EXCLUDE_NEWER
from benches.measure import Effort, Sample, Series, join, measure, settle
from benches.peers import Command, Environ, Step, base_environ, trail_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benches.locks import Tools
    from benches.places import Place

__all__ = [
    "INPUTS",
    "Solver",
    "Solving",
    "get_program",
    "make_solvers",
    "read_input",
    "resolve_all",
]

INPUTS = ("science", "airflow")

COLD = "cold"
WARM = "warm"
OFFLINE = "offline"
AGAIN = "again"
CHECK = "check"

# With the extra `locked` pdm does not break where one of its dependencies does.
PROGRAMS = {"pdm": "2.29.3", "poetry": "2.5.1"}
_EXTRAS = {"pdm": "[locked]"}

_BENCHES = Path(__file__).resolve().parent
_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_PLATFORM = "x86_64-manylinux_2_28"  # the oldest that trail's targets stand for
_NETWORK = ("ALL_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_CERT", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solving:
    """What one peer needed for one input.

    Args:
        name: of the input.
        peer: who.
        scenario: `cold` (nothing is known), `warm` (everything is cached, there is no lock),
            `offline` (as warm, and the index is not asked whether the cache still holds),
            `again` (there is a lock, and everything stays) or `check`.
        series: the samples.
        ratio: median wall time, divided by that of the scenario's first peer.
    """

    name: str
    peer: str
    scenario: str
    series: Series
    ratio: float

    def to_dict(self) -> dict[str, object]:
        """Everything, for JSON."""
        return {
            "input": self.name,
            "peer": self.peer,
            "scenario": self.scenario,
            "wall": self.series.wall,
            "cpu": self.series.cpu,
            "ratio": self.ratio,
            "noisy": self.series.noisy,
            "samples": [asdict(sample) for sample in self.series.samples],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """A tool that resolves.

    Args:
        name: for the table.
        steps: what to time, in this order, given a folder with the project, and one for caches.
        once: whether it is so slow that one round is enough.
    """

    name: str
    steps: Callable[[Path, Path], tuple[Step, ...]]
    once: bool = False


def read_input(name: str) -> tuple[str, ...]:
    """Read the requirements of an input."""
    text = (_BENCHES / f"{name}.in").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def get_program(name: str, cache: Path, uv: Path) -> Path:
    """Install a program of `PROGRAMS` into a virtual environment below `cache`, unless it is there.

    Raises:
        subprocess.CalledProcessError: uv could not install it.
    """
    folder = cache / "tools" / f"{name}-{PROGRAMS[name]}"
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / "done").exists():
        common = ("--quiet", "--no-config", "--cache-dir", cache / "uv-cache")
        subprocess.run(
            [uv, "venv", "--clear", *common, "--python", sys.executable, folder], check=True
        )
        install = (uv, "pip", "install", *common, "--compile-bytecode")
        wanted = f"{name}{_EXTRAS.get(name, '')}=={PROGRAMS[name]}"
        subprocess.run([*install, "--python", scripts / "python", wanted], check=True)
        (folder / "done").touch()
    return scripts / name


def resolve_all(
    inputs: tuple[str, ...],
    solvers: tuple[Solver, ...],
    place: Place,
    *,
    effort: Effort,
    tell: Callable[[str], None],
) -> list[Solving]:
    """Time all scenarios of all peers on each input, in turns.

    Args:
        inputs: names of `*.in` files.
        solvers: the first is the one that the others are compared with.
        place: where.
        effort: how often, and how patiently.
        tell: what to do with a line of progress.
    """
    return [found for name in inputs for found in _resolve(name, solvers, place, effort, tell)]


def _resolve(
    name: str,
    solvers: tuple[Solver, ...],
    place: Place,
    effort: Effort,
    tell: Callable[[str], None],
) -> Iterator[Solving]:
    series: dict[tuple[str, str], Series] = {}
    broken: set[str] = set()
    for turn in range(2 * effort.rounds):
        for peer in solvers:
            known = [entry for (other, _), entry in series.items() if other == peer.name]
            if known and (peer.once or all(entry.enough for entry in known)):
                continue
            if peer.name in broken:
                continue
            folder = place.fresh("resolve")
            try:
                for step in peer.steps(_project(name, folder), folder / "cache"):
                    sample = _time(step, effort.patience)
                    wanted = 1 if peer.once else effort.rounds
                    entry = series.setdefault((peer.name, step.scenario), Series(wanted))
                    entry.samples.append(sample)
                    noise = "  (noise)" if sample.noisy else ""
                    what = f"{name}: {peer.name}, {step.scenario}"
                    tell(f"{turn + 1}. {what}: {sample.wall:.3f} s{noise}")
            except subprocess.CalledProcessError as error:
                tell(f"{peer.name} cannot resolve {name}: {explain(error)}")
                broken.add(peer.name)
            place.done_with(folder)
    first: dict[str, float] = {}
    for (_, scenario), entry in series.items():
        first.setdefault(scenario, entry.wall)
    for (peer_name, scenario), entry in series.items():
        yield Solving(
            name=name,
            peer=peer_name,
            scenario=scenario,
            series=entry,
            ratio=entry.wall / first[scenario],
        )


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


def _time(step: Step, patience: float) -> Sample:
    if step.before:
        step.before()
    settle(patience)
    return join([measure(line, cwd=step.cwd, environ=step.environ) for line in step.commands])


def make_solvers(tools: Tools, cache: Path, *, home: Path, trail: str | None) -> tuple[Solver, ...]:
    """List the peers; the first is what the others are compared with.

    Args:
        tools: uv and pip.
        cache: where pdm and poetry are to lie.
        home: an empty folder.
        trail: as in `benches.peers.trail_command`.
    """
    kept = {name: os.environ[name] for name in _NETWORK if name in os.environ}
    environ = base_environ(home) | kept
    pip = environ | {"PYTHONPATH": str(tools.pip), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command, own = trail_command(trail, tools, environ)
    index = _default_index(tools)
    pdm, poetry = (get_program(name, cache, tools.uv) for name in PROGRAMS)
    return (
        Solver(name="uv pip compile", steps=partial(_uv_compile, tools.uv, environ)),
        Solver(name="uv lock", steps=partial(_uv_lock, tools.uv, environ)),
        Solver(name="trail", steps=partial(_trail, command, own)),
        Solver(name="pip", steps=partial(_pip, pip), once=True),
        Solver(name="pdm", steps=partial(_pdm, pdm, environ), once=True),
        Solver(name="poetry", steps=partial(_poetry, poetry, index, environ), once=True),
    )


def _default_index(tools: Tools) -> str:
    """Ask trail for the index that everybody asks; it needs more than this Python may have."""
    _, environ = trail_command(None, tools, os.environ)
    program = "from trail.settings import default_index; print(default_index())"
    asked = [str(tools.python), "-c", program]
    done = subprocess.run(asked, env=environ, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().strip()


def _steps(
    made: Path,
    environ: Environ,
    lock: Command,
    *,
    offline: Command = (),
    check: Command = (),
) -> tuple[Step, ...]:
    """Time the making of a lock without and with a cache, and with the lock itself."""

    def forget() -> None:
        made.unlink(missing_ok=True)

    project = made.parent
    make = partial(Step, commands=(lock,), environ=environ, cwd=project)
    steps = [make(scenario=COLD), make(scenario=WARM, before=forget), make(scenario=AGAIN)]
    if offline:
        alone = partial(Step, commands=(offline,), environ=environ, cwd=project)
        steps.insert(2, alone(scenario=OFFLINE, before=forget))
    if check:
        steps.append(Step(scenario=CHECK, commands=(check,), environ=environ, cwd=project))
    return tuple(steps)


def _trail(trail: Command, environ: Environ, project: Path, cache: Path) -> tuple[Step, ...]:
    newer = ("--exclude-newer", EXCLUDE_NEWER)
    lock = (*trail, "lock", "--no-build", *newer)
    own = environ | {"TRAIL_DEPOT": str(cache)}
    return _steps(
        project / "pylock.toml",
        own,
        lock,
        offline=(*lock, "--offline"),
        check=(*trail, "lock", "--check", *newer),
    )


def _uv_compile(uv: Path, environ: Environ, project: Path, cache: Path) -> tuple[Step, ...]:
    command: Command = (
        *(uv, "pip", "compile", "--quiet", "--no-config", "--no-build", "--cache-dir", cache),
        *("--format", "pylock.toml", "--exclude-newer", EXCLUDE_NEWER),
        *("--python-version", _MINOR, "--python-platform", _PLATFORM),
        *("--python", sys.executable, "--output-file", "pylock.uv.toml", "requirements.in"),
    )
    offline = (*command, "--offline")
    return _steps(project / "pylock.uv.toml", environ, command, offline=offline)


def _uv_lock(uv: Path, environ: Environ, project: Path, cache: Path) -> tuple[Step, ...]:
    command: Command = (
        *(uv, "lock", "--quiet", "--no-build", "--cache-dir", cache),
        *("--exclude-newer", EXCLUDE_NEWER, "--python", sys.executable),
    )
    offline, check = (*command, "--offline"), (*command, "--check")
    return _steps(project / "uv.lock", environ, command, offline=offline, check=check)


def _pip(environ: Environ, project: Path, cache: Path) -> tuple[Step, ...]:
    command: Command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--only-binary", ":all:", "--uploaded-prior-to", EXCLUDE_NEWER, "--cache-dir", cache),
        *("--report", "report.json", "-r", "requirements.in"),
    )
    return _steps(project / "report.json", environ, command)[:2]


def _pdm(pdm: Path, environ: Environ, project: Path, cache: Path) -> tuple[Step, ...]:
    own = environ | {
        "PDM_CACHE_DIR": str(cache),
        "PDM_CHECK_UPDATE": "0",
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_ONLY_BINARY": ":all:",
    }
    command: Command = (
        *(pdm, "lock", "--quiet", "--platform", "linux", "--python", f"=={_MINOR}.*"),
        *("--exclude-newer", EXCLUDE_NEWER),
    )
    return _steps(project / "pdm.lock", own, command, check=(pdm, "lock", "--check"))


def _poetry(
    poetry: Path, index: str, environ: Environ, project: Path, cache: Path
) -> tuple[Step, ...]:
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        # Of PyPI poetry asks more than the standards say, which a mirror need not have.
        file.write(
            "\n[tool.poetry]\npackage-mode = false\n\n[[tool.poetry.source]]\n"
            f'name = "index"\nurl = "{index}"\npriority = "primary"\n'
        )
    # It cannot leave out what is newer than a day, nor other platforms.
    own = environ | {
        "POETRY_CACHE_DIR": str(cache),
        "POETRY_VIRTUALENVS_CREATE": "false",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command: Command = (poetry, "lock", "--quiet", "--no-interaction")
    check: Command = (poetry, "check", "--lock", "--quiet")
    return _steps(project / "poetry.lock", own, command, check=check)
