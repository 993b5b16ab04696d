"""Which targets a lock is to cover: those that the project's Pythons and platforms give."""

from __future__ import annotations

import platform
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker
from packaging.version import Version

from trail.errors import InterpreterError, ProjectError, SettingsError
from trail.resolve.accepted import accepted_by
from trail.resolve.model import Target
from trail.resolve.targets import (
    DEFAULT_PLATFORMS,
    make_environments,
    make_targets,
    parse_platform,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from trail.commands.context import Context
    from trail.interpreter.model import Interpreter
    from trail.project.workspace import Workspace
    from trail.resolve.targets import Platform
    from trail.settings import Settings

__all__ = ["AtHand", "covered_environments", "covered_targets", "target_here"]


def covered_targets(context: Context, workspace: Workspace) -> tuple[Target, ...]:
    """Make the targets that a lock is to cover.

    Args:
        context: where and how.
        workspace: the projects that it is for.

    Raises:
        ProjectError: there are none.
        SettingsError: a setting names what is no platform, or holds what is no marker.
    """
    targets = make_targets(workspace.requires_python, _platforms(context))
    if not targets:
        raise _no_python(workspace)
    wanted = _wanted(context.settings, workspace.root.path.name)
    found = tuple(target for target in targets if wanted(target.environment))
    if not found:
        raise ProjectError("`environments` leaves no target to lock for")
    return found


def covered_environments(context: Context, workspace: Workspace) -> list[Mapping[str, str]]:
    """Give the marker values of these targets, without their tags.

    Args:
        context: where and how.
        workspace: the projects that the lock is for.

    Raises:
        SettingsError: as for the targets.
    """
    wanted = _wanted(context.settings, workspace.root.path.name)
    found = make_environments(workspace.requires_python, _platforms(context))
    return [environment for environment in found if wanted(environment)]


class AtHand:
    """The names of the targets that stand for the Python of the project on this machine.

    It is looked for where a target has no solution: only then it matters.

    Args:
        context: where and how.
        targets: all of them.
    """

    def __init__(self, context: Context, targets: Sequence[Target]) -> None:
        self._context = context
        self._targets = targets

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        from trail.commands import target as pythons  # noqa: PLC0415  # rarely needed

        known = self._context.depots().receiver.layout.interpreters
        try:
            python = pythons.choose_python(self._context, pythons.Request(), known)
        except InterpreterError:  # none at hand: then none has to have a solution
            return frozenset()
        own = _own_platform()
        return frozenset(
            target.name
            for target in self._targets
            if own in target.name and target.python.release[:2] == python.interpreter.release
        )


def _wanted(settings: Settings, file: str) -> Callable[[Mapping[str, str]], bool]:
    """Tell for which targets the project needs a lock: `environments`, as uv has it.

    Args:
        settings: of the project.
        file: where the settings stand, for messages.

    Returns:
        Takes the marker values of a target.

    Raises:
        SettingsError: the setting holds what is no marker.
    """
    try:
        markers = [Marker(text) for text in settings.environments]
    except InvalidMarker as error:
        raise SettingsError(
            f"`environments` in `{file}` holds what is no marker",
            details=(("problem", str(error).splitlines()[0]),),
        ) from error
    return lambda environment: (
        not markers or any(marker.evaluate(dict(environment)) for marker in markers)
    )


def _no_python(workspace: Workspace) -> ProjectError:
    """Make the error for projects that no Python suits."""
    projects = (workspace.root, *workspace.members)
    given = [(workspace.label(one), one.requires_python) for one in projects]
    return ProjectError(
        "there is no Python that the project supports",
        details=tuple((label, str(one)) for label, one in given if one is not None),
    )


def _platforms(context: Context) -> Iterator[Platform]:
    names = context.settings.platforms or DEFAULT_PLATFORMS
    own = _own_platform()
    wanted = dict.fromkeys(own if name == "current" else name for name in names)
    # What is at hand comes first: its versions are preferred for the others.
    ordered = sorted(wanted, key=lambda name: not name.startswith(own))
    return map(parse_platform, ordered)


def _own_platform() -> str:
    """Name the platform that this runs on, as `[tool.trail] platforms` does."""
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if system != "linux":
        machine = machine.replace("aarch64", "arm64")
    return f"{system}-{machine}"


def target_here(interpreter: Interpreter) -> Target:
    """Make the target that stands for a Python at hand alone."""
    environment = interpreter.environment
    return Target(
        name=f"{interpreter.implementation}-{interpreter.minor} here",
        python=Version(environment["python_full_version"].rstrip("+")),
        environment=environment,
        tags=accepted_by(interpreter.tags),
    )
