"""How a lock names the parts of a workspace.

A lock knows extras and dependency groups, but no projects (PEP 751). A project that stands
alone has its own in the lock. In a workspace each member becomes a group, and each of its
extras and groups another one: `member-core`, `member-core-extra-fast`, `member-core-group-test`.
The root keeps its extras and groups; its requirements are a group of those that the lock has
on by default, or those of all members where the root is no project itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.errors import LockError
from trail.model import NormalizedName
from trail.resolve.model import BASE, Scope, ScopeKind
from trail.settings import EVERY_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["Parts", "own_default"]


class Parts:
    """The parts of a workspace, and their names in its lock.

    Args:
        workspace: the projects.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._scopes: dict[tuple[NormalizedName | None, Scope], Scope] = {}
        taken: set[str] = {*workspace.root.extras, *workspace.root.groups}
        for pyproject in workspace.projects if workspace.members else ():
            for own in _own(pyproject):
                if pyproject.path == workspace.root.path and own is not BASE:
                    continue
                name = _free(_name(pyproject.name or "", own), taken)
                taken.add(name)
                self._scopes[pyproject.name, own] = Scope(ScopeKind.GROUP, NormalizedName(name))

    def scope(self, pyproject: PyProject, own: Scope) -> Scope:
        """Name a part of a project as the lock does.

        Args:
            pyproject: the project.
            own: the part, as the project names it.
        """
        return self._scopes.get((pyproject.name, own), own)

    @property
    def default(self) -> tuple[NormalizedName, ...]:
        """The groups that are on where nothing is chosen; none for a project that stands alone."""
        if not self._workspace.members:
            return ()
        root = self._workspace.root
        projects = (root,) if root.name is not None else self._workspace.members
        return tuple(self.scope(one, BASE).name for one in projects)

    def chosen(
        self,
        projects: Sequence[PyProject],
        extras: Sequence[str],
        groups: Sequence[str],
        default_groups: Sequence[str] | None,
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Name what is wanted of some projects as the lock does.

        Args:
            projects: of the workspace.
            extras: of any of them.
            groups: of any of them, or of the root.
            default_groups: those that each of them has of these, unless it says otherwise
                itself; None for none at all.

        Returns:
            Extras and groups.

        Raises:
            LockError: none of the projects has such an extra or group.
        """
        root = self._workspace.root
        found: list[Scope] = [
            self.scope(one, BASE) for one in projects if (one.name, BASE) in self._scopes
        ]
        for kind, names in ((ScopeKind.EXTRA, extras), (ScopeKind.GROUP, groups)):
            for name in names:
                own = Scope(kind, NormalizedName(canonicalize_name(name)))
                owners = [one for one in projects if own in _own(one)]
                # Groups of the root, such as those of its tools, are for everybody.
                if not owners and kind is ScopeKind.GROUP and own.name in root.groups:
                    owners = [root]
                if not owners:
                    raise _unknown(own, projects)
                found += [self.scope(one, own) for one in owners]
        for one in (*projects, root):
            if default_groups is None:
                break
            wanted = default_groups if one is root else own_default(one, default_groups)
            found += [
                self.scope(one, Scope(ScopeKind.GROUP, name))
                for name in one.groups
                if name in wanted or EVERY_GROUP in wanted
            ]
        return (
            tuple(sorted({one.name for one in found if one.kind is ScopeKind.EXTRA})),
            tuple(sorted({one.name for one in found if one.kind is ScopeKind.GROUP})),
        )


def _own(pyproject: PyProject) -> Iterator[Scope]:
    yield BASE
    yield from (Scope(ScopeKind.EXTRA, name) for name in pyproject.extras)
    yield from (Scope(ScopeKind.GROUP, name) for name in pyproject.groups)


def own_default(pyproject: PyProject, fallback: Sequence[str]) -> Sequence[str]:
    """Say which groups a member has on by default.

    Args:
        pyproject: the member.
        fallback: those of the workspace.
    """
    for tool in (pyproject.tool, pyproject.uv_tool):
        if tool.values.get("default-groups") == "all":
            return (EVERY_GROUP,)
        if "default-groups" in tool.values:
            return [canonicalize_name(name) for name in tool.texts("default-groups")]
    if pyproject.default_groups is not None and not pyproject.uv:
        return pyproject.default_groups
    return fallback


def _name(project: str, own: Scope) -> str:
    return f"member-{project}" if own is BASE else f"member-{project}-{own.kind}-{own.name}"


def _free(name: str, taken: set[str]) -> str:
    """Make a name that nothing else has: `a-extra-b` may be a member, too."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _unknown(own: Scope, projects: Iterable[PyProject]) -> LockError:
    kind = "extra" if own.kind is ScopeKind.EXTRA else "dependency group"
    known = sorted(
        {scope.name for one in projects for scope in _own(one) if scope.kind is own.kind}
    )
    names = ", ".join(f"`{one.name}`" for one in projects if one.name is not None)
    return LockError(
        f"{names or 'the project'} has no {kind} `{own.name}`",
        details=(("known", ", ".join(known) or "none"),),
    )
