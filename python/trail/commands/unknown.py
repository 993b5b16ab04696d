"""Why a command of `trail run` cannot be started, and what would help."""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.errors import CommandError, TrailError
from trail.lock.pylock import read_pylock

if TYPE_CHECKING:
    from packaging.pylock import Package

    from trail.commands.context import Context
    from trail.commands.install import Installed
    from trail.commands.start import CannotStart
    from trail.commands.target import Request

__all__ = ["explain"]

_CLOSE = 3  # how many similar names are shown
_NOT_FOUND = 127


def explain(
    fault: CannotStart, context: Context, request: Request, installed: Installed, scripts: str
) -> CommandError:
    """Make the error for a command that cannot be started.

    Args:
        fault: what went wrong.
        context: where and how.
        request: which extras and groups were chosen.
        installed: what the prefix holds.
        scripts: the prefix' folder of scripts.
    """
    if fault.status != _NOT_FOUND or os.sep in fault.command:
        return CommandError(f"cannot run `{fault.command}`: {fault.reason}", exit_code=fault.status)
    details = []
    hint = None
    close = difflib.get_close_matches(fault.command, sorted(os.listdir(scripts)), _CLOSE)  # noqa: PTH208
    if close:
        details.append(("close", ", ".join(close)))
    package = _unselected(fault.command, context, installed)
    if package is not None:
        details.append(("package", f"{package.name}, locked but not selected"))
        details.append(("marker", str(package.marker or "none")))
        elsewhere = shutil.which(fault.command, path=context.environ.get("PATH"))
        if elsewhere is not None:
            details.append(("not used", elsewhere))
        hint = _choice(package, fault.command)
    elif context.project is not None and not request.wheels:
        hint = f"lock the package that provides it, or name a command of: {_some(scripts)}"
    return CommandError(
        f"cannot run `{fault.command}`: it was not found",
        exit_code=fault.status,
        details=tuple(details),
        hint=hint,
    )


def _unselected(command: str, context: Context, installed: Installed) -> Package | None:
    """Find a package of the lock that is not selected and provides the command."""
    if context.project is None:
        return None
    path = context.project.root / "pylock.toml"
    try:
        lock = read_pylock(path.read_bytes(), path)
    except (OSError, TrailError):
        return None
    selected = {entry.id.partition("/")[0] for entry in installed.entries}
    others = {package.name: package for package in lock.packages if package.name not in selected}
    for entry in installed.stack.entries():
        name = entry.id.partition("/")[0]
        if name in others and any(script.name == command for script in entry.facts.scripts):
            return others[canonicalize_name(name)]
    # Not in the depot: most packages name their command as themselves.
    return others.get(canonicalize_name(command))


def _choice(package: Package, command: str) -> str | None:
    """Turn the marker of a locked package into the option that selects it."""
    text = str(package.marker or "")
    for variable, option in (("dependency_groups", "--group"), ("extras", "--extra")):
        before, found, _ = text.partition(f'" in {variable}')
        if found:
            name = before.rpartition('"')[2]
            return f"trail run {option} {name} {command}"
    return None


def _some(scripts: str) -> str:
    names = sorted(path.name for path in Path(scripts).iterdir())
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")  # noqa: PLR2004  # a line
