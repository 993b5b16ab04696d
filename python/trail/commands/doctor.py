"""`trail doctor`: look at everything that trail depends on, and say what is wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from trail import __version__
from trail.commands.target import Request, choose_python, select
from trail.errors import DepotError, TrailError
from trail.interpreter.find import all_interpreters
from trail.values import dataclass
from trail.wheel.engine import choose_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trail.commands.context import Context
    from trail.depot.store import Depot

__all__ = ["Finding", "examine"]

_ENOUGH = 2 * 2**30  # bytes of free space below which big projects do not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: what.
        good: True, False, or None for something to know that is no fault.
        text: what was found.
        hint: what to do about it, or None.
    """

    subject: str
    good: bool | None
    text: str
    hint: str | None = None


def examine(context: Context) -> Iterator[Finding]:
    """Look at trail itself, the depots, the Pythons and the project, in this order.

    Args:
        context: where and how.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(subject="trail", good=True, text=f"{__version__} on Python {version}")
    yield from _try("engine", lambda: _engine(context))
    yield from _try("depot", lambda: _depots(context))
    yield from _try("pythons", lambda: _pythons(context))
    yield from _try("project", lambda: _project(context))


def _try(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except TrailError as error:
        details = "".join(f"; {label}: {value}" for label, value in error.details)
        yield Finding(subject=subject, good=False, text=error.message + details, hint=error.hint)


def _engine(context: Context) -> Iterator[Finding]:
    engine = choose_engine(context.settings.engine)
    native = engine.name == "native"
    yield Finding(
        subject="engine",
        good=True if native else None,
        text=f"{engine.name}: {engine.reason}",
        hint=None if native else "the python engine gives the same results, more slowly",
    )


def _depots(context: Context) -> Iterator[Finding]:
    stack = context.depots()
    for path, reason in stack.unusable:
        yield Finding(subject="depot", good=None, text=f"{path}: {reason}")
    for depot in stack.depots:
        count = sum(1 for _ in depot.entries())
        state = "writable" if depot.writable else "read-only"
        yield Finding(
            subject="depot", good=True, text=f"{depot.layout.root}: {count} entries, {state}"
        )
    receiver = stack.receiver
    yield from _links(receiver)
    free = _free(receiver.layout.root)
    yield Finding(
        subject="space",
        good=free > _ENOUGH or None,
        text=f"{free / 1e9:.1f} GB free for the depot",
        hint=None if free > _ENOUGH else "trail depot gc",
    )
    removed = receiver.clean_staging()
    if removed:
        yield Finding(
            subject="staging", good=None, text=f"removed {removed} leftovers of ended processes"
        )


def _links(depot: Depot) -> Iterator[Finding]:
    """Make the two kinds of links that prefixes consist of."""
    with depot.staging() as folder:
        file = folder / "file"
        file.write_bytes(b"")
        for kind, make in (("symbolic links", os.symlink), ("hard links", os.link)):
            link = folder / kind.partition(" ")[0]
            try:
                make(file, link)
            except OSError as error:
                yield Finding(
                    subject="links",
                    good=None,
                    text=f"the depot's file system has no {kind}: {error.strerror}",
                    hint="set TRAIL_DEPOT to another file system, or use --link-mode copy",
                )
            else:
                yield Finding(subject="links", good=True, text=f"{kind} work")


def _free(folder: Path) -> int:
    import shutil  # noqa: PLC0415  # only here

    return shutil.disk_usage(folder).free


def _pythons(context: Context) -> Iterator[Finding]:
    skipped: list[tuple[Path, str]] = []
    found = list(all_interpreters(context.places(_known(context)), skipped=skipped))
    text = ", ".join(f"{one.implementation} {one.version}" for one in found)
    yield Finding(subject="pythons", good=bool(found), text=text or "none found")
    for path, reason in skipped:
        yield Finding(subject="pythons", good=None, text=f"skipped {path}: {reason}")


def _known(context: Context) -> Path | None:
    """Where descriptions of interpreters are kept; None where no depot can be written."""
    try:
        return context.depots().receiver.layout.interpreters
    except DepotError:  # said before, under its own subject
        return None


def _project(context: Context) -> Iterator[Finding]:
    if context.project is None:
        yield Finding(subject="project", good=None, text=f"none in {context.start} or above")
        return
    request = Request()
    python = choose_python(context, request, _known(context))
    yield Finding(
        subject="project",
        good=True,
        text=f"{python.root}, on {python.interpreter.implementation} {python.interpreter.version}",
    )
    target = select(context, request, python)
    chosen = target.selection
    count = len(chosen.wheels) + len(chosen.pinned) + len(chosen.sources)
    yield Finding(subject="lock", good=True, text=f"{count} packages for this Python")
