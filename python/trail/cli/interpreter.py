"""`trail interpreter list|find`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from trail.cli.options import common_options, make_context, make_printer
from trail.commands.target import Request, choose_python
from trail.interpreter.find import all_interpreters
from trail.report import Reporter

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.group("interpreter")
@common_options
def command() -> None:
    """Show the Pythons on this machine."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """List the Pythons that `-p` can name."""
    world = make_context(context, Reporter())
    known = world.depots().receiver.layout.interpreters
    skipped: list[tuple[Path, str]] = []
    found = list(all_interpreters(world.places(known), skipped=skipped))
    if as_json:
        rows = [
            {
                "version": one.version,
                "implementation": one.implementation,
                "path": str(one.executable),
            }
            for one in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for one in found:
        click.echo(f"{one.implementation} {one.version:<10} {one.executable}")
    printer = make_printer(context)
    for path, reason in skipped:
        printer.note(f"skipped {path}: {reason}")


@command.command("find")
@click.argument("request", required=False)
@common_options
@click.pass_context
def find(context: click.Context, request: str | None) -> None:
    """Print the path of the Python that REQUEST, or the project, means."""
    world = make_context(context, Reporter())
    known = world.depots().receiver.layout.interpreters
    click.echo(choose_python(world, Request(python=request), known).interpreter.executable)
