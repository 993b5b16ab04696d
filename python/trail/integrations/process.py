"""`trail.activate()`, `interactive()` and `from_git()`: packages for a running interpreter.

For notebooks and consoles, where no `trail run` came before.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.commands.adhoc import read_requirement
from trail.commands.change import add, place_of
from trail.commands.checkout import check_out_project
from trail.commands.context import Context
from trail.commands.run import make_prefix
from trail.commands.target import Request
from trail.errors import ManyErrors, TrailError, UsageError
from trail.integrations.enter import enter
from trail.report import Reporter
from trail.resolve.model import Options
from trail.settings import Overrides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["activate", "from_git", "interactive"]


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
    with _explained():
        _session.extras, _session.groups = tuple(extras), tuple(groups)
        _session.packages.clear()
        return _enter(_context(project), _session.request(), strict=strict)


def from_git(  # what a repository and a project have to choose from
    url: str,
    rev: str | None = None,
    *,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
    strict: bool = False,
) -> Path:
    """Use a project in a git repository: its modules, and the packages of its lock.

    `trail.from_git("https://host/somebody/repository", "v1.0")`. It is checked out once for
    each commit. Its lock is taken as it is; a project without one is locked first.

    Args:
        url: of the repository; `#subdirectory=…` names a folder in it.
        rev: a branch, tag or commit; None for the default branch.
        extras: as in `activate`.
        groups: as in `activate`.
        strict: as in `activate`.

    Returns:
        The project's folder.

    Raises:
        TrailError: it cannot be fetched, there is no project in it, or as in `activate`.
    """
    with _explained():
        here = _context(None)
        folder = check_out_project(here, url, rev)
        context = _context(folder)
        request = Request(
            python=_base(),
            extras=tuple(extras),
            groups=tuple(groups),
            policy="frozen" if (folder / "pylock.toml").is_file() else "auto",
        )
        _enter(context, request, strict=strict, folders=(folder,))
    return folder


def interactive(
    *requirements: str, strict: bool = False, save: bool | None = None, **by_name: str
) -> Path:
    """Add packages to this process, resolving them together with the project's.

    `trail.interactive("numpy>=2", pandas="^2")`. It can be called again and again: what was
    asked for before stays.

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
    with _explained():
        words = [*requirements, *(f"{name}{_specifier(text)}" for name, text in by_name.items())]
        wanted = {str(canonicalize_name(read_requirement(word).name)): word for word in words}
        context = _context(None)
        if save is None:
            save = context.project is not None and context.project.pyproject is not None
        if save and words:
            add(context, words, place_of(None, None), Options())
            context = _context(None)
            for name in wanted:
                _session.packages.pop(name, None)
        else:
            _session.packages.update(wanted)
        return _enter(context, _session.request(), strict=strict)


class _Session:
    """What this process was given, as `sys.path` is what it may import."""

    def __init__(self) -> None:
        self.extras: tuple[str, ...] = ()
        self.groups: tuple[str, ...] = ()
        self.packages: dict[str, str] = {}

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Forget what was asked for in vain, or all that is asked for later would fail as well."""
        before = self.extras, self.groups, dict(self.packages)
        try:
            yield
        except BaseException:
            self.extras, self.groups, self.packages = before
            raise

    def request(self) -> Request:
        return Request(
            python=_base(),
            extras=self.extras,
            groups=self.groups,
            packages=tuple(self.packages.values()),
        )


_session = _Session()


def _enter(
    context: Context, request: Request, *, strict: bool, folders: tuple[Path, ...] = ()
) -> Path:
    installed, prefix = make_prefix(context, request, folders=folders)
    trees = installed.stack.receiver.layout.sources
    enter(prefix, installed.entries, strict=strict, trees=trees)
    return prefix.path


@contextmanager
def _explained() -> Iterator[None]:
    """Show an error's details and hint in its traceback, where the command line prints them."""
    try:
        with _session.undone():
            yield
    except TrailError as error:
        for one in error.errors if isinstance(error, ManyErrors) else (error,):
            for label, text in one.details:
                error.add_note(f"  {label}: {text}")
            if one.hint is not None:
                error.add_note(f"hint: {one.hint}")
        raise


def _context(project: str | os.PathLike[str] | None) -> Context:
    return Context.make(
        start=Path.cwd() if project is None else Path(project).expanduser().resolve(),
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
