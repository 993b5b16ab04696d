"""`trail install`: put what the lock, or the arguments, names into the depot."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from trail.commands.bring import bring
from trail.commands.own import with_project
from trail.commands.target import choose_python, select
from trail.commands.words import install_words
from trail.depot.roots import (
    Root,
    is_current,
    is_settled,
    read_root,
    root_name,
    take_input,
    write_root,
)
from trail.errors import FetchError
from trail.model import EntryId, Names, Selection, SourceKind, SourcePackage, WheelFile
from trail.values import dataclass, replace
from trail.wheel.engine import choose_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trail.commands.context import Context
    from trail.commands.target import Python, Request
    from trail.depot.roots import Input
    from trail.depot.store import Entry, Stack
    from trail.index.client import IndexClient
    from trail.model import Pinned
    from trail.settings import Settings

__all__ = ["Installed", "install"]

_LOOKUPS = 16


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
    """

    python: Python
    entries: tuple[Entry, ...]
    stack: Stack
    inputs: tuple[Input, ...]
    new: int = 0
    downloaded: int = 0
    seconds: float = 0.0
    lasting: bool = True


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
    words = _words(context, request)
    record = stack.receiver.layout.root_file(root_name(str(python.root), words))
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
            seconds=time.monotonic() - begun,
        )
    if not request.wheels and not request.requirements:
        context = _with_lock(context, request)
    target = select(context, request, python)
    selection = target.selection
    decisive: tuple[Path, ...] = ()
    if not request.wheels and not request.requirements:
        selection, decisive = with_project(context, python.root, selection)
    # Before the build reads them: who changes one meanwhile builds once more.
    inputs = {item.path: item for item in (*target.inputs, *map(_as_input, decisive))}
    settings = replace(context.settings, index=target.index)
    sources_only = request.sources_only | settings.sources_only
    engine = choose_engine(settings.engine)
    with _client(settings, stack, context) as client:
        for url in _addresses(context):
            client.without_credentials(url)
        selection = _resolve(selection, python, client, sources_only)
        brought = bring(
            selection.wheels,
            stack=stack,
            client=client,
            engine=engine,
            settings=settings,
            reporter=context.reporter,
        )
        built: tuple[Entry, ...] = ()
        new = brought.new
        if selection.sources:
            from trail.commands.build import Builder  # noqa: PLC0415  # the resolver: 60 ms
            from trail.resolve.model import Options  # noqa: PLC0415  # the same

            with Builder(
                context,
                lambda: python.interpreter,
                stack=stack,
                client=client,
                engine=engine,
                settings=settings,
                options=Options(no_build=settings.wheels_only, no_binary=sources_only),
                beside=lambda: brought.entries,
            ) as builder:
                built = builder.build(selection.sources)
                new += builder.count
    installed = Installed(
        python=python,
        entries=(*brought.entries, *built),
        stack=stack,
        inputs=tuple(inputs.values()),
        new=new,
        downloaded=brought.downloaded,
        seconds=time.monotonic() - begun,
        # Each file of a folder that is built decides: too many to be remembered.
        lasting=not any(
            source.kind is SourceKind.DIRECTORY and not source.editable
            for source in selection.sources
        ),
    )
    if not request.wheels and installed.lasting:
        _remember(record, words, python, installed)
    return installed


def _with_lock(context: Context, request: Request) -> Context:
    """Lock first, if the project has no lock or changed since."""
    pyproject = context.project.pyproject if context.project is not None else None
    if context.project is None or pyproject is None:
        return context
    from trail.commands.lock import refresh_lock  # noqa: PLC0415  # 60 ms, rarely needed

    locking = refresh_lock(context, request.policy)
    if locking is None:
        return context
    count = len(locking.versions)
    context.reporter.say(f"locked {count} packages in {locking.path.name}")
    return replace(context, project=replace(context.project, lock_path=locking.path))


def _as_input(path: Path) -> Input:
    return take_input(str(path))[0]


def _addresses(context: Context) -> Iterator[str]:
    """The addresses in the project's requirements: locks leave their credentials out."""
    pyproject = context.project.pyproject if context.project is not None else None
    if pyproject is not None:
        parts = (pyproject.dependencies, *pyproject.extras.values(), *pyproject.groups.values())
        for requirement in (one for part in parts for one in part):
            if requirement.url is not None:
                yield requirement.url.removeprefix("git+")


def _client(settings: Settings, stack: Stack, context: Context) -> IndexClient:
    # Imported here: who has everything in the depot needs no httpx, which takes 100 ms.
    from trail.index.client import IndexClient  # noqa: PLC0415

    return IndexClient(
        settings.index,
        cache=stack.receiver.layout.index,
        offline=settings.offline,
        reporter=context.reporter,
    )


def _resolve(
    selection: Selection, python: Python, client: IndexClient, sources_only: Names
) -> Selection:
    """Ask the indexes which files the pinned distributions are."""
    if not selection.pinned:
        return selection
    interpreter = python.interpreter
    version = interpreter.environment["python_full_version"]
    from trail.index.choose import NoWheelError  # noqa: PLC0415  # as the client, see below

    def find(pin: Pinned) -> WheelFile | SourcePackage:
        build = pin.name in sources_only
        try:
            # No wheel fits where no tag is accepted.
            return client.resolve(pin, () if build else interpreter.tags, python=version)
        except NoWheelError as error:
            if error.source is not None:
                return error.source
            if not build:
                raise
            raise FetchError(
                f"`{pin.name}` {pin.version} has no source distribution that the lock allows, and"
                " its wheels may not be used",
                details=error.details,
            ) from error

    with ThreadPoolExecutor(_LOOKUPS, "look-up") as pool:
        found = tuple(pool.map(find, selection.pinned))
    return Selection(
        wheels=(*selection.wheels, *(one for one in found if isinstance(one, WheelFile))),
        sources=(*selection.sources, *(one for one in found if isinstance(one, SourcePackage))),
    )


def _words(context: Context, request: Request) -> tuple[str, ...]:
    inner = context.inner_version_file
    return install_words(
        context.environ,
        python=request.python or (f"from {inner}" if inner is not None else None),
        extras=request.extras,
        groups=request.groups,
        default_groups=request.default_groups,
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
        or (root.project, root.request) != (str(python.root), words)
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


def _remember(file: Path, words: tuple[str, ...], python: Python, installed: Installed) -> None:
    """Keep what was found out; a depot that cannot be written keeps nothing."""
    with contextlib.suppress(OSError):
        write_root(
            file,
            Root(
                project=str(python.root),
                request=words,
                entries=[entry.id for entry in installed.entries],
                inputs=installed.inputs,
                depots=[str(depot.layout.root) for depot in installed.stack.depots],
            ),
        )
