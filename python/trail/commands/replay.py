"""The fast paths: nothing changed since the last time, so there is nothing to find out.

They read the record that the last `trail run` or `trail install` left in `roots/`, and look
at the files that decided then (one stat each). Anything unusual — no record, an option they
do not know, a changed file — is left to the slow path, which also explains what is wrong. A
test lists what this imports: no click, no httpx, no packaging, and little else.
"""

from __future__ import annotations

import os
import sys
import time

from trail.commands.words import (
    install_words,
    lock_words,
    nothing_to_do,
    run_words,
    split_words,
)
from trail.depot.roots import (
    is_current,
    is_settled,
    read_root,
    root_name,
    touch_root,
    write_root,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.depot.roots import Root

__all__ = ["replay_install", "replay_lock", "replay_run"]

_SETTLED = 2_000_000_000  # ns after which an unchanged file is known by its time stamp

# What makes a folder a project: the same names as trail.project.find uses.
_MARKS = ("pylock.toml", "pyproject.toml")
_LEFT_TO_THE_SLOW_PATH = frozenset(
    {
        "-v",
        "--verbose",
        "--help",
        "-h",
        "--project",
        "--depot",
        "--refresh",
        "--refresh-package",
    }
)


def replay_run(words: list[str], environ: dict[str, str]) -> None:
    """Execute the command of `trail run` if nothing needs to be done; otherwise return.

    Args:
        words: what follows `trail run`.
        environ: the environment.
    """
    # Nobody else starts a program.
    from trail.commands.start import (  # noqa: PLC0415
        CannotStart,
        compile_in_background,
        program,
        start,
        surroundings,
    )

    options, command = split_words(words)
    project = _project(_here())
    if not command or project is None or not _LEFT_TO_THE_SLOW_PATH.isdisjoint(options):
        return
    root = _recall(project, run_words(options, environ), environ)
    if root is None:
        return
    compile_in_background(root.prefix, environ)
    environ = surroundings(root.prefix, environ)
    try:
        start(program(command, root.prefix, environ, root.withheld), environ)
    except CannotStart:
        return


def replay_install(words: list[str], environ: dict[str, str]) -> str | None:
    """Say that `trail install` has nothing to do, if so.

    Args:
        words: what follows `trail install`; only `-r FILE` is understood here.
        environ: the environment.
    """
    begun = time.monotonic()
    if len(words) % 2 or any(word not in {"-r", "--requirement"} for word in words[::2]):
        return None
    folder = _here()
    files = [os.path.join(folder, word) for word in words[1::2]]  # noqa: PTH118
    project = _project(folder) or (folder if files else None)
    if project is None:
        return None
    root = _recall(project, install_words(environ, requirements=files), environ)
    if root is None or not all(_is_there(entry, root.depots) for entry in root.entries):
        return None
    return nothing_to_do(len(root.entries), time.monotonic() - begun)


def replay_lock(words: list[str], environ: dict[str, str]) -> str | None:
    """Say that the lock still meets the project, if nothing changed since that was found out.

    Args:
        words: what follows `trail lock`.
        environ: the environment.
    """
    request = lock_words(words, environ)
    project = _project(_here())
    if request is None or project is None:
        return None
    name = root_name(project, request)
    depots = _depots(environ)
    for depot in depots:
        record = os.path.join(depot, "roots", name)  # noqa: PTH118
        root = read_root(record)
        if root is None or (root.project, root.request) != (project, request):
            continue
        if is_current(root):
            if is_settled(root):
                touch_root(record)
            elif time.time_ns() > root.written + _SETTLED:
                _write_anew(record, root)
            return root.note
    root = _take_answer(project, request, depots, environ)
    return None if root is None else root.note


def _write_anew(record: str, root: Root) -> None:
    """Write a record whose files were compared by content, to be compared by stat alone."""
    import contextlib  # noqa: PLC0415  # once for each record
    import pathlib  # noqa: PLC0415  # as above

    with contextlib.suppress(OSError):
        write_root(pathlib.Path(record), root)


def _recall(project: str, request: tuple[str, ...], environ: dict[str, str]) -> Root | None:
    """Find the record of a request, or what another project with the same files has."""
    name = root_name(project, request)
    depots = _depots(environ)
    for depot in depots:
        record = os.path.join(depot, "roots", name)  # noqa: PTH118
        root = read_root(record)
        if root is None or root.project != project or root.request != request:
            continue
        if is_current(root):
            if not is_settled(root) and time.time_ns() > root.written + _SETTLED:
                return None  # the slow path writes it anew, to be compared by stat alone
            touch_root(record)
            return root
    return _take_answer(project, request, depots, environ)


def _take_answer(
    project: str, request: tuple[str, ...], depots: list[str], environ: dict[str, str]
) -> Root | None:
    """Make the record of a request from what another project with the same files has."""
    from trail.depot.answers import take_answer  # noqa: PLC0415  # not for who has a root

    for depot in depots:
        folder = os.path.join(depot, "answers")  # noqa: PTH118  # as below
        root = take_answer(folder, project, request, environ)
        if root is not None:
            record = os.path.join(depot, "roots", root_name(project, request))  # noqa: PTH118
            try:
                return write_root(record, root)
            except OSError:  # without a root of its own it is not kept from collection
                return None
    return None


def _is_there(entry: str, depots: tuple[str, ...]) -> bool:
    return any(
        os.path.isdir(os.path.join(depot, "installed", entry))  # noqa: PTH112, PTH118
        for depot in depots
    )


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


def _here() -> str:
    """The current folder; one that was removed is left to the slow path, to complain about."""
    try:
        return os.getcwd()  # noqa: PTH109  # no pathlib here
    except FileNotFoundError:
        return ""


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
