"""Options that every command takes, before or after its name, and what they amount to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trail.cli.printer import Printer
from trail.commands.context import Context
from trail.errors import UsageError
from trail.model import Names
from trail.settings import Overrides
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trail.commands.target import Request
    from trail.report import Reporter

__all__ = [
    "Common",
    "common",
    "common_options",
    "index_options",
    "make_context",
    "make_names",
    "make_printer",
    "make_request",
    "member_option",
    "selection_options",
    "strict_option",
]

F = TypeVar("F", bound="Callable[..., Any]")

_KEY = "trail.common"


@dataclass(slots=True)
class Common:
    """The values of the common options; the command's own win over the group's."""

    offline: bool = False
    verbosity: int = 0
    color: str = "auto"
    depot: str | None = None
    project: Path | None = None


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    common: Common = context.ensure_object(dict).setdefault(_KEY, Common())
    match parameter.name:
        case "offline":
            common.offline |= value
        case "verbose":
            common.verbosity += value
        case "quiet":
            common.verbosity -= value
        case "color" if value is not None:
            common.color = value
        case "depot" if value is not None:
            common.depot = value
        case "project" if value is not None:
            common.project = Path(value)


def common_options(function: F) -> F:
    """Add the options to a command or group; `common` gives their values."""
    options = (
        ("--offline", {"is_flag": True, "help": "Use nothing but what is on this machine."}),
        ("-v, --verbose", {"count": True, "help": "Say more; twice: also where errors come from."}),
        ("-q, --quiet", {"count": True, "help": "Say less."}),
        (
            "--color",
            {"type": click.Choice(["auto", "always", "never"]), "help": "When to use colours."},
        ),
        ("--depot", {"metavar": "PATH", "help": "The depot to use (also TRAIL_DEPOT)."}),
        (
            "--project",
            {
                "metavar": "FOLDER",
                "type": click.Path(exists=True, file_okay=False),
                "help": "Work as if started in this folder.",
            },
        ),
    )
    for names, settings in reversed(options):
        option = click.option(*names.split(", "), callback=_keep, expose_value=False, **settings)
        function = option(function)
    return function


def common(context: click.Context) -> Common:
    """The common options' values."""
    value: Common = context.ensure_object(dict).setdefault(_KEY, Common())
    return value


def selection_options(function: F) -> F:
    """Add the options that choose from the lock: Python, extras, groups."""
    options = (
        click.option(
            "-p", "--python", metavar="VERSION", help="The Python to use: 3.12, >=3.9, a path."
        ),
        click.option("--extra", "extras", metavar="NAME", multiple=True, help="With this extra."),
        click.option(
            "--group", "groups", metavar="NAME", multiple=True, help="With this dependency group."
        ),
        click.option(
            "--no-default-groups", is_flag=True, help="Without the groups that are on by default."
        ),
        click.option(
            "--package", "members", metavar="NAME", multiple=True, help="Of this workspace member."
        ),
        click.option("--all-packages", "all_members", is_flag=True, help="Of all members."),
        click.option("--locked", is_flag=True, help="Refuse where the lock would change."),
        click.option("--frozen", is_flag=True, help="Take the lock as it is."),
        click.option("--no-build", is_flag=True, help="Build nothing but the project itself."),
        click.option(
            "--no-build-package",
            "--only-binary",
            "no_build_package",
            metavar="NAME",
            multiple=True,
            help="Do not build this package.",
        ),
        click.option(
            "--no-binary", is_flag=True, help="Build everything, even where there is a wheel."
        ),
        click.option(
            "--no-binary-package", metavar="NAME", multiple=True, help="Build this package."
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


def strict_option(function: F) -> F:
    """Add the option that decides about the project's `strict`."""
    return click.option(
        "--strict/--no-strict",
        default=None,
        help="Refuse what project code imports without declaring it, or do not.",
    )(function)


def member_option(function: F) -> F:
    """Add the option that names one project of a workspace."""
    option = click.option("--package", "member", metavar="NAME", help="Of this workspace member.")
    return option(function)


def index_options(function: F) -> F:
    """Add the options that say where packages come from, and how they are linked."""
    options = (
        click.option("--index-url", metavar="URL", help="The index, instead of PyPI."),
        click.option(
            "--extra-index-url",
            "extra_index_urls",
            metavar="URL",
            multiple=True,
            help="An index to ask before it.",
        ),
        click.option(
            "--find-links",
            metavar="PLACE",
            multiple=True,
            help="A folder or page with links to wheels.",
        ),
        click.option("--no-index", is_flag=True, help="Use only --find-links."),
        click.option(
            "--refresh", is_flag=True, help="Ask the index about what it said before, fresh or not."
        ),
        click.option(
            "--refresh-package",
            metavar="NAME",
            multiple=True,
            help="Ask the index about this package.",
        ),
        click.option(
            "--link-mode",
            type=click.Choice(["auto", "hardlink", "copy"]),
            help="How prefixes are made.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def make_request(options: Mapping[str, Any]) -> tuple[Request, dict[str, Any]]:
    """Take a command's options apart into what is asked for and what is configured."""
    from trail.commands.target import Request  # noqa: PLC0415  # not every command makes one

    rest = dict(options)
    request = Request(
        python=rest.pop("python"),
        extras=rest.pop("extras"),
        groups=rest.pop("groups"),
        default_groups=not rest.pop("no_default_groups"),
        members=rest.pop("members"),
        all_members=rest.pop("all_members"),
        policy=_policy(rest.pop("locked"), rest.pop("frozen")),
        sources_only=make_names(rest.pop("no_binary_package"), everything=rest.pop("no_binary")),
    )
    return request, rest


def make_names(words: Iterable[str], *, everything: bool = False) -> Names:
    """Read the values of an option that names packages; `:all:` is all of them, as in pip.

    Args:
        words: names, also several with commas between them.
        everything: whether all packages are meant in any case.
    """
    return Names.read(words) | Names(everything=everything)


def _policy(locked: bool, frozen: bool) -> str:
    if locked and frozen:
        raise UsageError("`--locked` and `--frozen` exclude each other")
    return "locked" if locked else "frozen" if frozen else "auto"


def make_printer(context: click.Context) -> Printer:
    """The printer that the options ask for."""
    options = common(context)
    return Printer.choose(sys.stderr, os.environ, options.color, options.verbosity)


def make_context(context: click.Context, reporter: Reporter, **given: Any) -> Context:
    """Read the settings, once, and give what commands need of the world.

    Args:
        context: of the command.
        reporter: told of progress and warnings.
        given: fields of `trail.settings.Overrides`; an option that was not given leaves the
            setting to the environment and the files.
    """
    options = common(context)
    try:
        start = (options.project or Path.cwd()).resolve()
        depots = (Path(options.depot).absolute(),) if options.depot else None
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder does not exist any more", hint="cd to one that does"
        ) from error
    # `--no-strict` is the one option that says no.
    said = {name: value for name, value in given.items() if value or name == "strict"}
    if options.offline and ("refresh" in said or "refresh_package" in said):
        raise UsageError("`--refresh` and `--offline` exclude each other")
    overrides = Overrides(offline=options.offline or None, depots=depots, **said)
    return Context.make(
        start=start, environ=dict(os.environ), overrides=overrides, reporter=reporter
    )
