"""Find a Python for a request.

Where: PATH, then pyenv's versions, then the Python that trail runs on. pyenv's shims are not
run, as what they stand for depends on the folder: a PATH entry that is pyenv's folder of
shims means its versions, newest first.

Which: a request for one minor version takes the first that matches, a range (and no request
at all) takes the Python that trail runs on if it fits, else the newest on PATH, else the
newest of pyenv. Releases go before pre-releases.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from trail.errors import InterpreterError
from trail.interpreter.describe import describe
from trail.interpreter.request import (
    Request,
    parse_request,
    python_version,
    read_version_file,
)
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.specifiers import SpecifierSet

    from trail.interpreter.model import Interpreter

__all__ = ["Places", "all_interpreters", "find_interpreter"]

_WINDOWS = os.name == "nt"
_SUFFIX = ".exe" if _WINDOWS else ""
_COMMAND = r"(?:python3?|pypy3?|graalpy)(?P<version>(?:\.\d+)?t?)(?:\.exe)?"
_IN_FOLDER = ("bin/python3", "bin/python", "bin/pypy3", "Scripts/python.exe", "python.exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to look for Pythons.

    Args:
        search_path: the value of PATH.
        home: the user's home folder.
        folder: where a relative path in a request starts, absolute.
        current: the Python that trail runs on, or None to leave it out.
        pyenv_root: the value of PYENV_ROOT, or None for `~/.pyenv`.
        known: the folder for what `describe` learned, or None.
    """

    search_path: str
    home: Path
    folder: Path
    current: Path | None = None
    pyenv_root: Path | None = None
    known: Path | None = None

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        *,
        folder: Path,
        current: Path | None = None,
        known: Path | None = None,
    ) -> Places:
        """Take the places that environment variables name; the rest as above."""
        home = Path(environ.get("HOME") or environ.get("USERPROFILE") or folder.anchor)
        pyenv_root = environ.get("PYENV_ROOT")
        return cls(
            search_path=environ.get("PATH", ""),
            home=home,
            folder=folder,
            current=current,
            pyenv_root=Path(pyenv_root) if pyenv_root else None,
            known=known,
        )

    @property
    def pyenv(self) -> Path:
        """Pyenv's folder, whether it exists or not."""
        return self.pyenv_root or self.home / ".pyenv"


def find_interpreter(
    request: str | None,
    places: Places,
    *,
    requires_python: SpecifierSet | None = None,
    version_file: str | None = None,
) -> Interpreter:
    """Find the Python to use.

    Args:
        request: what the user asked for, or None.
        places: where to look.
        requires_python: what the project needs; it holds for a request as well.
        version_file: the content of `.python-version`; it counts if there is no request.

    Raises:
        InterpreterError: nothing that was found will do; the details say what was found.
    """
    wanted: tuple[Request, ...] = (Request(text=""),)
    asked = ""
    if request is not None:
        wanted = (parse_request(request),)
        asked = f"`{wanted[0].text}`"
    elif version_file and (lines := read_version_file(version_file)):
        wanted = lines
        asked = ", ".join(f"`{one.text}`" for one in lines) + " (from `.python-version`)"
    for one in wanted:
        found = _at(one.place, places) if one.place else _choose(one, places, requires_python)
        if found is None:
            continue
        if not _fits(found, requires_python):  # only a path is taken without a choice
            raise InterpreterError(
                f"this project does not support the Python at `{one.place}`",
                details=(("requires", str(requires_python)), ("actual", found.version)),
            )
        return found
    raise _nothing(asked, places, requires_python)


def all_interpreters(
    places: Places, *, skipped: list[tuple[Path, str]] | None = None
) -> Iterator[Interpreter]:
    """Describe every Python that can be found, each base once, in the order of the search.

    Args:
        places: where to look.
        skipped: receives what was left out, and why.
    """
    search = _Search(places=places)
    for group in (search.on_path(None), search.in_pyenv(), search.current()):
        yield from search.described(group)
    if skipped is not None:
        skipped += search.skipped


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search; it remembers what it has seen and what it left out."""

    places: Places
    seen: set[str] = field(default_factory=set)
    skipped: list[tuple[Path, str]] = field(default_factory=list)

    def on_path(self, request: Request | None) -> Iterator[Path]:
        """List the commands on PATH that may be what is asked for."""
        shims = os.path.realpath(self.places.pyenv / "shims")
        for entry in dict.fromkeys(self.places.search_path.split(os.pathsep)):
            # An empty or relative entry depends on the current folder: left out.
            if not os.path.isabs(entry):  # noqa: PTH117  # before it becomes a Path
                continue
            if os.path.realpath(entry) == shims:
                yield from self.in_pyenv()
                continue
            for name in _exact_names(request) if request else _listed_names(entry):
                path = Path(entry, name)
                if os.path.lexists(path):
                    yield path

    def in_pyenv(self) -> Iterator[Path]:
        """List the Pythons that pyenv installed, newest first."""
        for versions in ("versions", "pyenv-win/versions"):
            folder = self.places.pyenv / versions
            try:
                names = os.listdir(folder)  # noqa: PTH208  # names, to be sorted
            except OSError:
                continue
            for name in sorted(names, key=_version_key, reverse=True):
                path = _in_folder(folder / name)
                if path:
                    yield path

    def current(self) -> Iterator[Path]:
        """List the Python that trail runs on."""
        if self.places.current:
            yield self.places.current

    def described(self, paths: Iterable[Path]) -> Iterator[Interpreter]:
        """Describe candidates, leaving out what does not run or was seen before."""
        for path in paths:
            real = os.path.realpath(path)
            if real in self.seen:
                continue
            try:
                interpreter = describe(path, self.places.known)
            except InterpreterError as error:
                reason = dict(error.details).get("problem", error.message)
                self.skipped.append((path, reason))
                self.seen.add(real)
                continue
            new = str(interpreter.base) not in self.seen
            self.seen |= {real, str(interpreter.base)}
            if new:
                yield interpreter


def _choose(
    request: Request, places: Places, requires_python: SpecifierSet | None
) -> Interpreter | None:
    """Choose as the head of this module says."""
    search = _Search(places=places)
    if not request.is_exact:
        for interpreter in search.described(search.current()):
            if _fits(interpreter, requires_python) and (
                not request.text or request.matches(interpreter)
            ):
                return interpreter
    preview: Interpreter | None = None
    for group in (
        search.on_path(request if request.is_exact else None),
        search.in_pyenv(),
        search.current(),
    ):
        found: Iterable[Interpreter] = (
            one
            for one in search.described(group)
            if request.matches(one) and _fits(one, requires_python)
        )
        if not request.is_exact:
            found = sorted(found, key=_rank, reverse=True)
        for interpreter in found:
            if not Version(python_version(interpreter)).is_prerelease:
                return interpreter
            preview = preview or interpreter
    return preview


def _fits(interpreter: Interpreter, requires_python: SpecifierSet | None) -> bool:
    return requires_python is None or requires_python.contains(
        python_version(interpreter), prereleases=True
    )


def _rank(interpreter: Interpreter) -> tuple[Version, bool]:
    return Version(python_version(interpreter)), interpreter.implementation == "cpython"


def _at(place: str, places: Places) -> Interpreter | None:
    """Describe the Python at a path, in a folder, or of a name that pyenv or PATH knows.

    Raises:
        InterpreterError: there is none, or it does not run.
    """
    if "/" not in place and os.sep not in place and not (places.folder / place).exists():
        named = [places.pyenv / "versions" / place]
        named += [
            Path(entry, place + suffix)
            for entry in places.search_path.split(os.pathsep)
            for suffix in dict.fromkeys(("", _SUFFIX))
            if os.path.isabs(entry)  # noqa: PTH117  # before it becomes a Path
        ]
    elif place.startswith("~/"):
        named = [places.home / place[2:]]
    else:
        named = [Path(os.path.normpath(places.folder / place))]
    for path in named:
        executable = _in_folder(path) if path.is_dir() else path
        if executable and executable.is_file():
            return describe(executable, places.known)
    raise InterpreterError(
        f"there is no Python at `{place}`",
        details=tuple(("searched", str(path)) for path in named[:1]),
        hint="use a version such as 3.12, a range such as '>=3.9', or the path of a Python",
    )


def _in_folder(folder: Path) -> Path | None:
    """Find the Python in an installation, a virtual environment or a folder of commands."""
    for name in (*_IN_FOLDER, f"python3{_SUFFIX}", f"python{_SUFFIX}"):
        if os.path.lexists(folder / name):
            return folder / name
    return None


def _exact_names(request: Request) -> tuple[str, ...]:
    """List the names that a command for one minor version may have, best first."""
    stem = {"pypy": "pypy", "graalpy": "graalpy"}.get(request.implementation or "", "python")
    threads = (f"{stem}{request.minor}t",) if request.free_threaded else ()
    names = (*threads, f"{stem}{request.minor}", f"{stem}3", stem)
    return tuple(name + _SUFFIX for name in names)


def _listed_names(folder: str) -> list[str]:
    """List the commands of a folder that are Pythons by their names, newest first."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names, to be sorted
    except OSError:
        return []
    return sorted(
        (name for name in names if re.fullmatch(_COMMAND, name)), key=_command_key, reverse=True
    )


def _command_key(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return (int(digits[1]) if len(digits) > 1 else -1, name)


def _version_key(name: str) -> tuple[Version, str]:
    try:
        return Version(name), name
    except InvalidVersion:  # miniconda3-latest, pypy3.10-7.3.15, 3.13.0t
        digits = re.match(r"\d+(\.\d+)*", name)
        return Version(digits[0] if digits else "0"), name


def _nothing(asked: str, places: Places, requires_python: SpecifierSet | None) -> InterpreterError:
    """Say what was wanted, where it was searched, and what there is instead."""
    skipped: list[tuple[Path, str]] = []
    found = list(all_interpreters(places, skipped=skipped))
    usable = [one for one in found if _fits(one, requires_python)]
    wanted = asked or "this project"
    needs = (("requires", str(requires_python)),) if requires_python is not None else ()
    newest = max(usable, key=_rank, default=None)
    return InterpreterError(
        f"found no Python for {wanted}",
        details=(
            *needs,
            *(("found", f"{one.version} at {one.executable}") for one in found),
            *(("skipped", f"{path}: {reason}") for path, reason in skipped),
            ("searched", f"PATH, {places.pyenv / 'versions'}, the Python that runs trail"),
        ),
        hint=(
            f"use one of those: `trail run -p {newest.minor} …`"
            if newest
            else "install one, and name it with `-p PATH` if it is elsewhere"
        ),
    )
