"""`trail add`."""

from __future__ import annotations

from pathlib import Path
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
from trail.commands.change import add, place_of
from trail.errors import UsageError

__all__ = ["command"]


@click.command("add")
@click.argument("requirements", metavar="[REQUIREMENT...]", nargs=-1)
@click.option(
    "-r",
    "--requirement",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Add what a requirements file names; may be given several times.",
)
@click.option("--extra", metavar="NAME", help="Add to this extra.")
@click.option("--group", metavar="NAME", help="Add to this dependency group.")
@click.option("--dev", "group", flag_value="dev", help="The same as --group dev.")
@click.option("--editable", is_flag=True, help="Use the folders that are named in place.")
@member_option
@resolution_options
@index_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    /,
    requirements: tuple[str, ...],
    extra: str | None,
    group: str | None,
    member: str | None,
    **given: Any,
) -> None:
    """Add requirements to pyproject.toml, and lock.

    A path of a folder, a wheel or a source distribution is added with a source that names it.
    Where that is not possible, nothing is changed.
    """
    files: tuple[Path, ...] = given.pop("files")
    if not requirements and not files:
        raise UsageError(
            "nothing is named to be added", hint="trail add NAME, or trail add -r FILE"
        )
    printer = make_printer(context)
    editable = given.pop("editable")
    options = make_options(given)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        place = place_of(extra, group)
        changed = add(
            world, requirements, place, options, member=member, editable=editable, files=files
        )
    report(printer, changed.locking)
    if changed.requirements:
        printer.say(f"added {', '.join(changed.requirements)}")
    if changed.unchanged:
        printer.say(f"already there: {', '.join(changed.unchanged)}")
