"""`trail run`: install what is missing, make the prefix, and say what to execute."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from trail.commands.declared import strictness
from trail.commands.install import Installed, install
from trail.commands.link import refresh_link
from trail.commands.start import CannotStart, program, scripts_folder, surroundings
from trail.depot.roots import Root, root_name, write_root
from trail.prefix.build import ensure_prefix
from trail.prefix.model import Prefix, PrefixRequest
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.commands.context import Context
    from trail.commands.target import Request

__all__ = ["Ready", "make_prefix", "prepare"]


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


def make_prefix(context: Context, request: Request) -> tuple[Installed, Prefix]:
    """Install what is missing, and make or find the prefix.

    Args:
        context: where and how.
        request: what is asked for.

    Raises:
        TrailError: something of that is not possible.
    """
    installed = install(context, request)
    prefix = ensure_prefix(
        PrefixRequest(
            interpreter=installed.python.interpreter,
            entries=installed.entries,
            link_mode=context.settings.link_mode,
            strict=strictness(context, request, installed.python.root, installed.entries),
        ),
        installed.stack.receiver,
        context.reporter,
    )
    return installed, prefix


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
    installed, prefix = make_prefix(context, request)
    seconds = time.monotonic() - begun - installed.seconds
    if context.project is not None and context.inner_version_file is None:
        if installed.lasting:
            _remember(words, installed, prefix)
        refresh_link(installed.python.root, prefix.path)
    environ = surroundings(str(prefix.path), context.environ)
    try:
        arguments = program(command, str(prefix.path), environ)
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


def _remember(words: tuple[str, ...], installed: Installed, prefix: Prefix) -> None:
    """Leave what the fast path needs; without it the next start is only slower."""
    layout = installed.stack.receiver.layout
    project = str(installed.python.root)
    with contextlib.suppress(OSError):
        write_root(
            layout.root_file(root_name(project, words)),
            Root(
                project=project,
                request=words,
                prefix=str(prefix.path),
                entries=[entry.id for entry in installed.entries],
                inputs=installed.inputs,
                depots=[str(depot.layout.root) for depot in installed.stack.depots],
            ),
        )
