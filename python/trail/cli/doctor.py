"""`trail doctor`."""

from __future__ import annotations

import click

from trail.cli.options import common_options, make_context
from trail.commands.doctor import examine
from trail.report import Reporter

__all__ = ["command"]

_SIGNS = {True: "ok", False: "fault", None: "note"}


@click.command("doctor")
@common_options
@click.pass_context
def command(context: click.Context) -> None:
    """Check this machine, the depot and the project; exit code 1 if something is wrong."""
    faults = 0
    for finding in examine(make_context(context, Reporter())):
        faults += finding.good is False
        click.echo(f"{_SIGNS[finding.good]:<6} {finding.subject:<8} {finding.text}")
        if finding.hint is not None:
            click.echo(f"{'':<15} hint: {finding.hint}")
    context.exit(1 if faults else 0)
