"""What is told of names that are not where they were looked for: where they are, what is close."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.errors import ProjectError
from trail.project.edit import listed_requirements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from trail.model import NormalizedName
    from trail.project.edit import Place
    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["check_written", "close_to", "not_listed"]

_SIMILAR = 0.7  # of 1
_EXTRAS = ("project", "optional-dependencies")


def close_to(name: str, known: Iterable[str]) -> str | None:
    """Ask whether a name was meant that is close to the one that was given; None if none is.

    Args:
        name: the one that nobody knows.
        known: those that there are.
    """
    close = get_close_matches(name, sorted(known), 1, _SIMILAR)
    return f"did you mean `{close[0]}`?" if close else None


def check_written(pyproject: PyProject, place: Place, workspace: Workspace) -> None:
    """Refuse to change a list that is not in a project's file, or not what counts.

    Args:
        pyproject: the project.
        place: the list.
        workspace: that it belongs to.

    Raises:
        ProjectError: the requirements are told by a build, or the file is of no project.
    """
    if place[0] != "project":
        return
    key, path = ".".join(place[:2]), pyproject.path
    by_build = "write it where the build of the project reads it; then: trail lock"
    if pyproject.name is None and not pyproject.builds:
        some = workspace.members[0].name if workspace.members else None
        raise ProjectError(
            f"`{path}` has no [project], so it has no `{key}`",
            hint=f"trail add --package {some} …" if some else "write name and version: [project] …",
        )
    if pyproject.name is None:
        raise ProjectError(
            f"`{path}` has no [project], so its build tells what it requires", hint=by_build
        )
    if place[1] in pyproject.dynamic:
        raise ProjectError(f"`{key}` in `{path}` is dynamic, so its build tells it", hint=by_build)


def not_listed(
    name: str, place: Place, pyproject: PyProject, text: str, locked: Collection[NormalizedName]
) -> ProjectError:
    """Make the error for a requirement that is to be removed and is not in its list.

    Args:
        name: the distribution.
        place: the list.
        pyproject: the project that it belongs to.
        text: the content of its file.
        locked: what the lock names.
    """
    path, wanted = pyproject.path, canonicalize_name(name)
    message = f"`{'.'.join(place)}` in `{path}` does not name `{name}`"
    lists: dict[str, Place] = {"": ("project", "dependencies")}
    lists |= {f"--extra {one} ": (*_EXTRAS, one) for one in pyproject.extras}
    lists |= {f"--group {one} ": ("dependency-groups", one) for one in pyproject.groups}
    for option, other in lists.items():
        if wanted in _names(text, pyproject, other):
            return ProjectError(message, hint=f"trail remove {option}{name}")
    close = close_to(wanted, _names(text, pyproject, place))
    if close is None and wanted in locked:
        return ProjectError(f"{message}: others require it", hint=f"trail why {name}")
    return ProjectError(message, hint=close)


def _names(text: str, pyproject: PyProject, place: Place) -> set[str]:
    found = listed_requirements(text, pyproject.path, place)
    return {canonicalize_name(one.name) for one in found}
