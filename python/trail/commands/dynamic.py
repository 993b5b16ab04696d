"""What only a project's build can tell (PEP 621, `dynamic`), put in its place.

Where there is no `[project]` at all, as in projects of old setuptools, that is everything. What a
build says wins over what `pyproject.toml` repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from trail.errors import ProjectError
from trail.model import NormalizedName, SourceKind, SourcePackage
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trail.commands.build import Builder
    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["complete", "state_of_build", "told_by_build"]

_REQUIRED = frozenset({"dependencies", "optional-dependencies"})
_KEYS = _REQUIRED | {"version", "requires-python"}
_DECIDES = ("setup.py", "setup.cfg", "requirements*.txt", "requirements/*.txt")


def complete(builder: Callable[[], Builder], workspace: Workspace) -> Workspace:
    """Ask the builds of all projects for what their `pyproject.toml` leaves to them.

    Args:
        builder: gives what builds.
        workspace: the projects.

    Raises:
        ProjectError: a build tells something that is no requirement.
        BuildError: a build failed.
    """
    # The version of a project that stands alone is nobody's business.
    wanted = _KEYS if workspace.members else _KEYS - {"version"}
    for pyproject in (workspace.root, *workspace.members):
        if _left(pyproject) & wanted:
            workspace = workspace.changed(
                told_by_build(builder(), pyproject, editable=bool(workspace.members))
            )
    return workspace


def told_by_build(builder: Builder, pyproject: PyProject, *, editable: bool = False) -> PyProject:
    """Put what the build of a project says in the place of what its file leaves open.

    Args:
        builder: builds.
        pyproject: the project.
        editable: whether the project is going to be used in place.

    Raises:
        ProjectError: the build tells something that is no requirement.
        BuildError: the build failed.
    """
    from trail.wheel.metadata import parse_headers  # noqa: PLC0415  # few projects leave it open

    data = builder.metadata(
        SourcePackage(
            name=pyproject.name or NormalizedName(""),
            kind=SourceKind.DIRECTORY,
            path=pyproject.folder,
            editable=editable,
        )
    )
    headers = parse_headers(data)
    first = dict(reversed(headers))
    left = _left(pyproject)
    found: dict[str, list[Requirement]] = {"": []}
    for key, text in headers:
        if key == "provides-extra":
            found.setdefault(canonicalize_name(text), [])
    for key, text in headers:
        if key == "requires-dist":
            requirement = _requirement(text, pyproject)
            found.setdefault(_take_extra(requirement), []).append(requirement)
    base = tuple(found.pop(""))
    return replace(
        pyproject,
        name=pyproject.name or NormalizedName(canonicalize_name(first.get("name", ""))),
        version=first.get("version") if "version" in left else pyproject.version,
        requires_python=(
            _pythons(first.get("requires-python"), pyproject)
            if "requires-python" in left
            else pyproject.requires_python
        ),
        dependencies=base if "dependencies" in left else pyproject.dependencies,
        extras=_extras(found) if "optional-dependencies" in left else pyproject.extras,
        built=left,
    )


def state_of_build(pyproject: PyProject) -> str | None:
    """Digest the files that dynamic requirements mostly come from; None if there are none."""
    if _REQUIRED.isdisjoint(_left(pyproject)):
        return None
    from trail.commands.trees import state_of_files  # noqa: PLC0415  # as above

    patterns = _DECIDES if pyproject.name is not None else ("pyproject.toml", *_DECIDES)
    return state_of_files(pyproject.folder, patterns)


def _left(pyproject: PyProject) -> frozenset[str]:
    """List what a project leaves to its build."""
    if not pyproject.builds or not pyproject.package or pyproject.layout:
        return frozenset()
    return _KEYS if pyproject.name is None else _KEYS & pyproject.dynamic


def _requirement(text: str, pyproject: PyProject) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ProjectError(
            f"the build of `{pyproject.folder}` asks for what is no requirement",
            details=(("requirement", text), ("problem", str(error).splitlines()[0])),
        ) from error


def _pythons(text: str | None, pyproject: PyProject) -> SpecifierSet | None:
    try:
        return None if text is None else SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ProjectError(
            f"the build of `{pyproject.folder}` names Pythons that cannot be understood",
            details=(("requires-python", text or ""),),
        ) from error


def _extras(
    found: Mapping[str, Iterable[Requirement]],
) -> dict[NormalizedName, tuple[Requirement, ...]]:
    return {NormalizedName(extra): tuple(requirements) for extra, requirements in found.items()}


def _take_extra(requirement: Requirement) -> str:
    """Take the extra out of a requirement's marker, and name it; empty for none."""
    from trail.extras import split_extra  # noqa: PLC0415  # as above

    rest, extra = split_extra(str(requirement.marker or ""))
    if extra:
        requirement.marker = Marker(rest) if rest else None
    return canonicalize_name(extra)
