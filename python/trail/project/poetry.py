"""What `[tool.poetry]` says of a project's requirements, groups and their sources.

As Poetry 2 has it: a group in `[dependency-groups]` that lists requirements goes before the group
of the same name here, which then only says more of those (as `[tool.poetry.dependencies]` does
of `[project]`); groups that are not `optional` are wanted by default.
https://python-poetry.org/docs/pyproject/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from trail.model import EntryPoint, NormalizedName
from trail.project.poetry_constraint import (
    GapError,
    platform_marker,
    python_marker,
    read_constraint,
    read_pythons,
)
from trail.project.sources import Rule, archive_url, git_url
from trail.project.table import Table, normalised
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trail.project.pyproject import PyProject

__all__ = ["Unsaid", "with_poetry"]

_BACKENDS = frozenset({"poetry.core.masonry.api", "poetry.masonry.api"})
_DEV = NormalizedName("dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """A constraint that was not taken over.

    Args:
        key: its place in the file.
        problem: why.
        hint: what to write instead, or None.
        group: the group that it is in; None for what the project itself requires.
    """

    key: str
    problem: str
    hint: str | None = None
    group: NormalizedName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """What a table says of one requirement.

    Args:
        requirement: without its source.
        rule: its source; None for the indexes.
        optional: whether it is required only for extras.
        unsaid: what of it was not taken over.
    """

    requirement: Requirement
    rule: Rule | None = None
    optional: bool = False
    unsaid: Unsaid | None = None


def with_poetry(pyproject: PyProject, top: Table) -> PyProject:
    """Add what `[tool.poetry]` says.

    Args:
        pyproject: what the rest of the file says.
        top: the whole file.

    Raises:
        ProjectError: a value is of a wrong type, or an included group is not there.
    """
    table = top.table("tool").table("poetry")
    if table.flag("package-mode") is False and not {*pyproject.trail, *pyproject.uv} & {"package"}:
        pyproject = replace(pyproject, package=False)
    pyproject = _with_main(pyproject, top, table)
    pyproject = _with_groups(pyproject, top, table)
    pyproject = replace(pyproject, rules=_spelled(pyproject.rules, table))
    groups = table.table("group")
    optional = {groups.name(one) for one in groups.values if groups.table(one).flag("optional")}
    return replace(pyproject, default_groups=tuple(sorted({*pyproject.groups} - optional)))


def _with_main(pyproject: PyProject, top: Table, table: Table) -> PyProject:
    """Add what the project itself requires, unless only a build of another tool tells it."""
    backend = top.table("build-system").text("build-backend")
    own = table.table("dependencies")
    declared = tuple(_declared(own, None))
    if pyproject.name is None:
        if pyproject.package and backend not in _BACKENDS:
            return pyproject
        pyproject = replace(
            pyproject,
            name=None if table.text("name") is None else normalised(table.text("name") or ""),
            version=table.text("version"),
            scripts=tuple(sorted(_scripts(table.table("scripts")))),
            keeper="tool.poetry",
        )
        return _taken(pyproject, declared, own, _extras(table, declared))
    if "dependencies" in pyproject.dynamic:
        return replace(pyproject, rules=_rules(declared))
    if not pyproject.dependencies and not pyproject.extras:
        return _taken(pyproject, declared, own, _extras(table, declared))
    # [project] says what is required, and this table says more of it.
    pyproject = replace(
        pyproject,
        dependencies=tuple(_enriched(pyproject.dependencies, declared)),
        extras={
            extra: tuple(_enriched(requirements, declared))
            for extra, requirements in pyproject.extras.items()
        },
    )
    given = (pyproject.dependencies, *pyproject.extras.values())
    required = {canonicalize_name(one.name) for part in given for one in part}
    used = [one for one in declared if canonicalize_name(one.requirement.name) in required]
    return _with_pythons(
        replace(
            pyproject,
            rules=_rules(used),
            unsaid=(*pyproject.unsaid, *(one.unsaid for one in used if one.unsaid is not None)),
        ),
        own,
    )


def _taken(
    pyproject: PyProject,
    declared: tuple[_Declared, ...],
    own: Table,
    extras: Mapping[NormalizedName, tuple[Requirement, ...]],
) -> PyProject:
    """Let a project require what the table says."""
    return _with_pythons(
        replace(
            pyproject,
            dependencies=tuple(one.requirement for one in declared if not one.optional),
            extras=extras,
            rules=_rules(declared),
            unsaid=(*pyproject.unsaid, *(one.unsaid for one in declared if one.unsaid is not None)),
        ),
        own,
    )


def _with_pythons(pyproject: PyProject, own: Table) -> PyProject:
    """Take the Pythons that the project is locked for; [project] may support more."""
    text = next((own.text(key) for key in own.values if key.lower() == "python"), None)
    if text is None:
        return pyproject
    try:
        found = read_pythons(text)
    except ValueError as error:
        unsaid = _unsaid(error, own.full("python"), "python", None)
        return replace(pyproject, unsaid=(*pyproject.unsaid, unsaid))
    both = found if pyproject.requires_python is None else pyproject.requires_python & found
    return replace(pyproject, requires_python=both if len(both) else None)


def _extras(
    table: Table, declared: tuple[_Declared, ...]
) -> dict[NormalizedName, tuple[Requirement, ...]]:
    extras = table.table("extras")
    return {
        extras.name(extra): tuple(
            one.requirement
            for name in map(canonicalize_name, extras.texts(extra))
            for one in declared
            if canonicalize_name(one.requirement.name) == name
        )
        for extra in extras.values
    }


def _scripts(table: Table) -> Iterator[EntryPoint]:
    for name, value in table.values.items():
        text = value.get("reference") if isinstance(value, dict) else table.text(name)
        if isinstance(text, str) and not (isinstance(value, dict) and value.get("type") == "file"):
            yield EntryPoint(name=name, value=text)


def _spelled(
    rules: Mapping[NormalizedName, tuple[Rule, ...]], table: Table
) -> dict[NormalizedName, tuple[Rule, ...]]:
    """Spell the names of indexes as they are described; Poetry knows no capitals in them."""
    sources = table.tables("source")
    names = {name.lower(): name for one in sources if (name := one.text("name"))}
    found: dict[NormalizedName, tuple[Rule, ...]] = {}
    for package, own in rules.items():
        for rule in own:
            key = (rule.index or "").lower()
            if key != "pypi" or sources:  # else there is no other
                spelled = replace(rule, index=rule.index and names.get(key, key))
                found[package] = (*found.get(package, ()), spelled)
    return found


# --- groups


def _with_groups(pyproject: PyProject, top: Table, table: Table) -> PyProject:
    """Add the groups of Poetry to those of PEP 735."""
    listed = top.table("dependency-groups")
    given = {
        listed.name(group)
        for group, items in listed.values.items()
        if isinstance(items, list) and any(isinstance(item, str) for item in items)
    }
    declared: dict[NormalizedName, list[_Declared]] = {}
    included: dict[NormalizedName, list[str]] = {}
    groups = table.table("group")
    for key in groups.values:
        group, name = groups.table(key), groups.name(key)
        own = group.table("dependencies")
        declared.setdefault(name, []).extend(_declared(own, name))
        included.setdefault(name, []).extend(group.texts("include-groups"))
    if "dev-dependencies" in table.values:
        own = table.table("dev-dependencies")
        declared.setdefault(_DEV, []).extend(_declared(own, _DEV))
    found = dict(pyproject.groups)
    used: dict[NormalizedName, list[_Declared]] = {}
    for name, items in declared.items():
        before = found.get(name, ())
        if name in given:
            found[name] = tuple(_enriched(before, items))
            names = {canonicalize_name(one.name) for one in before}
            used[name] = [one for one in items if canonicalize_name(one.requirement.name) in names]
        else:
            found[name] = (*before, *(one.requirement for one in items if not one.optional))
            used[name] = items
    direct = dict(found)
    rules: list[tuple[NormalizedName | None, _Declared]] = [
        (name, one) for name, items in used.items() for one in items
    ]
    for name in included:
        for other in _inner(name, included, groups, found):
            found[name] = (*found[name], *direct[other])
            rules += [(name, one) for one in used.get(other, ())]
    return replace(
        pyproject,
        groups=found,
        rules=_merged(pyproject.rules, rules),
        unsaid=(
            *pyproject.unsaid,
            *(one.unsaid for items in used.values() for one in items if one.unsaid is not None),
        ),
        group_keepers={name: f"tool.poetry.group.{name}" for name in declared if name not in given},
    )


def _inner(
    name: NormalizedName,
    included: Mapping[NormalizedName, list[str]],
    groups: Table,
    known: Mapping[NormalizedName, object],
) -> list[NormalizedName]:
    """List the groups that a group includes, and those that they do."""
    found: list[NormalizedName] = []
    queue = [(name, text) for text in included[name]]
    while queue:
        owner, text = queue.pop(0)
        other = NormalizedName(canonicalize_name(text))
        if other not in known:
            raise groups.fault(f"{owner}.include-groups", f"there is no group `{text}`")
        if other != name and other not in found:
            found.append(other)
            queue += [(other, inner) for inner in included.get(other, ())]
    return found


def _enriched(given: Iterable[Requirement], declared: Iterable[_Declared]) -> Iterator[Requirement]:
    """Put what Poetry's table says of requirements into them."""
    declared = tuple(declared)
    for requirement in given:
        name = canonicalize_name(requirement.name)
        same = [one for one in declared if canonicalize_name(one.requirement.name) == name]
        for one in same:
            more, both = one.requirement, Requirement(str(requirement))
            if both.url is None:
                both.specifier &= more.specifier
            if more.marker is not None:
                both.marker = more.marker if both.marker is None else both.marker & more.marker
            yield both
        if not same:
            yield requirement


# --- one table of dependencies


def _declared(own: Table, group: NormalizedName | None) -> Iterator[_Declared]:
    """Read a table of dependencies."""
    for name, value in own.values.items():
        if name.lower() == "python":
            continue
        requirement = own.parse(name, name, Requirement, InvalidRequirement)
        if isinstance(value, str):
            yield _with_version(_Declared(requirement=requirement), value, own.full(name), group)
            continue
        for item in own.tables(name):
            yield _from_table(requirement.name, item, group)


def _from_table(name: str, item: Table, group: NormalizedName | None) -> _Declared:
    requirement = Requirement(name)
    requirement.extras = set(item.texts("extras"))
    for marker in (
        item.parsed("markers", Marker, InvalidMarker),
        item.parsed("python", python_marker, ValueError),
        item.parsed("platform", platform_marker, ValueError),
    ):
        if marker is not None:
            before = requirement.marker
            requirement.marker = marker if before is None else before & marker
    rule = _rule(item, group, str(requirement.marker or ""))
    found = _Declared(requirement=requirement, rule=rule, optional=item.flag("optional") or False)
    if rule is not None and rule.index is None:
        return found
    version = item.text("version") or "*"
    found = _with_version(found, version, item.full("version"), group)
    if item.flag("allow-prereleases"):
        # What asks for one may be met by others, and this bound excludes nothing.
        found.requirement.specifier &= SpecifierSet(">=0.dev0")
    return found


def _with_version(
    declared: _Declared, text: str, key: str, group: NormalizedName | None
) -> _Declared:
    try:
        declared.requirement.specifier = read_constraint(text)
    except ValueError as error:
        unsaid = _unsaid(error, key, declared.requirement.name, group)
        return replace(declared, unsaid=unsaid)
    return declared


def _unsaid(error: ValueError, key: str, name: str, group: NormalizedName | None) -> Unsaid:
    hint = None
    if isinstance(error, GapError):
        place = "[project] dependencies" if group is None else f"[dependency-groups] {group}"
        other = f'{place} = ["{name}{error.around}"]'
        if name == "python":
            other = f'[project] requires-python = "{error.around}"'
        hint = f'write one range, such as `{name} = "{error.around}"`, or {other}'
    return Unsaid(key=key, problem=str(error), hint=hint, group=group)


def _rule(item: Table, group: NormalizedName | None, marker: str) -> Rule | None:
    """Read where a package comes from; None for the indexes."""
    rule = Rule(file=item.path, key=item.key, marker=marker, group=group)
    if "git" in item.values:
        return replace(rule, url=git_url(item))
    path = item.text("file") or item.text("path")
    if path is not None:
        place = (item.path.parent / path).resolve()
        inner = item.text("subdirectory")
        place = place / inner if inner and not place.is_file() else place
        in_place = place.is_dir() and (item.flag("develop") or False)
        return replace(rule, path=place, editable=in_place)
    if "url" in item.values:
        return replace(rule, url=archive_url(item))
    index = item.text("source")
    return None if index is None else replace(rule, index=index)


def _rules(declared: Iterable[_Declared]) -> dict[NormalizedName, tuple[Rule, ...]]:
    """List the sources of what the project itself requires."""
    return _merged({}, ((None, one) for one in declared))


def _merged(
    first: Mapping[NormalizedName, tuple[Rule, ...]],
    rules: Iterable[tuple[NormalizedName | None, _Declared]],
) -> dict[NormalizedName, tuple[Rule, ...]]:
    """Add sources, for each group that requires the package; None is the project itself."""
    found = dict(first)
    for group, one in rules:
        if one.rule is not None:
            name = NormalizedName(canonicalize_name(one.requirement.name))
            found[name] = (*found.get(name, ()), replace(one.rule, group=group))
    return found
