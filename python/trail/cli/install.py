"""`trail install`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_printer,
    make_request,
    selection_options,
)
from trail.cli.printer import human_size, human_time
from trail.cli.progress import choose_reporter
from trail.cli.settling import settle_in_background
from trail.commands.install import Installed, install
from trail.commands.run import link
from trail.commands.words import nothing_to_do, run_words
from trail.errors import UsageError
from trail.values import replace

if TYPE_CHECKING:
    from trail.cli.printer import Printer

__all__ = ["command", "summary"]


class _Install(click.Command):
    """Keeps the words as they were typed: `trail run` with the same options is to be fast."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.ensure_object(dict)["trail.install"] = [*args]
        return super().parse_args(ctx, args)


@click.command("install", cls=_Install)
@click.argument("words", metavar="[WHEEL|REQUIREMENT]...", nargs=-1)
@click.option(
    "-r",
    "--requirement",
    "requirements",
    metavar="FILE",
    multiple=True,
    help="Install what a requirements file or a pylock.NAME.toml names.",
)
@click.option(
    "--compile", "compiles", is_flag=True, help="Write the bytecode too, and wait for it."
)
@selection_options
@index_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    /,
    words: tuple[str, ...],
    requirements: tuple[str, ...],
    *,
    compiles: bool,
    **options: object,
) -> None:
    """Put what the lock, or the arguments, names into the depot.

    Without arguments: the project's pylock.toml, or its pinned requirements.txt; then the
    folder of links that `trail run` with the same options runs in is made as well.
    """
    printer = make_printer(context)
    request, given = make_request(options)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        request = replace(
            request,
            packages=tuple(word for word in words if not word.endswith(".whl")),
            requirements=tuple(world.start / path for path in requirements),
            wheels=tuple(world.start / word for word in words if word.endswith(".whl")),
        )
        if request.packages:
            if request.wheels or request.requirements:
                raise UsageError("requirements are installed by themselves, not beside files")
            world = replace(world, project=None)  # only they are meant
        installed = install(world, request)
        begun = time.monotonic()
        prefix = None
        if world.project is not None and not words and not requirements:
            typed = run_words(context.obj["trail.install"], world.environ)
            prefix = link(world, request, installed, words=typed)
            printer.note(f"`trail run` runs in {prefix.path}")
        installed = replace(installed, seconds=installed.seconds + time.monotonic() - begun)
    printer.say(summary(installed))
    _details(printer, installed)
    if compiles:
        from trail.commands.compile import compile_now  # noqa: PLC0415  # few ask for it

        begun = time.monotonic()
        files = compile_now(world, installed, prefix).files
        printer.say(f"compiled {files} files in {human_time(time.monotonic() - begun)}")
    settle_in_background(installed.stack)


def summary(installed: Installed) -> str:
    """Say in one line what an installation did."""
    count = len(installed.entries)
    if installed.new == 0:
        return nothing_to_do(count, installed.seconds)
    packages = "1 package" if count == 1 else f"{count} packages"
    size = f", {human_size(installed.downloaded)}" if installed.downloaded else ""
    return f"installed {packages} ({installed.new} new{size}) in {human_time(installed.seconds)}"


def _details(printer: Printer, installed: Installed) -> None:
    interpreter = installed.python.interpreter
    printer.note(
        f"for {interpreter.implementation} {interpreter.version} ({interpreter.executable})"
    )
    for entry in installed.entries:
        printer.note(f"  {entry.id}")
