"""A project in a folder that names sources for its own requirements.

Whoever requires such a folder gets what it means: its neighbours in a workspace, folders
beside it, repositories. So nothing that has a source is taken from an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trail.errors import ProjectError
from trail.model import NormalizedName
from trail.project.find import find_project
from trail.project.sources import rules_of
from trail.project.workspace import Workspace
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trail.project.pyproject import PyProject
    from trail.project.sources import Rule

__all__ = ["sourced"]


def sourced(pyproject: PyProject) -> PyProject:
    """Write the sources of a project into its requirements, as addresses (PEP 508).

    Args:
        pyproject: the project, in its folder.

    Raises:
        ProjectError: a source is wrong.
    """
    project = find_project(pyproject.folder)
    workspace = project.workspace if project is not None else None
    workspace = workspace or Workspace(root=pyproject)
    rules = rules_of(pyproject, workspace)
    return replace(
        pyproject,
        dependencies=tuple(
            other for one in pyproject.dependencies for other in _others(one, "", rules, workspace)
        ),
        extras={
            extra: tuple(other for one in found for other in _others(one, extra, rules, workspace))
            for extra, found in pyproject.extras.items()
        },
    )


def _others(
    requirement: Requirement,
    extra: str,
    rules: Mapping[NormalizedName, tuple[Rule, ...]],
    workspace: Workspace,
) -> Iterator[Requirement]:
    name = NormalizedName(canonicalize_name(requirement.name))
    found = [
        rule
        for rule in rules.get(name, ())
        if rule.group is None and rule.extra in {None, extra or None} and rule.index is None
    ]
    if not found or requirement.url is not None:
        yield requirement
        return
    for rule in found:
        other = Requirement(str(requirement))
        other.url = _address(name, rule, workspace)
        other.specifier = type(other.specifier)()
        if rule.marker:
            marker = Marker(rule.marker)
            other.marker = marker if other.marker is None else other.marker & marker
        yield other
    if all(rule.marker for rule in found):
        # Elsewhere it is as it was: from an index.
        yield requirement


def _address(name: NormalizedName, rule: Rule, workspace: Workspace) -> str:
    if rule.url is not None:
        return rule.url
    if rule.path is not None:
        return rule.path.as_uri()
    if name not in workspace.names:
        raise ProjectError(
            f"`{rule.file}` says that `{name}` is a member of the workspace, which it is not",
            details=(("key", rule.key),),
        )
    return workspace.named(name).folder.as_uri()
