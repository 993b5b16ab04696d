"""A project in a folder or a repository that names sources for its own requirements.

Whoever requires it gets what it means: its neighbours in a workspace, folders beside it,
repositories. So nothing that has a source is taken from an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.extras import extras_named
from trail.model import NormalizedName
from trail.project.find import find_project
from trail.project.pyproject import load_pyproject
from trail.project.sources import no_member, rules_of
from trail.project.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from trail.project.sources import Rule

__all__ = ["sourced"]


def sourced(
    requires: Iterable[str], folder: Path, address: Callable[[Path], str]
) -> tuple[str, ...]:
    """Write the sources of a project into its requirements, as addresses (PEP 508).

    Args:
        requires: what the project requires, as METADATA has it.
        folder: the project's.
        address: gives the address of a folder or file.

    Raises:
        ProjectError: a source is wrong.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        return tuple(requires)
    pyproject, project = load_pyproject(path), find_project(folder)
    workspace = project.workspace if project is not None else None
    workspace = workspace or Workspace(root=pyproject)
    rules = rules_of(pyproject, workspace)
    places = _Places(rules, workspace, address)
    return tuple(other for text in requires for other in places.of(text)) if rules else (*requires,)


class _Places:
    """Puts addresses into requirements.

    Args:
        rules: the sources of a project.
        workspace: that it belongs to.
        address: gives the address of a folder or file.
    """

    def __init__(
        self,
        rules: Mapping[NormalizedName, tuple[Rule, ...]],
        workspace: Workspace,
        address: Callable[[Path], str],
    ) -> None:
        self._rules = rules
        self._workspace = workspace
        self._address = address

    def of(self, text: str) -> Iterator[str]:
        """Give what a requirement becomes: one for each source, and itself where none holds."""
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # who needs it says so
            yield text
            return
        name = NormalizedName(canonicalize_name(requirement.name))
        extras = extras_named(str(requirement.marker or ""))
        extra = NormalizedName(canonicalize_name(extras[0])) if extras else None
        rules = self._rules.get(name, ())
        found = [rule for rule in rules if rule.index is None and rule.serves(extra=extra)]
        if not found or requirement.url is not None:
            yield text
            return
        for rule in found:
            other = Requirement(text)
            other.url = self._place(name, rule)
            other.specifier = type(other.specifier)()
            if rule.marker:
                marker = Marker(rule.marker)
                other.marker = marker if other.marker is None else other.marker & marker
            yield str(other)
        if all(rule.marker for rule in found):
            # Elsewhere it is as it was: from an index.
            yield text

    def _place(self, name: NormalizedName, rule: Rule) -> str:
        if rule.url is not None:
            return rule.url
        if rule.path is not None:
            return self._address(rule.path)
        if name not in self._workspace.names:
            raise no_member(name, rule, self._workspace)
        return self._address(self._workspace.named(name).folder)
