"""`trail tree`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from packaging.utils import canonicalize_name

from trail.cli.options import common_options, make_context, member_option
from trail.commands.graph import read_graph
from trail.report import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.commands.graph import Node

__all__ = ["command"]


@click.command("tree")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--invert", is_flag=True, help="Show what requires NAME, not what it requires.")
@member_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    invert: bool,
    as_json: bool,
    member: str | None,
) -> None:
    """Show which package of the lock requires which.

    A package whose requirements are shown above is marked (*). What is built from sources says
    so: no wheel fits the Python at hand, or none may be used.
    """
    graph = read_graph(make_context(context, Reporter()), (member,) if member is not None else ())
    wanted = tuple(canonicalize_name(name) for name in names)
    for name in wanted:
        graph.check(name)
    if invert and not wanted:
        required = graph.requires
        wanted = tuple(sorted(name for name in graph.versions if not required.get(name)))
    parts = {"": wanted} if wanted else graph.roots
    trees = {part: graph.tree(tuple(found), invert=invert) for part, found in parts.items()}
    if as_json:
        click.echo(
            json.dumps({part: [_data(node) for node in tree] for part, tree in trees.items()})
        )
        return
    for part, tree in trees.items():
        if part and tree:
            click.echo(f"{part}:")
        for node in tree:
            for line in _lines(node):
                click.echo(line)


def _lines(node: Node, first: str = "", rest: str = "") -> Iterator[str]:
    built = f" (built from {node.built})" if node.built else ""
    version = f" {node.version}" if node.version else ""  # that of a folder is not locked
    yield f"{first}{node.name}{version}{built}{' (*)' if node.repeated else ''}"
    for number, child in enumerate(node.children):
        last = number == len(node.children) - 1
        yield from _lines(
            child, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   ")
        )


def _data(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "version": node.version or None,
        "built": node.built,
        "children": [_data(child) for child in node.children],
    }
