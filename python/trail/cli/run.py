"""`trail run`."""

from __future__ import annotations

import os
import sys

import click

from trail.cli.install import summary
from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_printer,
    make_request,
    selection_options,
    strict_option,
)
from trail.cli.printer import Printer, human_time
from trail.cli.progress import choose_reporter
from trail.cli.settling import settle_in_background
from trail.commands.each import run_each, split_pythons
from trail.commands.run import prepare
from trail.commands.start import CannotStart, compile_in_background, start
from trail.commands.words import WITH_VALUE, run_words, split_words
from trail.errors import CommandError, UsageError
from trail.values import replace

__all__ = ["command"]


class _Run(click.Command):
    """Leaves the words of the command alone, `-m MODULE` and its options included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options, words = split_words(args)
        ctx.ensure_object(dict)["trail.run"] = (options, words)
        return super().parse_args(ctx, [*options])  # which it empties

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[--]", "COMMAND", "[ARGUMENT]..."]


@click.command("run", cls=_Run)
@click.option(
    "--with", "packages", metavar="REQUIREMENT", multiple=True, help="With this package as well."
)
@click.option(
    "--jobs",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=1,
    help="With several -p: so many at a time.",
)
@selection_options
@strict_option
@index_options
@common_options
@click.pass_context
def command(
    context: click.Context, /, packages: tuple[str, ...], *, jobs: int, **given: object
) -> int:
    """Run a command with the packages of the lock.

    COMMAND is python, a SCRIPT.py, -m MODULE, a console script of a locked package, or any
    program. What is missing is installed first. The exit code is the command's.

    With several -p the command runs on each of these Pythons, and a table says what came of it.
    """
    options, words = context.obj["trail.run"]
    if not words:
        raise UsageError("there is nothing to run", hint="trail run python")
    printer = make_printer(context)
    pythons, others = split_pythons(options, WITH_VALUE)
    if len(pythons) > 1:
        return _on_each(printer, pythons, others, words, jobs=jobs)
    request, given = make_request(given)
    request = replace(request, packages=packages)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        ready = prepare(world, request, words, run_words(options, world.environ))
    if ready.installed.new:
        printer.say(summary(ready.installed))
    count = len(ready.installed.entries)
    done = "linked" if ready.prefix.created else "found the links of"
    printer.note(f"{done} {count} packages in {human_time(ready.seconds)}: {ready.prefix.path}")
    settle_in_background(ready.installed.stack)
    compile_in_background(str(ready.prefix.path), world.environ)
    try:
        start(ready.arguments, ready.environ)
    except CannotStart as fault:
        raise CommandError(
            f"cannot run `{fault.command}`: {fault.reason}", exit_code=fault.status
        ) from fault


def _on_each(
    printer: Printer, pythons: list[str], options: list[str], words: list[str], *, jobs: int
) -> int:
    """Run the command on each Python; the exit code is that of the first one that failed."""
    outcomes = []
    for outcome in run_each(
        pythons,
        options,
        words,
        environ=dict(os.environ),
        jobs=jobs,
        begin=lambda python: printer.say(f"== Python {python}"),
    ):
        outcomes.append(outcome)
        if outcome.output is not None and outcome.errors is not None:
            printer.say(f"== Python {outcome.python}")
            for stream, data in ((sys.stderr, outcome.errors), (sys.stdout, outcome.output)):
                stream.buffer.write(data)
                stream.flush()
    width = max(map(len, pythons))
    printer.say("")
    for outcome in outcomes:
        result = "ok" if outcome.code == 0 else f"exit code {outcome.code}"
        printer.say(f"{outcome.python:<{width}}  {result:<13}  {human_time(outcome.seconds)}")
    return next((outcome.code for outcome in outcomes if outcome.code), 0)
