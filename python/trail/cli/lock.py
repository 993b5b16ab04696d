"""`trail lock`, and the options of all commands that resolve."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trail.cli.options import (
    common_options,
    index_options,
    make_context,
    make_names,
    make_printer,
)
from trail.cli.progress import choose_reporter
from trail.commands.lock import check_lock, keep_lock, make_lock
from trail.commands.outside import outside_in, outside_of
from trail.commands.unchanged import Memory
from trail.errors import UsageError
from trail.moments import spell_moment
from trail.resolve.model import Options, Prerelease, Strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from trail.cli.printer import Printer
    from trail.commands.locking import Locking

__all__ = ["command", "make_options", "report", "resolution_options"]

F = TypeVar("F", bound="Callable[..., Any]")


def resolution_options(function: F) -> F:
    """Add the options that say which versions are chosen."""
    options = (
        click.option("-U", "--upgrade", is_flag=True, help="Let the locked versions go."),
        click.option(
            "--upgrade-package",
            "upgrade_packages",
            metavar="NAME",
            multiple=True,
            help="Let the locked version of this package go.",
        ),
        click.option(
            "--resolution",
            type=click.Choice([str(strategy) for strategy in Strategy]),
            help="Which versions are tried first.  [default: highest]",
        ),
        click.option(
            "--prerelease",
            type=click.Choice([str(prerelease) for prerelease in Prerelease]),
            help="Whether pre-releases may be chosen.  [default: if-necessary]",
        ),
        click.option(
            "--exclude-newer",
            metavar="DATE|AGE",
            callback=_check_moment,
            help="Leave out what was uploaded since: 2026-01-31, or 7d.",
        ),
        click.option("--no-build", is_flag=True, help="Take wheels only."),
        click.option(
            "--no-build-package",
            "--only-binary",
            "no_build_packages",
            metavar="NAME",
            multiple=True,
            help="Take this package as a wheel only.",
        ),
        click.option("--no-binary", is_flag=True, help="Take source distributions only."),
        click.option(
            "--no-binary-package",
            "no_binary_packages",
            metavar="NAME",
            multiple=True,
            help="Take this package as a source distribution only.",
        ),
        click.option(
            "--no-build-isolation-package",
            metavar="NAME",
            multiple=True,
            help="Build this package beside the others, not in a prefix of its own.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _check_moment(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    try:
        return value and spell_moment(value)
    except ValueError as error:
        raise UsageError(
            f"`{value}` is no date and no duration", hint="write 2026-01-31, or 7d"
        ) from error


def make_options(options: dict[str, Any]) -> Options:
    """Take what is for one run alone out of a command's options; the rest are settings."""
    return Options(
        upgrade=make_names(options.pop("upgrade_packages"), everything=options.pop("upgrade")),
        no_build=make_names(options.pop("no_build_packages"), everything=options.pop("no_build")),
        no_binary=make_names(
            options.pop("no_binary_packages"), everything=options.pop("no_binary")
        ),
    )


@click.command("lock")
@click.option("--check", is_flag=True, help="Only say whether the lock meets the project.")
@resolution_options
@index_options
@common_options
@click.pass_context
def command(context: click.Context, /, check: bool, **given: Any) -> None:
    """Resolve the requirements for every target of the project, and write pylock.toml.

    Versions that are locked already stay, unless --upgrade lets them go.
    """
    printer = make_printer(context)
    options = make_options(given)
    with choose_reporter(printer) as reporter:
        world = make_context(context, reporter, **given)
        memory = Memory(world)
        kept = check_lock(world, options) if check else keep_lock(world, options)
        if kept is not None:
            meets = _meets(len(kept.packages))
            memory.keep(outside_of(kept), _notes(meets, check=check, complete=True))
            printer.say(meets if check else f"nothing to do: {meets}")
            return
        locking = make_lock(world, options)
        locking.write()
        notes = _notes(_meets(locking.count), check=False, complete=locking.complete)
        memory.keep(outside_in(locking.document), notes, written=locking.data)
    report(printer, locking)


def _notes(meets: str, *, check: bool, complete: bool) -> dict[tuple[str, ...], str]:
    """What the same command may say the next time, and `--check` after a lock without options.

    Args:
        meets: that the lock meets the project, in words.
        check: whether that is all that was asked.
        complete: whether to lock again would change nothing.
    """
    if sys.argv[1:2] != ["lock"]:  # options before the command's name are never replayed
        return {}
    words = tuple(sys.argv[2:])
    notes = {words: meets if check else f"nothing to do: {meets}"} if check or complete else {}
    return notes if words else {**notes, ("--check",): meets}


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _meets(count: int) -> str:
    return f"the lock meets the project ({_count(count, 'package')})"


def report(printer: Printer, locking: Locking) -> None:
    """Say how a lock differs from the one before."""
    packages = _count(locking.count, "package")
    done = "locked" if locking.changed else "nothing to do:"
    # At once: each line by itself is a call of the system.
    result = f"{done} {packages} for {_count(len(locking.targets), 'target')}"
    printer.say("\n".join((*locking.differences(), result)))
    for target in locking.targets:
        printer.note(f"  {target}")
