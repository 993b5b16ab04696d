"""`pyproject.toml`, as far as running a project needs it; it is read, never written here.

`[project]` is PEP 621, `[dependency-groups]` PEP 735; `trail.project.poetry` adds what
`[tool.poetry]` says. `[tool.trail]` and `[tool.uv]` are handed on as they stand:
`trail.settings`, `trail.project.sources` and `trail.project.workspace` know their keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName

from trail.errors import ProjectError
from trail.model import EntryPoint, NormalizedName
from trail.project.table import Table, normalised
from trail.toml import parse_toml
from trail.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

    from trail.project.poetry import Unsaid
    from trail.project.sources import Rule

__all__ = ["PyProject", "load_pyproject", "read_pyproject"]

# Where other tools keep requirements for development.
_UNREAD = (
    ("pdm", "dev-dependencies"),
    ("hatch", "envs"),
)
_LISTS = frozenset({"dependencies", "extra-dependencies"})
_DEV = NormalizedName("dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class PyProject:
    """What a `pyproject.toml` says; names of extras and groups are normalised.

    Args:
        path: the file.
        name: the project's, or None where there is no `[project]`.
        version: the project's, or None where only the build tells it.
        requires_python: which Pythons it supports, or None for all.
        dependencies: what it needs.
        extras: what each extra needs.
        groups: what each dependency group needs, included groups resolved.
        scripts: the commands it has, sorted.
        dynamic: the keys of `[project]` that only a build can tell.
        builds: whether it says how the project is built (PEP 518).
        built: the keys of `[project]` that are not as in the file, but as the build said.
        package: whether it is to be made importable as a distribution: by its build, or
            without one for `layout`.
        layout: folders that are importable packages as they are: by the name to import, the
            path from the project's folder.
        trail: the table `[tool.trail]`.
        uv: the table `[tool.uv]`.
        unread: tables of requirements for development that other tools have, and trail does not
            read, or not as they are.
        keeper: the table that its requirements stand in, `project` or `tool.poetry`.
        group_keepers: the same for groups that are not in `[dependency-groups]`.
        default_groups: those that Poetry would install unasked; None for a project without it.
        rules: where packages come from, as Poetry's tables say it.
        unsaid: constraints that no version specifier says.
        indexes: what other tools say of indexes (`trail.project.indexes`).
        untaken: keys of theirs that are not taken over.
    """

    path: Path
    name: NormalizedName | None = None
    version: str | None = None
    requires_python: SpecifierSet | None = None
    dependencies: tuple[Requirement, ...] = ()
    extras: Mapping[NormalizedName, tuple[Requirement, ...]] = field(default_factory=dict)
    groups: Mapping[NormalizedName, tuple[Requirement, ...]] = field(default_factory=dict)
    scripts: tuple[EntryPoint, ...] = ()
    dynamic: frozenset[str] = frozenset()
    builds: bool = False
    built: frozenset[str] = frozenset()
    package: bool = False
    layout: Mapping[str, str] = field(default_factory=dict)
    trail: Mapping[str, object] = field(default_factory=dict)
    uv: Mapping[str, object] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    keeper: str = "project"
    group_keepers: Mapping[NormalizedName, str] = field(default_factory=dict)
    default_groups: tuple[NormalizedName, ...] | None = None
    rules: Mapping[NormalizedName, tuple[Rule, ...]] = field(default_factory=dict)
    unsaid: tuple[Unsaid, ...] = ()
    indexes: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    untaken: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.path.parent

    @property
    def tool(self) -> Table:
        """The table `[tool.trail]`, to take values from."""
        return Table(path=self.path, key="tool.trail", values=self.trail)

    @property
    def uv_tool(self) -> Table:
        """The table `[tool.uv]`, to take values from."""
        return Table(path=self.path, key="tool.uv", values=self.uv)


def load_pyproject(path: Path) -> PyProject:
    """Read a `pyproject.toml` from its file.

    Raises:
        ProjectError: it cannot be read, it is not TOML, or a value is wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"cannot read `{path}`", details=(("problem", error.strerror or str(error)),)
        ) from error
    return read_pyproject(data, path)


def read_pyproject(data: bytes, path: Path) -> PyProject:
    """Read a `pyproject.toml`.

    Args:
        data: the file's bytes.
        path: the file.

    Raises:
        ProjectError: it is not TOML, or a value is wrong; the details name the key.
    """
    document = parse_toml(data, path, ProjectError)
    top = Table(path=path, key="", values=document)
    project, tool = top.table("project"), top.table("tool")
    if project.values and "name" not in project.values:
        raise project.fault("name", "it is missing")
    extras = project.table("optional-dependencies")
    builds = "build-system" in document
    package, layout = _package(tool, builds=builds)
    found = PyProject(
        path=path,
        name=project.parsed("name", normalised, InvalidName),
        version=project.text("version"),
        requires_python=project.parsed("requires-python", SpecifierSet, InvalidSpecifier),
        dependencies=project.requirements("dependencies"),
        extras={extras.name(extra): extras.requirements(extra) for extra in extras.values},
        groups=_groups(top.table("dependency-groups"), tool),
        scripts=tuple(
            sorted(
                (
                    *_scripts(project.table("scripts"), gui=False),
                    *_scripts(project.table("gui-scripts"), gui=True),
                )
            )
        ),
        dynamic=frozenset(project.texts("dynamic")),
        builds=builds,
        package=package,
        layout=layout,
        trail=tool.table("trail").values,
        uv=tool.table("uv").values,
        unread=tuple(_unread(tool)),
    )
    if {"poetry", "pdm"}.isdisjoint(tool.values):
        return found
    from trail.project.indexes import described_indexes  # noqa: PLC0415  # few need it
    from trail.project.sources import pdm_rules  # noqa: PLC0415  # as above

    described = described_indexes(tool)
    found = replace(
        found, indexes=described.indexes, untaken=described.untaken, rules=pdm_rules(tool)
    )
    if "poetry" not in tool.values:
        return found
    from trail.project.poetry import with_poetry  # noqa: PLC0415  # few need it

    return with_poetry(found, top)


def _unread(tool: Table) -> Iterator[str]:
    """Name the tables of other tools that hold requirements which nobody reads here."""
    for name, key in _UNREAD:
        owner = tool.values.get(name)
        found = owner.get(key) if isinstance(owner, dict) else None
        if key == "envs":  # they may hold scripts only
            inner = found.values() if isinstance(found, dict) else ()
            found = [one for one in inner if isinstance(one, dict) and _LISTS & one.keys()]
        elif name == "pdm":
            found = _has_folders(found)
        if found:
            yield f"tool.{name}.{key}"


def _has_folders(groups: object) -> bool:
    """Whether PDM's groups have folders (`-e file:///…`), which are not read."""
    lists = groups.values() if isinstance(groups, dict) else ()
    texts = [text for items in lists if isinstance(items, list) for text in items]
    return any(isinstance(text, str) and text.startswith("-e ") for text in texts)


def _scripts(table: Table, *, gui: bool) -> list[EntryPoint]:
    return [EntryPoint(name=name, value=table.text(name) or "", gui=gui) for name in table.values]


def _groups(table: Table, tool: Table) -> dict[NormalizedName, tuple[Requirement, ...]]:
    """Resolve the includes of all groups (PEP 735); add those from before there were any."""
    uv, rye, pdm = tool.table("uv"), tool.table("rye"), tool.table("pdm")
    groups = _included(table, _limited(table, uv.table("dependency-groups")))
    older = [(_DEV, one.requirements("dev-dependencies")) for one in (uv, rye)]
    own = pdm.table("dev-dependencies")
    if not _has_folders(own.values):
        older += [(own.name(group), own.requirements(group)) for group in own.values]
    for name, requirements in older:
        if requirements:
            groups[name] = (*groups.get(name, ()), *requirements)
    return groups


def _included(
    table: Table, values: Mapping[str, Any]
) -> dict[NormalizedName, tuple[Requirement, ...]]:
    """Put the groups that each group includes in their places."""
    if not table.values:
        return {}
    from packaging.dependency_groups import DependencyGroupResolver  # noqa: PLC0415  # few need it

    groups = {}
    for group in table.values:
        try:
            groups[table.name(group)] = DependencyGroupResolver(values).resolve(group)
        except ExceptionGroup as faults:
            raise table.fault(group, str(faults.exceptions[0]).splitlines()[0]) from faults
    return groups


def _limited(table: Table, limits: Table) -> dict[str, Any]:
    """Let the requirements of groups hold only for the Pythons that uv needs them for."""
    found = dict(table.values)
    names = {table.name(group): group for group in table.values}
    for key in limits.values:
        pythons = limits.table(key).parsed("requires-python", SpecifierSet, InvalidSpecifier)
        group = names.get(limits.name(key))
        if pythons and group is not None and isinstance(found[group], list):
            found[group] = [_with_pythons(item, pythons) for item in found[group]]
    return found


def _with_pythons(item: Any, pythons: SpecifierSet) -> Any:
    """Put Pythons into the marker of a requirement; groups that are included have their own."""
    from packaging.markers import Marker  # noqa: PLC0415  # few need it
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # as above

    terms = (f'python_full_version {one.operator} "{one.version}"' for one in pythons)
    marker = Marker(" and ".join(sorted(terms)))
    try:
        requirement = Requirement(item) if isinstance(item, str) else None
    except InvalidRequirement:  # who resolves the groups says so
        requirement = None
    if requirement is None:
        return item
    requirement.marker = marker if requirement.marker is None else requirement.marker & marker
    return str(requirement)


def _package(tool: Table, *, builds: bool) -> tuple[bool, Mapping[str, str]]:
    """Read `package` of `[tool.trail]`, or else of `[tool.uv]`."""
    trail = tool.table("trail")
    if not isinstance(trail.values.get("package", True), bool):
        layout = trail.table("package")
        for name in layout.values:
            text = layout.text(name) or ""
            if not name.isidentifier():
                raise layout.fault(name, "it is no name that can be imported")
            if not text or text.startswith("/") or ".." in text.split("/"):
                raise layout.fault(name, "it is not a folder below the project's own")
        return True, layout.values
    given = trail.flag("package")
    if given is None:
        given = tool.table("uv").flag("package")
    return (builds if given is None else given), {}
