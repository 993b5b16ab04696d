"""`pyproject.toml`, as far as running a project needs it; it is read, never written here.

`[project]` is PEP 621, `[dependency-groups]` PEP 735. `[tool.trail]` is handed on as it
stands: `trail.settings` knows its keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from trail.errors import ProjectError
from trail.model import EntryPoint, NormalizedName
from trail.toml import parse_toml
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["PyProject", "read_pyproject"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PyProject:
    """What a `pyproject.toml` says; names of extras and groups are normalised.

    Args:
        path: the file.
        name: the project's, or None where there is no `[project]`.
        requires_python: which Pythons it supports, or None for all.
        dependencies: what it needs.
        extras: what each extra needs.
        groups: what each dependency group needs, included groups resolved.
        scripts: the commands it has, sorted.
        dynamic: the keys of `[project]` that only a build can tell.
        builds: whether it says how the project is built (PEP 518).
        trail: the table `[tool.trail]`.
    """

    path: Path
    name: NormalizedName | None = None
    requires_python: SpecifierSet | None = None
    dependencies: tuple[Requirement, ...] = ()
    extras: Mapping[NormalizedName, tuple[Requirement, ...]] = field(default_factory=dict)
    groups: Mapping[NormalizedName, tuple[Requirement, ...]] = field(default_factory=dict)
    scripts: tuple[EntryPoint, ...] = ()
    dynamic: frozenset[str] = frozenset()
    builds: bool = False
    trail: Mapping[str, object] = field(default_factory=dict)


def read_pyproject(data: bytes, path: Path) -> PyProject:
    """Read a `pyproject.toml`.

    Args:
        data: the file's bytes.
        path: the file.

    Raises:
        ProjectError: it is not TOML, or a value is wrong; the details name the key.
    """
    document = parse_toml(data, path, ProjectError)
    top = _Table(path=path, key="", values=document)
    project = top.table("project")
    if project.values and "name" not in project.values:
        raise project.fault("name", "it is missing")
    extras = project.table("optional-dependencies")
    return PyProject(
        path=path,
        name=project.parsed("name", _name, InvalidName),
        requires_python=project.parsed("requires-python", SpecifierSet, InvalidSpecifier),
        dependencies=project.requirements("dependencies"),
        extras={extras.name(extra): extras.requirements(extra) for extra in extras.values},
        groups=_groups(top.table("dependency-groups")),
        scripts=tuple(
            sorted(
                (
                    *project.table("scripts").scripts(gui=False),
                    *project.table("gui-scripts").scripts(gui=True),
                )
            )
        ),
        dynamic=frozenset(project.texts("dynamic")),
        builds="build-system" in document,
        trail=top.table("tool").table("trail").values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table of the file: takes typed values out of it, or says what is wrong with them."""

    path: Path
    key: str
    values: Mapping[str, Any]

    def fault(self, key: str, problem: str) -> ProjectError:
        problem = problem[:1].lower() + problem[1:].rstrip(".")
        return ProjectError(
            f"`{self.path}` has a wrong value",
            details=(("key", self.full(key)), ("problem", problem)),
        )

    def full(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key

    def table(self, key: str) -> _Table:
        found = self.values.get(key, {})
        if not isinstance(found, dict):
            raise self.fault(key, "it is not a table")
        return _Table(path=self.path, key=self.full(key), values=found)

    def text(self, key: str) -> str | None:
        found = self.values.get(key)
        if found is not None and not isinstance(found, str):
            raise self.fault(key, "it is not text")
        return found

    def texts(self, key: str) -> list[str]:
        found = self.values.get(key, [])
        if not isinstance(found, list):
            raise self.fault(key, "it is not a list")
        for place, item in enumerate(found):
            if not isinstance(item, str):
                raise self.fault(f"{key}[{place}]", "it is not text")
        return found

    def parsed(self, key: str, parse: Callable[[str], _T], error: type[ValueError]) -> _T | None:
        text = self.text(key)
        return None if text is None else self.parse(text, key, parse, error)

    def parse(self, text: str, key: str, parse: Callable[[str], _T], error: type[ValueError]) -> _T:
        try:
            return parse(text)
        except error as fault:
            raise self.fault(key, str(fault).splitlines()[0]) from fault

    def name(self, key: str) -> NormalizedName:
        """Normalise a name that is a key."""
        return self.parse(key, key, _name, InvalidName)

    def requirements(self, key: str) -> tuple[Requirement, ...]:
        return tuple(
            self.parse(text, f"{key}[{place}]", Requirement, InvalidRequirement)
            for place, text in enumerate(self.texts(key))
        )

    def scripts(self, *, gui: bool) -> list[EntryPoint]:
        return [EntryPoint(name=name, value=self.text(name) or "", gui=gui) for name in self.values]


def _name(text: str) -> NormalizedName:
    return NormalizedName(canonicalize_name(text, validate=True))


def _groups(table: _Table) -> dict[NormalizedName, tuple[Requirement, ...]]:
    """Resolve the includes of all groups (PEP 735)."""
    from packaging.dependency_groups import DependencyGroupResolver  # noqa: PLC0415  # few need it

    groups: dict[NormalizedName, tuple[Requirement, ...]] = {}
    for group in table.values:
        try:
            groups[table.name(group)] = DependencyGroupResolver(table.values).resolve(group)
        except ExceptionGroup as faults:
            raise table.fault(group, str(faults.exceptions[0]).splitlines()[0]) from faults
    return groups
