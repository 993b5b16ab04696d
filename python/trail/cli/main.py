"""The group of all commands, and the one place where an error becomes text and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import click

from trail import __version__
from trail.cli.options import common_options, make_printer
from trail.errors import TrailError, UsageError

__all__ = ["main"]

# What ends trail as an interrupt does; a shell may have said to ignore it (nohup).
_ENDING = ("SIGTERM", "SIGHUP")

# Name, module below trail.cli, and help: modules are loaded when their command is used.
_COMMANDS = {
    "init": "Make a pyproject.toml.",
    "add": "Add requirements to the project, and lock.",
    "remove": "Remove requirements from the project, and lock.",
    "lock": "Resolve the project's requirements, and write pylock.toml.",
    "tree": "Show which package of the lock requires which.",
    "why": "Show why a package is in the lock.",
    "outdated": "Show which packages of the lock have newer releases.",
    "export": "Write the lock in a form that other tools read.",
    "install": "Put what the lock, or the arguments, names into the depot.",
    "run": "Run a command with the packages of the lock.",
    "prefix": "Show the folder of links that programs run in.",
    "depot": "Look into the depot, verify it, clean it up.",
    "interpreter": "Show the Pythons on this machine.",
    "doctor": "Check this machine, the depot and the project.",
}


class _Lazy(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module  # noqa: PLC0415  # with the modules, lazily

        command: click.Command = import_module(f"trail.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches  # noqa: PLC0415  # only when mistyped

            close = get_close_matches(args[0], _COMMANDS, 1)
            if close:
                raise UsageError(
                    f"there is no command `{args[0]}`", hint=f"trail {close[0]}"
                ) from error
            raise


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from trail.wheel.engine import choose_engine  # noqa: PLC0415  # not every command unpacks

    engine = choose_engine(os.environ.get("TRAIL_ENGINE") or "auto")
    version = ".".join(map(str, sys.version_info[:3]))
    click.echo(f"trail {__version__} ({engine.name} engine: {engine.reason}; Python {version})")
    context.exit()


@click.group(
    cls=_Lazy,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@common_options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the engine in use.",
)
@click.pass_context
def command_line(context: click.Context) -> None:
    """Python packages without virtualenvs: one verified depot, a lock, and links."""
    context.ensure_object(dict)


def main() -> int:
    """Run the command line.

    Returns:
        The exit code: 0 done, 1 refused or failed, 2 wrong usage; for `run` the command's own.
    """
    for number in (getattr(signal, name) for name in _ENDING if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    context: click.Context | None = None
    failure: TrailError
    try:
        with command_line.make_context("trail", sys.argv[1:]) as context:
            result = command_line.invoke(context)
            return result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        hint = f"{error.ctx.command_path} --help" if error.ctx is not None else None
        failure = UsageError(_lower(error.format_message()), hint=hint)
    except TrailError as error:
        failure = error
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Who read our output is gone, which is no fault; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # which no layer foresaw, such as a standard output on a full disk
        place = () if error.filename is None else (("file", os.fsdecode(error.filename)),)
        failure = TrailError(
            f"the system says: {_lower(error.strerror or str(error))}", details=place
        )
        failure.__cause__ = error
    make_printer(context or click.Context(command_line)).error(failure)
    return failure.exit_code


def _end(number: int, _: object) -> NoReturn:
    """End as on an interrupt: builds end too, and what is unfinished is removed."""
    sys.exit(128 + number)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
