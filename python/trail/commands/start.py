"""Start a program in a prefix: what `trail run` ends with, on the fast and the slow path.

As light as `trail.commands.replay`, which imports it.
"""

from __future__ import annotations

import os
import sys

from trail.prefix.background import start_compiling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import NoReturn

__all__ = ["CannotStart", "compile_in_background", "program", "start", "surroundings"]

WINDOWS = os.name == "nt"


class CannotStart(Exception):  # noqa: N818  # not an error yet: the slow path explains it
    """The command was not found (127) or is not executable (126), as env(1) says."""

    def __init__(self, command: str, status: int, reason: str) -> None:
        super().__init__(command)
        self.command = command
        self.status = status
        self.reason = reason


def surroundings(prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of the program.

    Only PATH is set. What would point a Python elsewhere is taken out, as `activate` of a
    virtualenv does; nothing is added that a Python of another kind would obey.

    Args:
        prefix: the prefix' folder.
        environ: trail's own environment.
    """
    result = {
        name: value
        for name, value in environ.items()
        if name not in {"PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    }
    result["PATH"] = scripts_folder(prefix) + os.pathsep + environ.get("PATH", os.defpath)
    return result


def scripts_folder(prefix: str) -> str:
    """The folder of a prefix that holds python and the scripts."""
    return os.path.join(prefix, "Scripts" if WINDOWS else "bin")  # noqa: PTH118  # no pathlib


def program(
    command: Sequence[str],
    prefix: str,
    environ: Mapping[str, str],
    withheld: Collection[str] = (),
) -> list[str]:
    """Find what to execute.

    Args:
        command: `-m MODULE …`, `SCRIPT.py …`, a console script, or any program on PATH.
        prefix: the prefix' folder.
        environ: with PATH as `surroundings` makes it.
        withheld: commands that are found in the prefix or not at all. The lock has packages of
            these names for other choices: a pytest that happens to be elsewhere would run in
            another Python, without the project's packages.

    Returns:
        The path of an executable, and its arguments.

    Raises:
        CannotStart: there is none.
    """
    folder = scripts_folder(prefix)
    python = os.path.join(folder, "python.exe" if WINDOWS else "python")  # noqa: PTH118
    first = command[0]
    if first == "-m":
        return [python, *command]
    if first.endswith((".py", ".pyw", ".pyz")) and os.path.isfile(first):  # noqa: PTH113
        return [python, *command]
    if first in {"python", "python3"}:
        return [python, *command[1:]]
    if os.sep in first or (os.altsep and os.altsep in first):
        candidates = [first]
    else:
        search = folder if first in withheld else environ.get("PATH", os.defpath)
        places = [place for place in search.split(os.pathsep) if place]
        candidates = [os.path.join(place, first) for place in places]  # noqa: PTH118  # no pathlib
    return [_executable(first, candidates, environ), *command[1:]]


def _executable(name: str, candidates: Sequence[str], environ: Mapping[str, str]) -> str:
    endings = environ.get("PATHEXT", ".EXE").split(os.pathsep) if WINDOWS else []
    denied = None
    for candidate in candidates:
        for path in (candidate, *(candidate + ending for ending in endings)):
            if os.path.isfile(path):  # noqa: PTH113
                if os.access(path, os.X_OK):
                    return path
                denied = denied or path
    if denied is not None:
        raise CannotStart(denied, 126, "it is not executable")
    raise CannotStart(name, 127, "it was not found")


def compile_in_background(prefix: str, environ: Mapping[str, str]) -> None:
    """Let a process of lowest priority write the bytecode that is still missing.

    Args:
        prefix: the prefix' folder.
        environ: TRAIL_COMPILE=never leaves the bytecode to each program's own memory.
    """
    if environ.get("TRAIL_COMPILE") != "never":
        start_compiling(prefix)


def start(arguments: list[str], environ: dict[str, str]) -> NoReturn:
    """Become the program; on Windows, where that is not possible, wait for it.

    Args:
        arguments: an executable's path and its arguments.
        environ: its environment.

    Raises:
        CannotStart: the system refuses to execute it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if not WINDOWS:
            os.execve(arguments[0], arguments, environ)  # noqa: S606  # the user's command
        import signal  # noqa: PLC0415  # Windows only
        import subprocess  # noqa: PLC0415

        # Ctrl-C goes to the child as well; it decides what to do, and we report it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(subprocess.call(arguments, env=environ))  # noqa: S603  # the user's command
    except FileNotFoundError as error:  # a script whose `#!` line names nothing
        raise CannotStart(arguments[0], 127, "its interpreter was not found") from error
    except OSError as error:
        raise CannotStart(arguments[0], 126, error.strerror or str(error)) from error
