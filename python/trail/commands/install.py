"""`trail install`: put what the lock, or the arguments, names into the depot."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from trail.commands.own import with_project
from trail.commands.remember import remember
from trail.commands.target import choose_python, select
from trail.commands.words import install_words
from trail.depot.answers import is_given
from trail.depot.roots import (
    is_current,
    is_settled,
    read_root,
    root_name,
    take_input,
    write_root,
)
from trail.depot.store import check_all
from trail.model import EntryId, SourceKind
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from pathlib import Path

    from trail.commands.context import Context
    from trail.commands.target import Python, Request
    from trail.depot.roots import Input, Root
    from trail.depot.store import Entry, Stack
    from trail.model import Selection

__all__ = ["Installed", "Provided", "install", "request_words"]

_MANY = 100  # entries whose reading takes longer than to load the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What `install` did.

    Args:
        python: the interpreter, and the project's folder.
        entries: what the depot holds now of what was asked for.
        stack: the depots.
        inputs: the files that decided, as they were when they were read.
        new: how many entries were not there before.
        downloaded: how many bytes came over the network.
        seconds: how long all of it took.
        lasting: whether the answer is the same as long as the inputs are.
        portable: whether it is the same for every project with the same files.
        withheld: names of what the lock has besides.
    """

    python: Python
    entries: tuple[Entry, ...]
    stack: Stack
    inputs: tuple[Input, ...]
    new: int = 0
    downloaded: int = 0
    seconds: float = 0.0
    lasting: bool = True
    portable: bool = False
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What the depot holds of a selection.

    Args:
        entries: one for each distribution.
        new: how many of them were not there before.
        downloaded: how many bytes came over the network.
    """

    entries: tuple[Entry, ...]
    new: int = 0
    downloaded: int = 0


def install(context: Context, request: Request) -> Installed:
    """Make sure that the depot holds every wheel that is asked for.

    What was found out is kept in `roots/`; as long as the files that decided do not change,
    neither lock nor index is read again.

    Args:
        context: where and how.
        request: what is asked for.

    Raises:
        TrailError: there is no lock, it does not fit, or a wheel could not be brought.
    """
    begun = time.monotonic()
    stack = context.depots()
    python = choose_python(context, request, stack.receiver.layout.interpreters)
    words = request_words(context, request)
    record = stack.receiver.layout.root_file(root_name(str(python.place), words))
    # Requirements without a project mean what is newest now.
    fresh = bool(request.wheels or (request.packages and context.project is None))
    fresh = fresh or context.settings.index.refreshes
    recalled = None if fresh else _recall(record, words, python, stack)
    if recalled is not None:
        root, entries = recalled
        return Installed(
            python=python,
            entries=entries,
            stack=stack,
            inputs=root.inputs,
            withheld=root.withheld,
            portable=is_given(str(stack.receiver.layout.answers), root, context.environ),
            seconds=time.monotonic() - begun,
        )
    if not request.wheels and not request.requirements:
        context = _with_lock(context, request)
    target = select(context, request, python)
    selection = target.selection
    decisive: tuple[Path, ...] = ()
    if not request.wheels and not request.requirements:
        selection, decisive = with_project(context, python.root, selection, own=request.own)
    # Before the build reads them: who changes one meanwhile builds once more.
    inputs = {item.path: item for item in (*target.inputs, *map(_as_input, decisive))}
    target = replace(target, selection=selection)
    held = _held(selection, stack, context.settings.engine)
    if held is not None:
        provided = Provided(entries=held)
    else:
        # The engines, httpx and the builder: only who needs them waits for their imports.
        from trail.commands.provide import provide  # noqa: PLC0415

        provided = provide(context, request, python, target, stack)
    # Each file of a folder that is built decides: too many to be remembered.
    lasting = not any(
        source.kind is SourceKind.DIRECTORY and not source.editable for source in selection.sources
    )
    installed = Installed(
        python=python,
        entries=provided.entries,
        stack=stack,
        inputs=tuple(inputs.values()),
        new=provided.new,
        downloaded=provided.downloaded,
        seconds=time.monotonic() - begun,
        lasting=lasting,
        withheld=selection.withheld,
        # What is built may be a folder of the project's own.
        portable=lasting
        and not (selection.sources or request.packages or request.wheels)
        and context.project is not None
        # What is known under the lock's content alone knows no members.
        and not (context.project.workspace is not None and context.project.workspace.members)
        and context.inner_version_file is None,
    )
    if not request.wheels and installed.lasting:
        remember(installed, words, environ=context.environ if installed.portable else None)
    return installed


def _held(selection: Selection, stack: Stack, engine: str) -> tuple[Entry, ...] | None:
    """Find all of a selection in the depots; None if something must be brought or built."""
    if selection.pinned or selection.sources:
        return None
    found = []
    for wheel in selection.wheels:
        located = stack.locate(wheel)
        if located is None:
            return None
        found.append(located)
    reader = None
    if len(found) >= _MANY:
        from trail.wheel.engine import choose_engine  # noqa: PLC0415  # takes as long as to read them

        reader = choose_engine(engine).reader
    return check_all(found, reader)


def _with_lock(context: Context, request: Request) -> Context:
    """Lock first, if the project has no lock or changed since."""
    pyproject = context.project.pyproject if context.project is not None else None
    if context.project is None or pyproject is None:
        return context
    from trail.commands.lock import refresh_lock  # noqa: PLC0415  # 60 ms, rarely needed

    locking = refresh_lock(context, request.policy)
    if locking is None:
        return context
    count = locking.count
    packages = "1 package" if count == 1 else f"{count} packages"
    context.reporter.say(f"locked {packages} in {locking.path.name}")
    return replace(context, project=replace(context.project, lock_path=locking.path))


def _as_input(path: Path) -> Input:
    return take_input(str(path))[0]


def request_words(context: Context, request: Request) -> tuple[str, ...]:
    """Give what decides about the entries that are needed, besides files.

    Args:
        context: where and how.
        request: what is asked for.
    """
    inner = context.inner_version_file
    return install_words(
        context.environ,
        python=request.python or (f"from {inner}" if inner is not None else None),
        extras=request.extras,
        groups=request.groups,
        default_groups=request.default_groups,
        members=request.members,
        all_members=request.all_members,
        own=request.own,
        frozen=request.policy == "frozen",
        packages=request.packages,
        sources_only=_said(request),
        requirements=[str(path) for path in request.requirements],
    )


def _said(request: Request) -> tuple[str, ...]:
    """What the command line says of packages whose wheels are not used."""
    names = request.sources_only
    return (*((":all:",) if names.everything else ()), *sorted(names.names))


def _recall(
    file: Path, words: tuple[str, ...], python: Python, stack: Stack
) -> tuple[Root, tuple[Entry, ...]] | None:
    """Read what was found out before, if it still holds and everything is there."""
    root = read_root(file)
    if (
        root is None
        or (root.project, root.request) != (str(python.place), words)
        or str(python.interpreter.base) not in {item.path for item in root.inputs}
        or not is_current(root)
    ):
        return None
    found = [stack.find(EntryId(identity)) for identity in root.entries]
    entries = tuple(entry for entry in found if entry is not None)
    if len(entries) != len(found):
        return None
    if not is_settled(root):
        with contextlib.suppress(OSError):  # then it is compared by content once more
            root = write_root(file, root)
    return root, entries
