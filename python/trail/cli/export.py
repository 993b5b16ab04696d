"""`trail export`."""

from __future__ import annotations

from typing import Any

import click

from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_printer,
    make_request,
    selection_options,
)
from trail.cli.progress import choose_reporter
from trail.commands.export import FORMATS, export

__all__ = ["command"]


@click.command("export")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="requirements",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--no-hashes",
    is_flag=True,
    help="Leave hashes out of `requirements`, as pip wants for folders.",
)
@selection_options
@index_options
@common_options
@click.pass_context
def command(context: click.Context, /, form: str, no_hashes: bool, **options: Any) -> None:
    """Write the lock in a form that other tools read, to standard output.

    `pylock` is for every target of the lock; the others are for this Python.
    """
    request, given = make_request(options)
    with choose_reporter(make_printer(context)) as reporter:
        world = make_context(context, reporter, **given)
        text = export(world, request, form, hashed=not no_hashes)
    click.echo(text, nl=False)
