"""What the projects of a workspace want: requirements, and where packages are to come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trail.addresses import redact
from trail.commands.parts import Parts
from trail.errors import ProjectError
from trail.model import NormalizedName
from trail.project.sources import Rule, no_member, rules_of
from trail.resolve.model import BASE, Origin, Place, RootRequirement, Scope, ScopeKind
from trail.resolve.source import Direct
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace
    from trail.settings import NamedIndex

__all__ = ["Wants", "build_places", "describe_sources", "requirements_by_part", "wants_of"]

# The files of a folder that its requirements mostly come from.
_DECIDES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What is to be resolved.

    Args:
        roots: the requirements of all projects, and the members themselves.
        places: where packages are to come from.
        name: of a project that stands alone; the projects of a workspace are packages.
        projects: what is known of projects in folders, by the addresses of these.
    """

    roots: tuple[RootRequirement, ...] = ()
    places: tuple[Place, ...] = ()
    name: NormalizedName | None = None
    projects: Mapping[str, PyProject] = field(default_factory=dict)


def wants_of(workspace: Workspace, named: Iterable[NamedIndex]) -> Wants:
    """Collect what the projects of a workspace want.

    Args:
        workspace: the projects, complete with what their builds say.
        named: the indexes that sources may name.

    Raises:
        ProjectError: a source is wrong, or a requirement for a member has none.
    """
    sources = _Sources(workspace, named)
    parts = Parts(workspace)
    roots: list[RootRequirement] = []
    places: dict[Place, None] = {}
    members = workspace.projects if workspace.members else ()
    for one in members:
        origin = Origin(file=workspace.label(one), key="project")
        itself = Requirement(one.name or "")
        roots.append(
            RootRequirement(requirement=itself, origin=origin, scope=parts.scope(one, BASE))
        )
        places[_member_place(one, origin)] = None
    for one in (workspace.root, *workspace.members):
        rules = rules_of(one, workspace)
        for own, requirement, key in requirements_by_part(one):
            origin = Origin(file=workspace.label(one), key=key)
            scope = parts.scope(one, own)
            roots.append(RootRequirement(requirement=requirement, origin=origin, scope=scope))
            name = NormalizedName(canonicalize_name(requirement.name))
            chosen = [rule for rule in rules.get(name, ()) if _serves(rule, own)]
            if name in workspace.names and name != one.name:
                _check_member(name, one, chosen, origin, workspace)
            places |= dict.fromkeys(sources.places(name, chosen))
        places |= dict.fromkeys(sources.pins(rules))
    return Wants(
        roots=tuple(roots),
        places=tuple(places),
        name=None if members else workspace.root.name,
        projects={_address(one): one for one in members},
    )


def build_places(workspace: Workspace, named: Iterable[NamedIndex]) -> tuple[Place, ...]:
    """Say where what builds require is to come from: members from here, pinned names from there.

    Args:
        workspace: the projects.
        named: the indexes that sources may name.

    Raises:
        ProjectError: a source is wrong.
    """
    sources = _Sources(workspace, named)
    members = workspace.projects if workspace.members else ()
    places = {_member_place(one, Origin(file=workspace.label(one))): None for one in members}
    for one in (workspace.root, *workspace.members):
        places |= dict.fromkeys(sources.pins(rules_of(one, workspace)))
    return tuple(place for place in places if place.direct is None or not place.direct.virtual)


def describe_sources(workspace: Workspace, named: Iterable[NamedIndex]) -> list[str]:
    """Say in a line each where packages are to come from; to be kept in the lock.

    Args:
        workspace: the projects.
        named: the indexes that sources may name.
    """
    top = workspace.root.folder
    indexes = {one.name: redact(one.url) for one in named}
    found = set()
    for one in (workspace.root, *workspace.members):
        for name, rules in rules_of(one, workspace).items():
            for rule in rules:
                if rule.path is not None:
                    where = Path(os.path.relpath(rule.path, top)).as_posix()
                    where += " in place" if rule.editable else ""
                    if rule.path.is_dir():
                        from trail.commands.trees import state_of_files  # noqa: PLC0415  # rarely

                        where += f", {state_of_files(rule.path, _DECIDES)[:12]}"
                elif rule.index is not None:
                    where = f"{rule.index}, {indexes.get(rule.index, 'unknown')}"
                else:
                    where = redact(rule.url) if rule.url else "the workspace"
                conditions = [rule.marker, rule.extra and f"extra {rule.extra}"]
                conditions += [rule.group and f"group {rule.group}"]
                found.add("; ".join([f"{name} from {where}", *filter(None, conditions)]))
    return sorted(found)


def requirements_by_part(pyproject: PyProject) -> Iterator[tuple[Scope, Requirement, str]]:
    """List what a project requires: for which part of it, and where that is written.

    Args:
        pyproject: the project.
    """
    for requirement in pyproject.dependencies:
        told = "dependencies" in pyproject.built
        key = "the build" if told else f"{pyproject.keeper}.dependencies"
        yield BASE, requirement, key
    own = pyproject.keeper == "project"
    extras = "project.optional-dependencies" if own else f"{pyproject.keeper}.extras"
    for name, requirements in pyproject.extras.items():
        told = "optional-dependencies" in pyproject.built
        for requirement in requirements:
            key = "the build" if told else f"{extras}.{name}"
            yield Scope(ScopeKind.EXTRA, name), requirement, key
    for name, requirements in pyproject.groups.items():
        key = pyproject.group_keepers.get(name, f"dependency-groups.{name}")
        for requirement in requirements:
            yield Scope(ScopeKind.GROUP, name), requirement, key


def _serves(rule: Rule, own: Scope) -> bool:
    return rule.serves(
        extra=own.name if own.kind is ScopeKind.EXTRA else None,
        group=own.name if own.kind is ScopeKind.GROUP else None,
    )


class _Sources:
    """Turns the sources of projects into places.

    Args:
        workspace: the projects.
        named: the indexes that sources may name.
    """

    def __init__(self, workspace: Workspace, named: Iterable[NamedIndex]) -> None:
        self._workspace = workspace
        self._indexes = {one.name: one for one in named if one.name is not None}

    def places(self, name: NormalizedName, rules: Iterable[Rule]) -> Iterator[Place]:
        """Say where a package that is required is to come from."""
        for rule in rules:
            if not rule.workspace:
                yield self._place(name, rule)
            elif name not in self._workspace.names:
                raise no_member(name, rule, self._workspace)

    def pins(self, rules: Mapping[NormalizedName, Iterable[Rule]]) -> Iterator[Place]:
        """Say which packages come from one index, also where only others require them."""
        for name, found in rules.items():
            for rule in found:
                if rule.index is not None and rule.extra is None and rule.group is None:
                    yield self._place(name, rule)

    def _place(self, name: NormalizedName, rule: Rule) -> Place:
        file = Path(os.path.relpath(rule.file, self._workspace.root.folder)).as_posix()
        origin = Origin(file=file, key=rule.key)
        if rule.index is not None:
            return Place(name=name, index=self._url(rule), marker=rule.marker, origin=origin)
        direct = Direct(url=rule.url or "")
        if rule.path is not None:
            if not rule.path.exists():
                raise ProjectError(
                    f"`{rule.file}` names a source that is not there",
                    details=(("key", rule.key), ("path", str(rule.path))),
                )
            virtual = rule.package is False
            direct = Direct(url=rule.path.as_uri(), editable=rule.editable, virtual=virtual)
        return Place(name=name, direct=direct, marker=rule.marker, origin=origin)

    def _url(self, rule: Rule) -> str:
        index = self._indexes.get(rule.index or "")
        if index is not None and not index.flat:
            return index.url
        known = sorted(name for name, one in self._indexes.items() if not one.flat)
        raise ProjectError(
            f"`{rule.file}` names an index that is not described: `{rule.index}`",
            details=(("key", rule.key), ("known", ", ".join(known) or "none")),
            hint=f'describe it: [[tool.trail.index]] name = "{rule.index}", url = …',
        )


def _member_place(pyproject: PyProject, origin: Origin) -> Place:
    direct = Direct(url=_address(pyproject), editable=True, virtual=not pyproject.package)
    return Place(name=pyproject.name or NormalizedName(""), direct=direct, origin=origin)


def _address(pyproject: PyProject) -> str:
    return pyproject.folder.as_uri()


def _check_member(
    name: NormalizedName,
    pyproject: PyProject,
    rules: list[Rule],
    origin: Origin,
    workspace: Workspace,
) -> None:
    """Refuse a requirement for a member that does not say that it is one.

    A package of that name on an index is somebody else's, so neither may be guessed.
    """
    folder = workspace.named(name).folder
    if any(rule.workspace or rule.path == folder for rule in rules):
        return
    owner = pyproject.name or "the root"
    if rules:
        raise ProjectError(
            f"`{owner}` takes `{name}` from elsewhere, but that is a member of the workspace",
            details=(("source", f"{rules[0].key} in {rules[0].file}"), ("member", str(folder))),
            hint=f"write `{name} = {{ workspace = true }}` there",
        )
    raise ProjectError(
        f"`{owner}` requires `{name}`, a member of the workspace, without saying where it comes"
        " from",
        details=(
            ("required in", f"{origin.key} in {origin.file}"),
            ("member", str(folder)),
            ("write", f"[tool.trail.sources] {name} = {{ workspace = true }}"),
        ),
        hint=f"write it into {origin.file}, or into the root's pyproject.toml for all members",
    )
