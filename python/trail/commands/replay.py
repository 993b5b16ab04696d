"""The fast path of `trail run`: nothing changed since the last time, so execute at once.

It reads the record that the last run left in `roots/`, looks at the files that decided
then (one stat each), and becomes the program. Anything unusual — no record, an option it does not
know, a changed file — is left to the slow path, which also explains what is wrong. A test
lists what this imports: no click, no httpx, no packaging, and little else.
"""

from __future__ import annotations

import os
import sys

from trail.commands.start import CannotStart, program, start, surroundings
from trail.commands.words import run_words, split_words
from trail.depot.roots import is_current, read_root, root_name, touch_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["replay"]

# What makes a folder a project: the same names as trail.project.find uses.
_MARKS = ("pylock.toml", "pyproject.toml")
_LEFT_TO_THE_SLOW_PATH = frozenset(
    {"-v", "--verbose", "--help", "-h", "--project", "--depot", "--refresh", "--no-strict"}
)


def replay(words: list[str], environ: dict[str, str]) -> None:
    """Execute the command of `trail run` if nothing needs to be done; otherwise return.

    Args:
        words: what follows `trail run`.
        environ: the environment.
    """
    options, command = split_words(words)
    if not command or not _LEFT_TO_THE_SLOW_PATH.isdisjoint(options):
        return
    project = _project(os.getcwd())  # noqa: PTH109  # no pathlib here
    if project is None:
        return
    request = run_words(options, environ)
    name = root_name(project, request)
    for depot in _depots(environ):
        record = os.path.join(depot, "roots", name)  # noqa: PTH118
        root = read_root(record)
        if root is None or root.project != project or root.request != request:
            continue
        if is_current(root):
            touch_root(record)
            environ = surroundings(root.prefix, environ)
            try:
                start(program(command, root.prefix, environ), environ)
            except CannotStart:
                return


def _depots(environ: dict[str, str]) -> list[str]:
    """The depots, as trail.settings finds them, without its imports (a test compares)."""
    places = [place for place in environ.get("TRAIL_DEPOT", "").split(os.pathsep) if place]
    if places:
        return [os.path.abspath(os.path.expanduser(place)) for place in places]  # noqa: PTH100, PTH111
    if sys.platform in {"win32", "darwin"}:
        import platformdirs  # noqa: PLC0415  # its rules are long there, and short below

        return [platformdirs.user_cache_dir("trail")]
    cache = environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")  # noqa: PTH111
    return [os.path.join(cache, "trail")]  # noqa: PTH118


def _project(folder: str) -> str | None:
    """The nearest folder, upwards, that is a project.

    None also where a `.python-version` below it decides, which the record knows nothing of.
    """
    for place in _upwards(folder):
        for mark in _MARKS:
            if os.path.isfile(os.path.join(place, mark)):  # noqa: PTH113, PTH118
                return place
        if os.path.isfile(os.path.join(place, ".python-version")):  # noqa: PTH113, PTH118
            return None
    return None


def _upwards(folder: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return
        folder = parent
