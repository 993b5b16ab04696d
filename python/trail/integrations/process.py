"""`trail.activate()`: give a running interpreter the packages of a project.

For notebooks and consoles, where no `trail run` came before. The prefix' site-packages comes
before those of the interpreter, its hook is installed, and `sys.executable` becomes the
prefix' Python, so that subprocesses and multiprocessing have the same packages. What was
imported before stays as it is; where that is another version, the user is told.
"""

from __future__ import annotations

import os
import site
import sys
import warnings
from importlib import invalidate_caches
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

from trail.commands.change import add, place_of
from trail.commands.context import Context
from trail.commands.run import make_prefix
from trail.commands.start import scripts_folder
from trail.commands.target import Request
from trail.errors import PrefixError, UsageError
from trail.report import Reporter
from trail.resolve.model import Options
from trail.settings import Overrides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trail.depot.store import Entry
    from trail.prefix.model import Prefix

__all__ = ["activate", "enter", "interactive"]


class _Warner(Reporter):
    """Passes warnings on as Python's own."""

    def warn(self, message: str) -> None:
        """Warn."""
        warnings.warn(message, stacklevel=2)


def activate(
    project: str | os.PathLike[str] | None = None,
    *,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
    strict: bool = False,
) -> Path:
    """Put the packages of a project's lock into this process; missing ones are installed.

    Doing it again is fine, also after the lock has changed: new packages can be imported at
    once.

    Args:
        project: a folder in the project; None for the current one.
        extras: of the project.
        groups: dependency groups, beside the default ones.
        strict: whether it is an error, instead of a warning, that a package which was
            imported already has another version in the lock.

    Returns:
        The prefix' folder.

    Raises:
        TrailError: there is no lock, it does not fit, or a package cannot be installed.
    """
    request = Request(python=_base(), extras=tuple(extras), groups=tuple(groups))
    installed, prefix = make_prefix(_context(project), request)
    enter(prefix, installed.entries, strict=strict)
    return prefix.path


def interactive(
    *requirements: str, strict: bool = False, save: bool | None = None, **by_name: str
) -> Path:
    """Add packages to this process, resolving them together with the project's.

    `trail.interactive("numpy>=2", pandas="^2")`. It can be called again and again: what was
    asked for before is not forgotten in a project, as it is saved there.

    Args:
        requirements: as in `pyproject.toml` (PEP 508).
        strict: as in `activate`.
        save: whether they are added to the project and its lock; None for yes in a project.
        by_name: versions by name: `2.1` and `==2.1` for one version, `^2.1` for all that are
            compatible (from 2.1, below 3), `*` for any, or a specifier such as `>=2,<4`.

    Returns:
        The prefix' folder.

    Raises:
        UsageError: a requirement cannot be read.
        TrailError: they cannot be resolved or installed.
    """
    words = [*requirements, *(f"{name}{_specifier(text)}" for name, text in by_name.items())]
    context = _context(None)
    in_project = context.project is not None and context.project.pyproject is not None
    if save is None:
        save = in_project
    if save and words:
        add(context, words, place_of(None, None), Options())
        return activate(strict=strict)
    request = Request(python=_base(), packages=tuple(words))
    installed, prefix = make_prefix(context, request)
    enter(prefix, installed.entries, strict=strict)
    return prefix.path


def enter(prefix: Prefix, entries: Iterable[Entry], *, strict: bool = False) -> None:
    """Let this process import from a prefix.

    Args:
        prefix: made for the Python that runs this.
        entries: what it holds.
        strict: as in `activate`.

    Raises:
        PrefixError: with `strict`, something imported has another version there.
    """
    clashes = list(_clashes(prefix, entries))
    if clashes and strict:
        raise PrefixError(
            "packages were imported already, in other versions than the lock has",
            details=tuple(clashes),
            hint="restart the interpreter, then activate before importing",
        )
    for name, versions in clashes:
        warnings.warn(
            f"`{name}` was imported already: {versions}; restart to use the locked one",
            stacklevel=3,
        )
    _use(prefix)


def _context(project: str | os.PathLike[str] | None) -> Context:
    return Context.make(
        start=Path(project).resolve() if project is not None else Path.cwd(),
        environ=dict(os.environ),
        overrides=Overrides(),
        reporter=_Warner(),
    )


def _base() -> str:
    """The Python that runs this, behind a virtual environment."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _specifier(text: str) -> str:
    """Turn the value of a keyword into a version specifier."""
    text = text.strip()
    if text in {"", "*"}:
        return ""
    if text.startswith("^"):
        parts = text[1:].split(".")
        # The first part that is not 0 may not change (as in Poetry and npm).
        place = next((place for place, part in enumerate(parts) if part != "0"), len(parts) - 1)
        if not all(part.isdigit() for part in parts):
            raise UsageError(f"`{text}` is not a version with `^`", hint="write ^2 or ^2.1")
        above = [*parts[:place], str(int(parts[place]) + 1)]
        return f">={text[1:]},<{'.'.join(above)}"
    return f"=={text}" if text[0].isdigit() else text


def _clashes(prefix: Prefix, entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Find distributions whose modules were imported, of another version than the prefix has."""
    inside = os.fspath(prefix.site_packages) + os.sep
    for entry in entries:
        facts = entry.info().facts
        files = [
            getattr(sys.modules[item.name], "__file__", None)
            for item in facts.top_level
            if item.name in sys.modules
        ]
        if not any(file is not None and not file.startswith(inside) for file in files):
            continue
        try:
            version = Distribution.from_name(facts.name).version
        except PackageNotFoundError:
            continue
        if version != facts.version:
            yield facts.name, f"version {version}, but the lock has {facts.version}"


def _use(prefix: Prefix) -> None:
    packages = os.fspath(prefix.site_packages)
    prefixes = os.fspath(prefix.path.parent) + os.sep
    # What another activation brought goes; what belongs to the interpreter stays.
    before = [path for path in sys.path if not path.startswith(prefixes)]
    sys.path[:] = before
    # Reads the .pth files, the hook's first, as the interpreter does at its start.
    site.addsitedir(packages)
    added = [path for path in sys.path if path not in before]
    own = next(
        (
            place
            for place, path in enumerate(before)
            if path.endswith(("site-packages", "dist-packages"))
        ),
        len(before),
    )
    sys.path[:] = [*before[:own], *added, *before[own:]]
    scripts = scripts_folder(os.fspath(prefix.path))
    others = [
        path
        for path in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if not path.startswith(prefixes)
    ]
    os.environ["PATH"] = os.pathsep.join([scripts, *others])
    sys.executable = os.fspath(prefix.python)
    if "multiprocessing" in sys.modules:
        import multiprocessing  # noqa: PLC0415  # it took the old one when it was imported

        multiprocessing.set_executable(sys.executable)
    invalidate_caches()
