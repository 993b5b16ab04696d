"""What builds while requirements are resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.commands.build import Builder
from trail.commands.install import install
from trail.commands.target import Request, choose_python
from trail.errors import BuildError
from trail.resolve.model import Options
from trail.wheel.engine import choose_engine

if TYPE_CHECKING:
    from trail.commands.context import Context
    from trail.depot.store import Entry
    from trail.index.client import IndexClient

__all__ = ["builder_for"]


def builder_for(context: Context, client: IndexClient, options: Options) -> Builder:
    """Make what builds while requirements are resolved, for the project's Python.

    Args:
        context: where and how.
        client: fetches what is needed; stays open.
        options: what is not built, and what is not taken as a wheel.
    """
    stack = context.depots()
    known = stack.receiver.layout.interpreters
    return Builder(
        context,
        lambda: choose_python(context, Request(), known).interpreter,
        stack=stack,
        client=client,
        engine=choose_engine(context.settings.engine),
        settings=context.settings,
        options=Options(no_build=options.no_build, no_binary=options.no_binary),
        beside=lambda: _locked(context),
    )


def _locked(context: Context) -> tuple[Entry, ...]:
    """What the project uses so far: while it is locked anew, there is nothing else to ask."""
    if context.project is None or context.project.lock_path is None:
        raise BuildError(
            "what is built without isolation needs a lock that names what it is built beside",
            hint="lock that first, and then add what is built beside it",
        )
    return install(context, Request(policy="frozen", own=False)).entries
