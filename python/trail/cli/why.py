"""`trail why`."""

from __future__ import annotations

import click
from packaging.utils import canonicalize_name

from trail.cli.options import common_options, make_context
from trail.commands.graph import read_graph
from trail.report import Reporter

__all__ = ["command"]


@click.command("why")
@click.argument("name")
@common_options
@click.pass_context
def command(context: click.Context, name: str) -> None:
    """Show the shortest ways from the project to the package NAME."""
    graph = read_graph(make_context(context, Reporter()), all_members=True)
    chains = list(graph.chains(canonicalize_name(name)))
    for part, way in chains:
        steps = " -> ".join(map(graph.label, way))
        click.echo(f"{part}: {steps}")
    if not chains:
        click.echo(f"{graph.label(canonicalize_name(name))}: nothing requires it now")
