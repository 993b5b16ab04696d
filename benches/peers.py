"""What each tool is told to do for the same wheels.

| peer | archive hash | RECORD | order |
|---|---|---|---|
| trail | compared with the lock | every file's hash | parallel |
| uv | compared with the lock | names only | parallel |
| uv, no hashes | not looked at | names only | parallel |
| pip | compared with the requirements | not looked at | one by one |
| installer | not looked at | not looked at | one by one |

Nobody compiles bytecode, and nobody asks an index: each is handed the wheels by path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benches.locks import Tools, Wheelhouse

__all__ = [
    "COLD",
    "NEW",
    "NEXT",
    "NOTHING",
    "Peer",
    "Step",
    "base_environ",
    "make_peers",
    "trail_command",
]

COLD = "cold"
NEW = "new environment"
NEXT = "next project"
NOTHING = "nothing to do"

_ROOT = Path(__file__).resolve().parents[1]

Environ = dict[str, str]
Command = tuple[str | Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to time.

    Args:
        scenario: `COLD`, `NOTHING`, `NEW` or `NEXT`.
        commands: run one after the other, their times added.
        environ: all of their environment.
        cwd: where they run.
        before: what to do first, untimed.
    """

    scenario: str
    commands: tuple[Command, ...]
    environ: Environ
    cwd: Path
    before: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A tool in one way of use.

    Args:
        name: for the table.
        steps: what to time, in this order, given a fresh folder and the wheels.
        once: whether it is so slow that one round is enough.
    """

    name: str
    steps: Callable[[Path, Wheelhouse], tuple[Step, ...]]
    once: bool = False


def base_environ(home: Path) -> Environ:
    """What everybody sees of the environment: no settings of the machine or the user."""
    kept = ("LANG", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TMPDIR")
    environ = {name: os.environ[name] for name in kept if name in os.environ}
    return environ | {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1"}


def trail_command(
    trail: str | None, tools: Tools, environ: Mapping[str, str]
) -> tuple[Command, Environ]:
    """Say how trail is started.

    Args:
        trail: an installed `trail`; None for this checkout.
        tools: for the Python.
        environ: the environment of everybody.
    """
    # Nobody else compiles; trail would, behind the first program that it starts.
    own = dict(environ) | {"TRAIL_COMPILE": "never"}
    if trail:
        return (trail,), own
    return (tools.python, "-m", "trail"), own | {"PYTHONPATH": str(_ROOT / "python")}


def make_peers(
    tools: Tools, *, home: Path, trail: str | None, engines: tuple[str, ...]
) -> tuple[Peer, ...]:
    """List the peers; the first is what the others are compared with.

    Args:
        tools: uv and pip.
        home: an empty folder.
        trail: as in `trail_command`.
        engines: of trail: `native`, `python`.
    """
    environ = base_environ(home)
    peers = [
        Peer(name="uv", steps=partial(_uv, tools.uv, environ, hashes=True)),
        Peer(name="uv, no hashes", steps=partial(_uv, tools.uv, environ, hashes=False)),
    ]
    command, own = trail_command(trail, tools, environ)
    for engine in engines:
        steps = partial(_trail, command, own | {"TRAIL_ENGINE": engine})
        peers.append(Peer(name=f"trail {engine}", steps=steps))
    peers.append(Peer(name="installer", steps=partial(_installer, environ), once=True))
    peers.append(Peer(name="pip", steps=partial(_pip, tools, environ), once=True))
    return tuple(peers)


def _trail(trail: Command, environ: Environ, folder: Path, house: Wheelhouse) -> tuple[Step, ...]:
    first = folder / "first"
    second = folder / "second"
    third = folder / "third"
    environ = environ | {"TRAIL_DEPOT": str(folder / "depot")}

    install = (*trail, "install")
    run = (*trail, "run", "true")
    return (
        Step(
            scenario=COLD,
            commands=(install,),
            environ=environ,
            cwd=first,
            before=partial(_copy_lock, house.pylock, first),
        ),
        Step(scenario=NOTHING, commands=(install,), environ=environ, cwd=first),
        # One package less than `install` made a prefix of.
        Step(
            scenario=NEW,
            commands=(run,),
            environ=environ,
            cwd=second,
            before=partial(_copy_lock, house.less, second),
        ),
        Step(
            scenario=NEXT,
            commands=(run,),
            environ=environ,
            cwd=third,
            before=partial(_copy_lock, house.pylock, third),
        ),
    )


def _uv(
    uv: Path, environ: Environ, folder: Path, house: Wheelhouse, *, hashes: bool
) -> tuple[Step, ...]:
    common = ("--no-config", "--offline", "--cache-dir", folder / "cache", "--quiet")

    def venv(name: str) -> Command:
        return (uv, "venv", *common, "--python", sys.executable, folder / name)

    def sync(name: str, *, less: bool = False) -> Command:
        python = folder / name / "bin" / "python"
        if less:
            lock = house.less if hashes else house.less_paths
        else:
            lock = house.pylock if hashes else house.paths
        return (uv, "pip", "sync", *common, "--python", python, lock)

    def first_venv() -> None:
        subprocess.run(venv("first"), env=environ, check=True)

    return (
        Step(
            scenario=COLD, commands=(sync("first"),), environ=environ, cwd=folder, before=first_venv
        ),
        Step(scenario=NOTHING, commands=(sync("first"),), environ=environ, cwd=folder),
        Step(
            scenario=NEW,
            commands=(venv("second"), sync("second", less=True)),
            environ=environ,
            cwd=folder,
        ),
        Step(
            scenario=NEXT,
            commands=(venv("third"), sync("third")),
            environ=environ,
            cwd=folder,
        ),
    )


def _pip(tools: Tools, environ: Environ, folder: Path, house: Wheelhouse) -> tuple[Step, ...]:
    python = folder / "venv" / "bin" / "python"
    install = (
        *(sys.executable, "-m", "pip", "--quiet", "--python", python, "install"),
        *("--no-deps", "--no-index", "--no-compile", "--no-cache-dir"),
        *("--disable-pip-version-check", "--require-hashes", "-r", house.requirements),
    )
    before = partial(_venv, tools.uv, environ, folder)
    own = environ | {"PYTHONPATH": str(tools.pip)}
    return (Step(scenario=COLD, commands=(install,), environ=own, cwd=folder, before=before),)


def _installer(environ: Environ, folder: Path, house: Wheelhouse) -> tuple[Step, ...]:
    script = Path(__file__).with_name("installer_loop.py")
    wheels = [wheel.path for wheel in house.wheels]
    install: Command = (sys.executable, script, folder / "venv", *wheels)
    return (Step(scenario=COLD, commands=(install,), environ=environ, cwd=folder),)


def _venv(uv: Path, environ: Environ, folder: Path) -> None:
    command = (uv, "venv", "--no-config", "--offline", "--no-cache", "--quiet")
    arguments = ("--python", sys.executable, folder / "venv")
    subprocess.run([*command, *arguments], env=environ, check=True)


def _copy_lock(lock: Path, project: Path) -> None:
    project.mkdir()
    shutil.copyfile(lock, project / "pylock.toml")
