"""What a lock was made from, as it stands in the lock, and whether that is still the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from trail.addresses import without_users
from trail.commands.dynamic import state_of_build
from trail.commands.wants import describe_sources, requirements_by_part
from trail.errors import LockError
from trail.moments import spell_moment
from trail.project.workspace import relative
from trail.resolve.model import Options, Prerelease, Strategy
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.pylock import Pylock
    from packaging.requirements import Requirement

    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace
    from trail.settings import Settings

__all__ = ["changes", "inputs_of", "options_of", "tool_table"]

_TOOL = "trail"
_INPUTS = "inputs"
# How versions were chosen: in the lock, among the options, and how it is read.
_CHOICES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("strategy", "strategy", Strategy),
    ("prerelease", "prerelease", Prerelease),
    ("exclude-newer", "cutoff", spell_moment),
)


def inputs_of(
    workspace: Workspace, options: Options, settings: Settings
) -> dict[str, list[str] | str]:
    """Write down what a lock is made from, to be kept in it.

    Args:
        workspace: the projects.
        options: how to choose, the settings among them; those that are not the default ones.
        settings: of the project, for what else they say.
    """
    defaults = {"strategy": "highest", "prerelease": "if-necessary"}
    inputs: dict[str, list[str] | str] = {
        "requires-python": str(workspace.root.requires_python or ""),
        "platforms": sorted(settings.platforms),
        "environments": sorted(settings.environments),
        "strategy": str(options.strategy),
        "prerelease": str(options.prerelease),
        "exclude-newer": options.cutoff,
        "exclude-newer-package": sorted(
            f"{name} {text or 'any'}" for name, text in options.cutoffs.items()
        ),
        "constraints": _texts(root.requirement for root in options.constraints),
        "overrides": _texts(root.requirement for root in options.overrides),
        "sources": describe_sources(workspace, settings.index.named),
        **_requirements(workspace.root),
    }
    for member in workspace.members:
        place = relative(member.folder, workspace.root.folder)
        inputs[f"member {member.name}"] = place if member.package else f"{place}, no package"
        pythons = str(member.requires_python or "")
        found = {"requires-python": pythons, **_requirements(member)}
        inputs |= {f"{member.name}: {key}": value for key, value in found.items()}
    inputs |= _versions(workspace)
    # A group may be empty and yet be one; everything else that is empty says nothing.
    return {
        key: value
        for key, value in inputs.items()
        if (value or _is_part(key)) and value != defaults.get(key)
    }


def _versions(workspace: Workspace) -> dict[str, str]:
    """Give the versions of the members that others do not take in any version."""
    wanted = {
        canonicalize_name(requirement.name)
        for one in (workspace.root, *workspace.members)
        for _, requirement, _ in requirements_by_part(one)
        if requirement.specifier
    }
    return {
        f"{one.name}: version": one.version or ""
        for one in (workspace.projects if workspace.members else ())
        if one.name in wanted
    }


def _requirements(pyproject: PyProject) -> dict[str, list[str] | str]:
    found: dict[str, list[str] | str] = {
        "dependencies": _texts(pyproject.dependencies),
        "build": state_of_build(pyproject) or "",
    }
    for kind, tables in (("extra", pyproject.extras), ("group", pyproject.groups)):
        for name, requirements in tables.items():
            found[f"{kind} {name}"] = _texts(requirements)
    return found


def _texts(requirements: Iterable[Requirement]) -> list[str]:
    return sorted(without_users(str(requirement)) for requirement in requirements)


def _is_part(key: str) -> bool:
    return key.rpartition(": ")[2].startswith(("extra ", "group "))


def changes(lock: Pylock, inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Say what is not as it was when a lock was made.

    Args:
        lock: the lock.
        inputs: what it would be made from now.

    Returns:
        A line for each change; None if trail did not write the lock, so that nobody can tell.
    """
    before = _inputs(lock)
    return None if before is None else tuple(_changes(before, inputs))


def options_of(lock: Pylock, options: Options, path: Path) -> Options:
    """Read back how a lock was made, to make it again in the same way.

    Args:
        lock: one that trail wrote; others say nothing.
        options: the rest of the options.
        path: the lock, for messages.

    Raises:
        LockError: what the lock says of it makes no sense.
    """
    inputs = _inputs(lock) or {}
    found: dict[str, Any] = {}
    for key, field, read in _CHOICES:
        if key in inputs:
            try:
                found[field] = read(inputs[key])
            except (ValueError, AttributeError, TypeError) as error:
                raise LockError(
                    f"`{path}` is not as trail wrote it",
                    details=(("place", f"tool.trail.inputs.{key}"), ("actual", str(inputs[key]))),
                    hint="trail lock",
                ) from error
    return replace(options, **found)


def tool_table(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Make the table `[tool]` of a lock, from inputs as `inputs_of` gives them."""
    return {_TOOL: {_INPUTS: dict(inputs)}}


def _inputs(lock: Pylock) -> dict[str, Any] | None:
    table = (lock.tool or {}).get(_TOOL)
    inputs = table.get(_INPUTS) if isinstance(table, dict) else None
    return inputs if isinstance(inputs, dict) else None


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old or [], list) and isinstance(new or [], list):
            was, now_is = set(map(str, old or [])), set(map(str, new or []))
            for item in sorted(now_is - was):
                yield f"{key}: `{item}` is new"
            for item in sorted(was - now_is):
                yield f"{key}: `{item}` is gone"
            if not old and not new:  # an empty extra or group came or went
                yield f"{key} is {'gone' if new is None else 'new'}"
        else:
            yield f"{key}: `{old or 'default'}` became `{new or 'default'}`"
