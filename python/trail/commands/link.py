"""`.venv` in a project, for editors and type checkers: a link to the prefix, or a file.

The file is the draft PEP 832's: one line with the path, for where links are not wanted. Both
are kept current by later runs, and nothing that trail did not make is ever replaced.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trail.errors import PrefixError
from trail.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["link_prefix", "refresh_link"]

NAME = ".venv"

_LONG = "\\\\?\\"  # how Windows gives the target of a junction


def link_prefix(root: Path, prefix: Path, *, as_file: bool) -> Path:
    """Make `.venv`, or replace the one that trail made before.

    Args:
        root: the project's folder.
        prefix: the prefix' folder.
        as_file: whether to write a file rather than a link.

    Returns:
        The path of `.venv`.

    Raises:
        PrefixError: there is a `.venv` that trail did not make, or it cannot be written.
    """
    place = root / NAME
    if os.path.lexists(place) and _points_to(place, prefix.parent) is None:
        raise PrefixError(
            f"`{place}` is there already, and trail did not make it",
            hint=f"move it away first: mv {NAME} old{NAME}",
        )
    try:
        _write(place, prefix, as_file=as_file)
    except OSError as error:
        raise PrefixError(f"cannot make `{place}`: {error.strerror or error}") from error
    return place


def refresh_link(root: Path, prefix: Path) -> bool:
    """Let a `.venv` that trail made point to the prefix that is in use now.

    Args:
        root: the project's folder.
        prefix: the prefix' folder.

    Returns:
        Whether it was changed; one that cannot be written stays as it is.
    """
    place = root / NAME
    target = _points_to(place, prefix.parent)
    if target is None or target == os.fspath(prefix):
        return False
    try:
        _write(place, prefix, as_file=place.is_file())
    except OSError:
        return False
    return True


def _points_to(place: Path, prefixes: Path) -> str | None:
    """Read where `.venv` points; None unless that is a prefix of this depot."""
    try:
        target = os.readlink(place).removeprefix(_LONG)  # noqa: PTH115  # junctions as well
    except OSError:  # no link
        try:
            target = place.read_text("utf-8").strip() if place.is_file() else ""
        except (OSError, UnicodeDecodeError):
            return None
    return target if os.path.dirname(target) == os.fspath(prefixes) else None  # noqa: PTH120


def _write(place: Path, prefix: Path, *, as_file: bool) -> None:
    if as_file:
        if place.is_symlink():
            place.unlink()
        write_atomic(place, os.fsencode(f"{prefix}\n"))
        return
    if os.name == "nt":
        from trail.prefix.platform_windows import WindowsPlatform  # noqa: PLC0415  # only there

        # A symbolic link would need a privilege there, and a junction cannot replace anything.
        if os.path.lexists(place):
            (place.unlink if place.is_file() else place.rmdir)()
        WindowsPlatform().link_folder(os.fspath(prefix), os.fspath(place))
        return
    temporary = place.with_name(f"{NAME}.{os.getpid()}")
    temporary.symlink_to(prefix, target_is_directory=True)
    temporary.replace(place)
