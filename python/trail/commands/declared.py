"""What the code of a project declares: the answer that strict prefixes hold it to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.commands.parts import own_default
from trail.commands.wanted import chosen_projects
from trail.depot.layout import site_packages
from trail.errors import ProjectError
from trail.model import NormalizedName
from trail.prefix.model import Strictness
from trail.settings import EVERY_GROUP
from trail.wheel.metadata import parse_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.depot.store import Entry
    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["strictness"]


def strictness(
    context: Context, request: Request, root: Path, entries: Iterable[Entry]
) -> Strictness | None:
    """Say what project code may import: its requirements, those of chosen extras and groups.

    Args:
        context: where and how.
        request: which extras and groups were chosen, and what else was asked for.
        root: the project's folder.
        entries: what is installed for it.

    Returns:
        None where the project is not strict.

    Raises:
        ProjectError: there is no project that could declare something.
    """
    if not context.settings.strict:
        return None
    projects = chosen_projects(context, request.members, all_members=request.all_members)
    workspace = context.project.workspace if context.project is not None else None
    if not projects or workspace is None:
        raise ProjectError(
            "`--strict` needs a project that declares what it requires",
            details=(("looked for", "pyproject.toml"),),
            hint="trail init",
        )
    named = {canonicalize_name(name) for name in (*request.groups, *_default(request, root))}
    extras = {canonicalize_name(name) for name in request.extras}
    extra = {NormalizedName(canonicalize_name(one.name)) for one in _read(request.packages)}
    defaults = (context.settings.default_groups or ()) if request.default_groups else None
    found: dict[Path, frozenset[NormalizedName]] = {}
    for one in projects:
        groups = _groups(one, workspace, named, defaults)
        found[one.folder] = frozenset(_names(one, groups, extras, entries)) | extra
    # Members that others require: with all that they may have been required with.
    for one in workspace.projects if workspace.members else ():
        if one.folder not in found:
            found[one.folder] = frozenset(_names(one, (), one.extras.keys(), entries)) | extra
    chosen = [found[one.folder] for one in projects]
    members = (Strictness(root=folder, declared=found[folder]) for folder in sorted(found))
    return Strictness(
        root=root,
        declared=frozenset[NormalizedName]().union(*chosen),
        members=tuple(one for one in members if one.root != root),
    )


def _groups(
    pyproject: PyProject,
    workspace: Workspace,
    named: AbstractSet[str],
    defaults: Sequence[str] | None,
) -> Iterator[Iterable[Requirement]]:
    """List what the groups of a project require that are wanted; the root's are for all."""
    for owner in dict.fromkeys((pyproject.path, workspace.root.path)):
        one = pyproject if owner == pyproject.path else workspace.root
        wanted: set[str] = set(named)
        if defaults is not None:
            wanted.update(defaults if one is workspace.root else own_default(one, defaults))
        for name, requirements in one.groups.items():
            if name in wanted or EVERY_GROUP in wanted:
                yield requirements


def _names(
    pyproject: PyProject,
    groups: Iterable[Iterable[Requirement]],
    extras: AbstractSet[str],
    entries: Iterable[Entry],
) -> Iterator[NormalizedName]:
    """Name what a project declares."""
    given = [*pyproject.dependencies]
    for requirements in groups:
        given += requirements
    for extra in extras:
        given += pyproject.extras.get(NormalizedName(extra), ())
    yield from (NormalizedName(canonicalize_name(one.name)) for one in _unfold(pyproject, given))
    if pyproject.name is not None:
        yield pyproject.name
        if pyproject.dynamic & {"dependencies", "optional-dependencies"}:
            yield from _built(pyproject.name, extras, entries)


def _default(request: Request, root: Path) -> Iterable[str]:
    """The groups that a lock of another tool has on by default."""
    if not request.default_groups:
        return ()
    try:
        names = tomli.loads((root / "pylock.toml").read_text("utf-8")).get("default-groups", ())
    except (OSError, ValueError):  # who selects from the lock has said what is wrong
        return ()
    return [name for name in names if isinstance(name, str)]


def _read(words: Iterable[str]) -> Iterator[Requirement]:
    for word in words:
        try:
            yield Requirement(word)
        except InvalidRequirement:
            continue


def _unfold(pyproject: PyProject, given: list[Requirement]) -> Iterator[Requirement]:
    """Follow extras of the project that its own requirements name: `demo[all]`."""
    seen: set[str] = set()
    while given:
        requirement = given.pop()
        yield requirement
        if canonicalize_name(requirement.name) == pyproject.name:
            for extra in requirement.extras - seen:
                seen.add(extra)
                given += pyproject.extras.get(NormalizedName(canonicalize_name(extra)), ())


def _built(
    project: NormalizedName, extras: Iterable[str], entries: Iterable[Entry]
) -> Iterator[NormalizedName]:
    """What the build of the project said that it requires (PEP 621, `dynamic`)."""
    for entry in entries:
        if entry.id.partition("/")[0] != project:
            continue
        file = site_packages(entry.path) / entry.facts.dist_info / "METADATA"
        for key, text in parse_headers(file.read_bytes()):
            if key == "requires-dist":
                found = Requirement(text)
                marker = found.marker
                if marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
                    yield NormalizedName(canonicalize_name(found.name))
