"""Let a running interpreter import from a prefix.

The prefix' site-packages comes before those of the interpreter, its hook is installed, and
`sys.executable` becomes the prefix' Python, so that subprocesses and multiprocessing have the
same packages. What was imported before stays as it is; where that is another version, the
user is told.
"""

from __future__ import annotations

import os
import site
import sys
import warnings
from importlib import invalidate_caches
from typing import TYPE_CHECKING

from trail.commands.start import scripts_folder
from trail.errors import PrefixError
from trail.integrations.imported import find_clashes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trail.depot.store import Entry
    from trail.prefix.model import Prefix

__all__ = ["enter"]


def enter(
    prefix: Prefix, entries: Iterable[Entry], *, strict: bool = False, trees: Path | None = None
) -> None:
    """Let this process import from a prefix.

    Args:
        prefix: made for the Python that runs this.
        entries: what it holds.
        strict: whether it is an error, instead of a warning, that something which was
            imported already has another version there.
        trees: folder of checkouts that earlier calls may have put on `sys.path`.

    Raises:
        PrefixError: with `strict`, something imported has another version there.
    """
    clashes = list(find_clashes(prefix.site_packages, entries))
    if clashes and strict:
        raise PrefixError(
            "packages were imported already, in other versions than the lock has",
            details=tuple(clashes),
            hint="restart the interpreter, then activate before importing",
        )
    for name, versions in clashes:
        warnings.warn(
            f"`{name}` was imported already: {versions}; restart to use the locked one",
            stacklevel=4,
        )
    _use(prefix, trees)


def _use(prefix: Prefix, trees: Path | None) -> None:
    packages = os.fspath(prefix.site_packages)
    prefixes = os.fspath(prefix.path.parent) + os.sep
    earlier = (prefixes, os.fspath(trees) + os.sep) if trees is not None else (prefixes,)
    # What another activation brought goes; what belongs to the interpreter stays.
    before = [path for path in sys.path if not path.startswith(earlier)]
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
    _hook(packages)
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


def _hook(packages: str) -> None:
    """Lead the hook to this prefix, where an earlier one brought it."""
    if (boot := sys.modules.get("_trail_boot")) is not None:
        boot.install(packages)
    if (strict := sys.modules.get("_trail_strict")) is not None:
        if os.path.isfile(os.path.join(packages, "_trail_strict.txt")):  # noqa: PTH113, PTH118  # text, as in sys.path
            strict.install(packages)
        else:
            strict.uninstall()
