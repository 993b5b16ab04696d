"""Run a build's hooks: a process with surroundings of its own, whose output is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Log", "run_logged", "surroundings"]

# Addresses of indexes in it may hold passwords, which are not for the code of a build.
_SECRET = "TRAIL_"  # noqa: S105  # the beginning of variables' names
_GONE = frozenset({"VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})


class Log:
    """What a build wrote.

    Args:
        path: a file of the build's own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def text(self, start: int = 0) -> str:
        """Read it.

        Args:
            start: how many bytes to skip.
        """
        with contextlib.suppress(FileNotFoundError):
            return self.path.read_bytes()[start:].decode(errors="replace")
        return ""


def surroundings(
    environ: Mapping[str, str], scripts: Path, more: Mapping[str, str]
) -> dict[str, str]:
    """Give the environment of a build: nothing of it leads to other Pythons.

    Args:
        environ: trail's own environment.
        scripts: the folder of the scripts that the build may use, first on PATH.
        more: variables that the user wants for this build.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _GONE and not name.startswith(("PYTHON", _SECRET))
    }
    path = environ.get("PATH", os.defpath)
    kept |= {"PATH": f"{scripts}{os.pathsep}{path}", "PYTHONNOUSERSITE": "1"}
    return kept | dict(more)


def run_logged(
    command: Sequence[str], *, folder: str | None, environ: Mapping[str, str], log: Log
) -> None:
    """Run a command to its end.

    Args:
        command: its words.
        folder: where to run it.
        environ: its whole environment.
        log: gets what it writes.

    Raises:
        CalledProcessError: it failed.
    """
    with log.path.open("ab") as file:
        # A group of its own: compilers that it started end with it.
        process = subprocess.Popen(  # noqa: S603  # a build runs what its author wrote
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # It shares the lock of its folder: who kills trail alone leaves it running there.
            close_fds=False,
        )
        try:
            code = process.wait()
        except BaseException:
            _kill(process)
            raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a build and all that it started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
