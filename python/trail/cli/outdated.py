"""`trail outdated`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from trail.cli.options import common_options, index_options, make_context, make_printer
from trail.cli.progress import choose_reporter
from trail.commands.outdated import outdated

if TYPE_CHECKING:
    from trail.commands.outdated import Outdated

__all__ = ["command"]


@click.command("outdated")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@index_options
@common_options
@click.pass_context
def command(context: click.Context, /, as_json: bool, **given: Any) -> None:
    """Show which packages of the lock have newer releases.

    Also those that were yanked, or that their index calls archived, deprecated or quarantined.
    """
    printer = make_printer(context)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        found = outdated(world)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    if not found:
        printer.say("every package is at its newest release")
        return
    rows = [("package", "locked", "newest", "status"), *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _row(one: Outdated) -> tuple[str, str, str, str]:
    status = "" if one.status == "active" else one.status
    return one.name, one.locked, one.newest, f"{status}: {one.reason}" if one.reason else status
