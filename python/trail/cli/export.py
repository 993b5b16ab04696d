"""`trail export`."""

from __future__ import annotations

from typing import Any

import click

from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_request,
    selection_options,
)
from trail.commands.export import FORMATS, export
from trail.report import Reporter

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
@selection_options
@index_options
@common_options
@click.pass_context
def command(context: click.Context, /, form: str, **options: Any) -> None:
    """Write the lock in a form that other tools read, to standard output.

    `pylock` is for every target of the lock; the others are for this Python.
    """
    request, given = make_request(options)
    text = export(make_context(context, Reporter(), **given), request, form)
    click.echo(text, nl=False)
