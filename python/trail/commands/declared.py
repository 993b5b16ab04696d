"""What the code of a project declares: the answer that strict prefixes hold it to."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trail.commands.wanted import chosen_projects
from trail.depot.layout import site_packages
from trail.errors import ProjectError
from trail.model import NormalizedName
from trail.prefix.model import Strictness
from trail.wheel.metadata import parse_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.depot.store import Entry
    from trail.project.pyproject import PyProject

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
    if not projects:
        raise ProjectError(
            "`--strict` needs a project that declares what it requires",
            details=(("looked for", "pyproject.toml"),),
            hint="trail init",
        )
    groups = {canonicalize_name(name) for name in (*request.groups, *_default(request, root))}
    if request.default_groups:
        groups.update(map(NormalizedName, context.settings.default_groups or ()))
    extras = {canonicalize_name(name) for name in request.extras}
    names = {NormalizedName(canonicalize_name(one.name)) for one in _read(request.packages)}
    for pyproject in projects:
        names.update(_names(pyproject, groups, extras, entries))
    return Strictness(root=root, declared=frozenset(names))


def _names(
    pyproject: PyProject,
    groups: AbstractSet[str],
    extras: AbstractSet[str],
    entries: Iterable[Entry],
) -> Iterator[NormalizedName]:
    """Name what a project declares."""
    given = [*pyproject.dependencies]
    for group in groups:
        given += pyproject.groups.get(NormalizedName(group), ())
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
        names = tomllib.loads((root / "pylock.toml").read_text("utf-8")).get("default-groups", ())
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
        file = site_packages(entry.path) / entry.info().facts.dist_info / "METADATA"
        for key, text in parse_headers(file.read_bytes()):
            if key == "requires-dist":
                found = Requirement(text)
                marker = found.marker
                if marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
                    yield NormalizedName(canonicalize_name(found.name))
