"""`trail init`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from trail.cli.options import common, common_options, make_printer
from trail.errors import ProjectError
from trail.files import write_atomic
from trail.project.edit import new_pyproject

__all__ = ["command"]


@click.command("init")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--name", help="The project's name.  [default: the folder's]")
@common_options
@click.pass_context
def command(context: click.Context, folder: Path | None, name: str | None) -> None:
    """Make a pyproject.toml in this folder, or in FOLDER, which need not be there yet."""
    folder = Path(common(context).project or Path.cwd(), folder or "").resolve()
    path = folder / "pyproject.toml"
    if path.exists():
        raise ProjectError(f"`{path}` is there already", hint="trail add NAME")
    text = new_pyproject(
        name or _name(folder), f">={sys.version_info.major}.{sys.version_info.minor}"
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    except OSError as error:
        raise ProjectError(f"cannot write `{path}`: {error.strerror or error}") from error
    make_printer(context).say(f"made {path}")


def _name(folder: Path) -> str:
    """Turn a folder's name into a distribution's (PEP 508)."""
    return re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-").lower() or "project"
