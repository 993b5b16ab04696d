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

__all__ = ["close_to", "not_listed"]

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
