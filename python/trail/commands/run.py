"""`trail run`: install what is missing, make the prefix, and say what to execute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trail.commands.install import Installed, install
from trail.commands.keep import is_linked, prefix_words
from trail.commands.remember import remember
from trail.commands.start import CannotStart, program, scripts_folder, surroundings
from trail.prefix.build import ensure_prefix
from trail.prefix.model import Prefix, PrefixRequest
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.wheel.engine import Engine

__all__ = ["Ready", "link", "make_prefix", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A program that can be started.

    Args:
        arguments: the executable's path, and its arguments.
        environ: its environment.
        installed: what was installed for it.
        prefix: what it runs in.
        seconds: how long it took to find or make that.
    """

    arguments: list[str]
    environ: dict[str, str]
    installed: Installed
    prefix: Prefix
    seconds: float


def make_prefix(
    context: Context,
    request: Request,
    *,
    folders: tuple[Path, ...] = (),
    words: tuple[str, ...] | None = None,
) -> tuple[Installed, Prefix]:
    """Install what is missing, and make or find the prefix: `install`, then `link`."""
    installed = install(context, request)
    return installed, link(context, request, installed, folders=folders, words=words)


def link(
    context: Context,
    request: Request,
    installed: Installed,
    *,
    folders: tuple[Path, ...] = (),
    words: tuple[str, ...] | None = None,
) -> Prefix:
    """Make or find the prefix of what is installed.

    In a project it gets a root, and a `.venv` that was made for the same is led to it.

    Args:
        context: where and how.
        request: what is asked for.
        installed: what `install` said to it.
        folders: to be imported from as well.
        words: the root's name, where somebody looks for it.

    Raises:
        TrailError: the prefix cannot be made.
    """
    strict = None
    if context.settings.strict:
        from trail.commands.declared import strictness  # noqa: PLC0415  # few projects are

        strict = strictness(context, request, installed.python.root, installed.entries)
    prefix = ensure_prefix(
        PrefixRequest(
            interpreter=installed.python.interpreter,
            entries=installed.entries,
            editable_roots=folders,
            link_mode=context.settings.link_mode,
            code_archives=context.settings.code_archives,
            strict=strict,
        ),
        installed.stack.receiver,
        context.reporter,
        engine=lambda: _engine(context.settings.engine),
    )
    if context.project is not None:
        own = prefix_words(context, request)
        if context.inner_version_file is not None:
            words = None  # the fast path knows nothing of a version file further in
        if installed.lasting:
            # Strict prefixes and folders of notebooks name their project.
            portable = installed.portable and strict is None and not folders
            remember(
                installed,
                words or own,
                prefix=str(prefix.path),
                environ=context.environ if portable else None,
            )
        if is_linked(own, installed):
            from trail.commands.link import refresh_link  # noqa: PLC0415  # few projects have one

            refresh_link(installed.python.place, prefix.path)
    return prefix


def _engine(wanted: str) -> Engine:
    from trail.wheel.engine import choose_engine  # noqa: PLC0415  # only once for each prefix

    return choose_engine(wanted)


def prepare(
    context: Context, request: Request, command: Sequence[str], words: tuple[str, ...]
) -> Ready:
    """Do everything that comes before the program's start.

    Args:
        context: where and how.
        request: what is asked for.
        command: what to run, as `trail.commands.start.program` takes it.
        words: the name under which the fast path looks for the result.

    Raises:
        CommandError: there is no such command.
        TrailError: the prefix cannot be made.
    """
    begun = time.monotonic()
    installed, prefix = make_prefix(context, request, words=words)
    seconds = time.monotonic() - begun - installed.seconds
    environ = surroundings(str(prefix.path), context.environ)
    try:
        arguments = program(command, str(prefix.path), environ, installed.withheld)
    except CannotStart as fault:
        from trail.commands.unknown import explain  # noqa: PLC0415  # rarely needed

        raise explain(
            fault, context, request, installed, scripts_folder(str(prefix.path))
        ) from fault
    return Ready(
        arguments=arguments,
        environ=environ,
        installed=installed,
        prefix=prefix,
        seconds=seconds,
    )
