"""`trail outdated`."""

from __future__ import annotations

import json
from typing import Any

import click

from trail.cli.options import common_options, index_options, make_context, make_printer
from trail.cli.progress import choose_reporter
from trail.commands.outdated import outdated

__all__ = ["command"]


@click.command("outdated")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@index_options
@common_options
@click.pass_context
def command(context: click.Context, /, as_json: bool, **given: Any) -> None:
    """Show which packages of the lock have newer releases."""
    printer = make_printer(context)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        found = outdated(world)
    if as_json:
        rows = [{"name": one.name, "locked": one.locked, "newest": one.newest} for one in found]
        click.echo(json.dumps(rows, indent=2))
        return
    if not found:
        printer.say("every package is at its newest release")
        return
    width = max(len(one.name) for one in found)
    locked = max(len(one.locked) for one in found)
    for one in found:
        click.echo(f"{one.name:<{width}}  {one.locked:<{locked}}  {one.newest}")
