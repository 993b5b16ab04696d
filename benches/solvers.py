"""What each tool is told to do to resolve the same requirements.

Each is told the index by its own means, and nothing else of the machine's network: whoever asked
elsewhere would fail. pip keeps what comes by http only from hosts that it is told to trust.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benches.locks import EXCLUDE_NEWER
from benches.peers import Command, Environ, Step, base_environ, trail_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benches.locks import Tools

__all__ = ["SCENARIOS", "Solver", "Task", "get_program", "make_solvers"]

COLD = "cold"
WARM = "warm"
OFFLINE = "offline"
AGAIN = "again"
FIRST_CHECK = "first check"
CHECK = "check"
SCENARIOS = (COLD, WARM, OFFLINE, AGAIN, FIRST_CHECK, CHECK)

# With the extra `locked` pdm does not break where one of its dependencies does.
PROGRAMS = {"pdm": "2.29.3", "poetry": "2.5.1"}
_EXTRAS = {"pdm": "[locked]"}

_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_PLATFORM = "x86_64-manylinux_2_28"  # the oldest that trail's targets stand for


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to resolve.

    Args:
        project: a folder with the requirements, as each peer wants them.
        cache: an empty folder for the caches.
        index: the address of the index.
    """

    project: Path
    cache: Path
    index: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """A tool that resolves.

    Args:
        name: for the table.
        steps: what to time, in this order.
        once: whether it is so slow that one round is enough.
    """

    name: str
    steps: Callable[[Task], tuple[Step, ...]]
    once: bool = False


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


def make_solvers(
    tools: Tools, cache: Path, *, home: Path, trail: str | None, engines: tuple[str, ...]
) -> tuple[Solver, ...]:
    """List the peers; the first is what the others are compared with.

    Args:
        tools: uv and pip.
        cache: where pdm and poetry are to lie.
        home: an empty folder.
        trail: as in `benches.peers.trail_command`.
        engines: of trail: `native`, `python`.
    """
    environ = base_environ(home)
    pip = environ | {"PYTHONPATH": str(tools.pip), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command, own = trail_command(trail, tools, environ)
    pdm, poetry = (get_program(name, cache, tools.uv) for name in PROGRAMS)
    return (
        Solver(name="uv pip compile", steps=partial(_uv_compile, tools.uv, environ)),
        Solver(name="uv lock", steps=partial(_uv_lock, tools.uv, environ)),
        *(
            Solver(
                name="trail" if engine == engines[0] else f"trail, {engine}",
                steps=partial(_trail, command, own | {"TRAIL_ENGINE": engine}),
            )
            for engine in engines
        ),
        Solver(name="pip", steps=partial(_pip, pip)),
        Solver(name="poetry", steps=partial(_poetry, poetry, environ), once=True),
        Solver(name="pdm", steps=partial(_pdm, pdm, environ), once=True),
    )


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
    clone = project.with_name("clone")

    def copy() -> None:
        clone.mkdir()
        for name in ("pyproject.toml", made.name):
            shutil.copyfile(project / name, clone / name)

    make = partial(Step, commands=(lock,), environ=environ, cwd=project)
    steps = [make(scenario=COLD), make(scenario=WARM, before=forget), make(scenario=AGAIN)]
    if offline:
        alone = partial(Step, commands=(offline,), environ=environ, cwd=project)
        steps.insert(2, alone(scenario=OFFLINE, before=forget))
    if check:
        look = partial(Step, commands=(check,), environ=environ, cwd=clone)
        steps += [look(scenario=FIRST_CHECK, before=copy), look(scenario=CHECK)]
    return tuple(steps)


def _trail(trail: Command, environ: Environ, task: Task) -> tuple[Step, ...]:
    newer = ("--exclude-newer", EXCLUDE_NEWER)
    lock = (*trail, "lock", "--no-build", *newer)
    return _steps(
        task.project / "pylock.toml",
        environ | {"TRAIL_DEPOT": str(task.cache), "TRAIL_INDEX_URL": task.index},
        lock,
        offline=(*lock, "--offline"),
        check=(*trail, "lock", "--check", *newer),
    )


def _uv_compile(uv: Path, environ: Environ, task: Task) -> tuple[Step, ...]:
    command: Command = (
        *(uv, "pip", "compile", "--quiet", "--no-config", "--no-build", "--cache-dir", task.cache),
        *("--format", "pylock.toml", "--exclude-newer", EXCLUDE_NEWER),
        *("--python-version", _MINOR, "--python-platform", _PLATFORM),
        *("--python", sys.executable, "--output-file", "pylock.uv.toml", "requirements.in"),
    )
    own = environ | {"UV_DEFAULT_INDEX": task.index}
    return _steps(task.project / "pylock.uv.toml", own, command, offline=(*command, "--offline"))


def _uv_lock(uv: Path, environ: Environ, task: Task) -> tuple[Step, ...]:
    command: Command = (
        *(uv, "lock", "--quiet", "--no-build", "--cache-dir", task.cache),
        *("--exclude-newer", EXCLUDE_NEWER, "--python", sys.executable),
    )
    own = environ | {"UV_DEFAULT_INDEX": task.index}
    offline, check = (*command, "--offline"), (*command, "--check")
    return _steps(task.project / "uv.lock", own, command, offline=offline, check=check)


def _pip(environ: Environ, task: Task) -> tuple[Step, ...]:
    command: Command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--only-binary", ":all:", "--uploaded-prior-to", EXCLUDE_NEWER),
        *("--cache-dir", task.cache, "--index-url", task.index),
        *("--trusted-host", urlsplit(task.index).netloc),
        *("--report", "report.json", "-r", "requirements.in"),
    )
    return _steps(task.project / "report.json", environ, command)[:2]


def _pdm(pdm: Path, environ: Environ, task: Task) -> tuple[Step, ...]:
    own = environ | {
        "PDM_CACHE_DIR": str(task.cache),
        "PDM_CHECK_UPDATE": "0",
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_ONLY_BINARY": ":all:",
        "PDM_PYPI_URL": task.index,
    }
    command: Command = (
        *(pdm, "lock", "--quiet", "--platform", "linux", "--python", f"=={_MINOR}.*"),
        *("--exclude-newer", EXCLUDE_NEWER),
    )
    return _steps(task.project / "pdm.lock", own, command, check=(pdm, "lock", "--check"))


def _poetry(poetry: Path, environ: Environ, task: Task) -> tuple[Step, ...]:
    with (task.project / "pyproject.toml").open("a", encoding="utf-8") as file:
        # Of PyPI poetry asks more than the standards say, which a mirror need not have.
        file.write(
            "\n[tool.poetry]\npackage-mode = false\n\n[[tool.poetry.source]]\n"
            f'name = "index"\nurl = "{task.index}"\npriority = "primary"\n'
        )
    # It cannot leave out what is newer than a day, nor other platforms.
    own = environ | {
        "POETRY_CACHE_DIR": str(task.cache),
        "POETRY_VIRTUALENVS_CREATE": "false",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command: Command = (poetry, "lock", "--quiet", "--no-interaction")
    check: Command = (poetry, "check", "--lock", "--quiet")
    return _steps(task.project / "poetry.lock", own, command, check=check)
