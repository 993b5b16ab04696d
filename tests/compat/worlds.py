"""Two worlds with the same packages: a virtualenv made by pip, which is the control, and trail.

A case runs in both, in a project folder of its own in each. What a command says counts once
the places in it are replaced by their meaning.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.compat.houses import Houses
from tests.helpers.pythons import real_pythons

from trail.errors import TrailError
from trail.interpreter.describe import describe

if TYPE_CHECKING:
    from types import TracebackType

    from tests.compat.table import Case

    from trail.interpreter.model import Interpreter

__all__ = ["Outcome", "Session", "World"]

SOURCES = Path(__file__).resolve().parents[2] / "python"
PATIENCE = 900  # seconds, for installing

# `-c`, as `-m` would put the current folder on the module path.
_START = (
    f"import sys; sys.path.insert(0, {str(SOURCES)!r}); sys.argv[0] = 'trail'; "
    "from trail.__main__ import main; sys.exit(main())"
)
_COMPILE = (
    f"import sys; sys.path.insert(0, {str(SOURCES)!r}); "
    "from trail.prefix.bytecode import main; main(sys.argv[1:])"
)
TRAIL = (sys.executable, "-P", "-c", _START)

# What differs from one run to the next.
_CHANGING = (
    (r"\b\d+(\.\d+)? ?(s|ms|seconds?|secs?)\b( \(\d+:\d\d:\d\d\))?", "<time>"),
    (r"\b0x[0-9a-f]{6,}\b", "<address>"),
)


# To root nothing is read-only, unless it gives the capability for that away.
_MEEK = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command.

    Args:
        code: its exit code; None if it did not end in time.
        output: what it printed, with places and times replaced.
        errors: what it printed to standard error, as it was.
    """

    code: int | None
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class World:
    """A set of packages for a Python.

    Args:
        name: `control`, or `trail` and its link mode.
        start: words before a command.
        environ: beside what all have.
        places: what stands for which paths, longest first.
    """

    name: str
    start: tuple[str, ...]
    environ: dict[str, str]
    places: tuple[tuple[str, str], ...]


def _as_it_is(member: tarfile.TarInfo, _folder: str) -> tarfile.TarInfo:
    return member


class Session:
    """One run of the suite: all its cases share a depot, and the worlds of equal needs.

    Args:
        patience: what to multiply the time limits of cases with.
    """

    def __init__(self, *, patience: float = 1) -> None:
        self.patience = patience
        self.houses = Houses(os.environ)
        # Not in the cache, which may lie in the repository: tools look for settings above them.
        self.folder = Path(tempfile.mkdtemp(prefix="trail-compat-"))
        self.depot = self.folder / "depot"
        self._worlds: dict[str, World] = {}
        self._pythons: dict[str, Interpreter] = {}
        self._meek = _MEEK if os.geteuid() == 0 and shutil.which(_MEEK[0]) else ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for parent, _, _ in os.walk(self.folder):
            Path(parent).chmod(0o700)
        shutil.rmtree(self.folder)

    def python(self, minor: str) -> Interpreter | None:
        """Find a Python of this machine; an empty string is the one that runs this."""
        if not self._pythons:
            for path in real_pythons():
                try:
                    interpreter = describe(path)
                except TrailError:
                    continue  # broken ones are no concern of the cases
                self._pythons.setdefault("", interpreter)
                self._pythons.setdefault(interpreter.minor, interpreter)
        return self._pythons.get(minor)

    def world(self, case: Case, python: Interpreter, kind: str) -> World:
        """Make a world, or take the one that another case with the same needs had.

        Args:
            case: whose requirements to install.
            python: for which.
            kind: `control`, or a link mode of trail.
        """
        key = json.dumps([sorted(case.requirements), python.version, kind])
        if key not in self._worlds:
            lock = self.houses.lock(case.requirements, python)
            folder = self.folder / "worlds" / hashlib.sha256(key.encode()).hexdigest()[:8]
            folder.mkdir(parents=True)
            (folder / "pylock.toml").write_text(lock, encoding="utf-8")
            make = self._control if kind == "control" else self._trail
            self._worlds[key] = make(folder, python, kind)
        return self._worlds[key]

    def _control(self, folder: Path, python: Interpreter, kind: str) -> World:
        venv = folder / "venv"
        _install([str(python.base), "-I", "-m", "venv", "--without-pip", str(venv)], folder, {})
        lock = tomllib.loads((folder / "pylock.toml").read_text(encoding="utf-8"))
        wanted = folder / "wanted.txt"
        wanted.write_text(
            "".join(
                f"{package['name']}=={package['version']}"
                f" --hash=sha256:{package['wheels'][0]['hashes']['sha256']}\n"
                for package in lock.get("packages", ())
            ),
            encoding="utf-8",
        )
        # The pip at hand lies outside: one that is locked is installed as anything else.
        pip = [str(venv / "bin/python"), "-m", "pip", "--isolated", "install", "--quiet"]
        pip += ["--ignore-installed", "--no-deps", "--no-index", "--require-hashes"]
        pip += ["--find-links", str(self.houses.wheels), "--requirement", str(wanted)]
        _install(pip, folder, {"PYTHONPATH": str(self.houses.pip), "PATH": os.defpath})
        environ = {"PATH": f"{venv}/bin{os.pathsep}{os.defpath}"}
        return World(kind, (), environ, ((str(venv), "<prefix>"),))

    def _trail(self, folder: Path, python: Interpreter, kind: str) -> World:
        options = ["-p", str(python.base), "--link-mode", kind]
        environ = {
            "TRAIL_DEPOT": str(self.depot),
            "TRAIL_COMPILE": "never",  # nothing may still be at work behind a command
            "PATH": os.defpath,
        }
        _install([*TRAIL, "install", *options], folder, environ)
        prefix = _install([*TRAIL, "prefix", "path", *options], folder, environ).strip()
        _install([sys.executable, "-P", "-c", _COMPILE, prefix], folder, environ)
        places = ((prefix, "<prefix>"), (str(self.depot), "<depot>"))
        return World(
            f"trail {kind}",
            (*TRAIL, "run", *options, "--project", str(folder), "--"),
            environ,
            places,
        )

    def changes(self) -> list[str]:
        """List what cases have changed in the depot, as they may for the superuser.

        Returns:
            The lines of `trail depot verify`.
        """
        environ = _shared_environ() | {"TRAIL_DEPOT": str(self.depot), "PATH": os.defpath}
        done = subprocess.run(
            [*TRAIL, "depot", "verify"],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode == 0:
            return []
        return done.stdout.splitlines() or [done.stderr]

    def run(self, case: Case, python: Interpreter, kind: str) -> list[Outcome]:
        """Run a case in one of its worlds.

        Args:
            case: what to do.
            python: with which Python.
            kind: see `world`.
        """
        world = self.world(case, python, kind)
        # Of equal length in all worlds: some programs fill their lines up. The lock is not in
        # it: a case may have a pyproject.toml of its own.
        folder = Path(tempfile.mkdtemp(prefix="case-", dir=self.folder))
        project, home = folder / "project", folder / "home"
        project.mkdir()
        home.mkdir()
        for source in case.sources:
            with tarfile.open(self.houses.source(source)) as archive:
                # As `filter="data"`, which Python 3.11.2 does not know (Debian 12 has that).
                archive.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
                archive.extractall(project)
        for path, text in case.files.items():
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        environ = _shared_environ() | {"HOME": str(home)} | world.environ | dict(case.env)
        outcomes = []
        for line in case.run:
            command = [*self._meek, *world.start, *shlex.split(line)]
            timeout = case.timeout * self.patience
            code, output, errors = _run(command, project / case.cwd, environ, case, timeout)
            places = ((str(project), "<project>"), (str(home), "<home>"), *world.places)
            places += tuple((os.path.relpath(path, project), place) for path, place in world.places)
            outcomes.append(Outcome(code, normalised(output, places, case.ignore), errors))
            if code != 0:
                break  # what follows would be about that, too
        shutil.rmtree(folder, ignore_errors=True)
        return outcomes


def normalised(output: str, places: tuple[tuple[str, str], ...], ignore: tuple[str, ...]) -> str:
    """Replace what may differ from one place or run to another."""
    for path, meaning in places:
        output = output.replace(path, meaning)
    for pattern, meaning in _CHANGING:
        output = re.sub(pattern, meaning, output)
    for pattern in ignore:
        output = re.sub(pattern, "", output)
    return output


def _shared_environ() -> dict[str, str]:
    """How to reach PyPI, and nothing else of the user's."""
    words = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    kept = {key: value for key, value in os.environ.items() if key.upper().startswith(words)}
    return kept | {"LANG": "C.UTF-8", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "2"}


def _run(
    command: list[str], cwd: Path, environ: dict[str, str], case: Case, timeout: float
) -> tuple[int | None, str, str]:
    """Run a command with all its children, and end those it leaves."""
    errors = subprocess.STDOUT if case.stderr else subprocess.PIPE
    path = environ["PATH"]
    program = shutil.which(command[0], path=path) or command[0]
    try:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return 127, "", str(error)
    try:
        output, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, said = process.communicate()
        return None, output or "", said or ""
    return process.returncode, output, said or ""


def _install(command: list[str], cwd: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=_shared_environ() | {"HOME": str(cwd)} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout
