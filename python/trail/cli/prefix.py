"""`trail prefix path|show|link`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_printer,
    make_request,
    selection_options,
    strict_option,
)
from trail.cli.progress import choose_reporter
from trail.cli.settling import settle_in_background
from trail.commands.keep import LINK, prefix_words
from trail.commands.link import link_prefix
from trail.commands.remember import remember
from trail.commands.run import make_prefix

if TYPE_CHECKING:
    from trail.commands.install import Installed
    from trail.prefix.model import Prefix

__all__ = ["command"]


@click.group("prefix")
@common_options
def command() -> None:
    """Show the folder of links that programs run in; make it if needed."""


@command.command("path")
@selection_options
@strict_option
@index_options
@common_options
@click.pass_context
def path(context: click.Context, /, **options: object) -> None:
    """Print the prefix' folder, for scripts and editors."""
    _, prefix, _ = _make(context, options)
    click.echo(prefix.path)


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@selection_options
@strict_option
@index_options
@common_options
@click.pass_context
def show(context: click.Context, /, as_json: bool, **options: object) -> None:
    """Print what the prefix holds."""
    installed, prefix, _ = _make(context, options)
    interpreter = installed.python.interpreter
    if as_json:
        click.echo(
            json.dumps(
                {
                    "path": str(prefix.path),
                    "python": str(prefix.python),
                    "version": interpreter.version,
                    "site-packages": str(prefix.site_packages),
                    "entries": [entry.id for entry in installed.entries],
                },
                indent=2,
            )
        )
        return
    click.echo(f"path           {prefix.path}")
    click.echo(f"python         {interpreter.implementation} {interpreter.version}")
    click.echo(f"site-packages  {prefix.site_packages}")
    click.echo(f"packages       {len(installed.entries)}")
    for entry in sorted(installed.entries, key=lambda entry: entry.id):
        name, version, _ = entry.id.split("/")
        click.echo(f"  {name} {version}")


@command.command("link")
@click.option("--file", "as_file", is_flag=True, help="Write a file with the path, not a link.")
@selection_options
@strict_option
@index_options
@common_options
@click.pass_context
def link(context: click.Context, /, as_file: bool, **options: object) -> None:
    """Put a .venv into the project, for editors and type checkers.

    It points to the prefix of these options, and later runs with the same ones keep it current.
    """
    installed, prefix, words = _make(context, options)
    place = link_prefix(installed.python.place, prefix.path, as_file=as_file)
    remember(installed, (LINK, *words), prefix=str(prefix.path), name=LINK)
    make_printer(context).say(f"{place} points to {prefix.path}")


def _make(
    context: click.Context, options: dict[str, object]
) -> tuple[Installed, Prefix, tuple[str, ...]]:
    request, given = make_request(options)
    with choose_reporter(make_printer(context)) as reporter:
        world = make_context(context, reporter, **given)
        installed, prefix = make_prefix(world, request)
    settle_in_background(installed.stack)
    return installed, prefix, prefix_words(world, request)
