"""Provide what the depot does not hold yet: ask indexes, download, unpack, build.

Whoever has everything never comes here, and does not wait for the imports of it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from trail.commands.bring import bring
from trail.commands.install import Provided
from trail.errors import FetchError
from trail.index.choose import NoWheelError
from trail.index.client import IndexClient
from trail.model import Names, Selection, SourcePackage, WheelFile
from trail.values import replace
from trail.wheel.engine import choose_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.commands.context import Context
    from trail.commands.target import Python, Request, Target
    from trail.depot.store import Entry, Stack
    from trail.model import Pinned
    from trail.settings import Settings

__all__ = ["provide"]

_LOOKUPS = 16


def provide(
    context: Context, request: Request, python: Python, target: Target, stack: Stack
) -> Provided:
    """Bring or build every distribution of a selection.

    Args:
        context: where and how.
        request: what is asked for.
        python: the interpreter, and the project's folder.
        target: the selection, and the index settings that hold for it.
        stack: the depots.

    Raises:
        TrailError: something could not be brought or built.
    """
    settings = replace(context.settings, index=target.index)
    wheels_only = target.selection.wheels_only | settings.wheels_only
    sources_only = target.selection.sources_only | request.sources_only | settings.sources_only
    engine = choose_engine(settings.engine)
    with _client(settings, stack, context) as client:
        for url in _addresses(context):
            client.without_credentials(url)
        selection = _resolve(target.selection, python, client, sources_only)
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
                options=Options(no_build=wheels_only, no_binary=sources_only),
                beside=lambda: brought.entries,
            ) as builder:
                built = builder.build(selection.sources)
                new += builder.count
    return Provided(entries=(*brought.entries, *built), new=new, downloaded=brought.downloaded)


def _client(settings: Settings, stack: Stack, context: Context) -> IndexClient:
    return IndexClient(
        settings.index,
        cache=stack.receiver.layout.index,
        engine=settings.engine,
        offline=settings.offline,
        reporter=context.reporter,
    )


def _addresses(context: Context) -> Iterator[str]:
    """The addresses in the project's requirements: locks leave their credentials out."""
    pyproject = context.project.pyproject if context.project is not None else None
    if pyproject is not None:
        parts = (pyproject.dependencies, *pyproject.extras.values(), *pyproject.groups.values())
        for requirement in (one for part in parts for one in part):
            if requirement.url is not None:
                yield requirement.url.removeprefix("git+")


def _resolve(
    selection: Selection, python: Python, client: IndexClient, sources_only: Names
) -> Selection:
    """Ask the indexes which files the pinned distributions are."""
    if not selection.pinned:
        return selection
    interpreter = python.interpreter
    version = interpreter.environment["python_full_version"]

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
