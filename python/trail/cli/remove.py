"""`trail remove`."""

from __future__ import annotations

from typing import Any

import click

from trail.cli.lock import make_options, report, resolution_options
from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_printer,
    member_option,
)
from trail.cli.progress import choose_reporter
from trail.commands.change import place_of, remove

__all__ = ["command"]


@click.command("remove")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--extra", metavar="NAME", help="Remove from this extra.")
@click.option("--group", metavar="NAME", help="Remove from this dependency group.")
@click.option("--dev", "group", flag_value="dev", help="The same as --group dev.")
@member_option
@resolution_options
@index_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    /,
    names: tuple[str, ...],
    extra: str | None,
    group: str | None,
    member: str | None,
    **given: Any,
) -> None:
    """Remove requirements from pyproject.toml, and lock.

    Where that is not possible, nothing is changed.
    """
    printer = make_printer(context)
    options = make_options(given)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        changed = remove(world, names, place_of(extra, group), options, member=member)
    report(printer, changed.locking)
    printer.say(f"removed {', '.join(changed.requirements)}")
