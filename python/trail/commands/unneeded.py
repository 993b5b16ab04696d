"""Which sources of a `pyproject.toml` nothing needs any more, once requirements are removed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.build.system import read_build_system
from trail.commands.dynamic import state_of_build
from trail.commands.wants import requirements_by_part
from trail.model import NormalizedName
from trail.project.sources import rules_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["unneeded_sources"]


def unneeded_sources(
    pyproject: PyProject,
    workspace: Workspace,
    names: Iterable[str],
    locked: Collection[NormalizedName],
) -> Iterator[NormalizedName]:
    """Find the sources in a file that nothing needs, of those of removed requirements.

    That a package comes from one index holds for whoever requires it, so that nobody can offer
    its name elsewhere: such a source is needed while the package is locked, or a build wants it.

    Args:
        pyproject: the project whose file it is, as it is going to be.
        workspace: that it belongs to.
        names: what was removed, in any spelling.
        locked: what the new lock names.

    Raises:
        ProjectError: a source is wrong.
    """
    projects = (workspace.root, *workspace.members)
    concerned = projects if pyproject is workspace.root else (pyproject,)
    if any(state_of_build(one) is not None for one in concerned):
        return  # only their builds tell what these require
    required = {
        canonicalize_name(requirement.name)
        for one in concerned
        for _, requirement, _ in requirements_by_part(one)
    }
    held = {*locked, *(name for one in concerned if one.builds for name in _for_build(one))}
    rules = rules_of(pyproject, workspace)
    for name in map(canonicalize_name, names):
        own = [rule for rule in rules.get(NormalizedName(name), ()) if rule.file == pyproject.path]
        pinned = name in held and any(rule.index is not None for rule in own)
        if own and not pinned and name not in required:
            yield NormalizedName(name)


def _for_build(pyproject: PyProject) -> Iterator[NormalizedName]:
    """Name what a project's build requires; what is no requirement is told when it is built."""
    for text in read_build_system(pyproject.folder, str(pyproject.folder)).requires:
        with suppress(InvalidRequirement):
            yield NormalizedName(canonicalize_name(Requirement(text).name))
