"""Workspaces: several projects with one lock, as the root's `pyproject.toml` declares them.

`[tool.trail.workspace]` or `[tool.uv.workspace]` has `members` and `exclude`, lists of paths
and patterns. What they name is looked at and nothing else: a folder with a `pyproject.toml`
that nobody declares is none of the workspace's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from trail.errors import ProjectError
from trail.project.pyproject import PyProject, load_pyproject
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packaging.specifiers import Specifier

    from trail.model import NormalizedName
    from trail.project.table import Table

__all__ = ["Workspace", "contains", "declares", "read_workspace"]

_PYPROJECT = "pyproject.toml"
_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A root and the projects that share its lock; of most roots there are none.

    Args:
        root: the `pyproject.toml` beside the lock; it may have no `[project]`.
        members: the others, sorted by path.
        watched: what else decides who they are: folders that a pattern lists, the
            `pyproject.toml` that some folders have not, and those of folders above.
    """

    root: PyProject
    members: tuple[PyProject, ...] = ()
    watched: tuple[Path, ...] = ()

    @property
    def projects(self) -> tuple[PyProject, ...]:
        """All that have a name, the root first."""
        return tuple(one for one in (self.root, *self.members) if one.name is not None)

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The names of all projects; none where the root stands alone."""
        if not self.members:
            return frozenset()
        return frozenset(one.name for one in self.projects if one.name is not None)

    @property
    def requires_python(self) -> SpecifierSet | None:
        """Which Pythons all projects support; None for all."""
        if not self.members:
            return self.root.requires_python
        given = [one.requires_python for one in (self.root, *self.members)]
        return _together(one for one in given if one is not None)

    def named(self, name: NormalizedName) -> PyProject:
        """Find a project by its name.

        Raises:
            ProjectError: there is none.
        """
        for one in self.projects:
            if one.name == name:
                return one
        known = ", ".join(sorted(one.name for one in self.projects if one.name))
        raise ProjectError(
            f"there is no `{name}` in the workspace `{self.root.folder}`",
            details=(("projects", known or "none"),),
        )

    def changed(self, pyproject: PyProject) -> Workspace:
        """Put a project, as it is going to be, in the place of what it is."""
        if pyproject.path == self.root.path:
            return replace(self, root=pyproject)
        return replace(
            self,
            members=tuple(pyproject if one.path == pyproject.path else one for one in self.members),
        )

    def label(self, pyproject: PyProject) -> str:
        """Name a project's file as it is seen from the root, with `/`."""
        return relative(pyproject.path, self.root.folder)


def read_workspace(root: PyProject) -> Workspace:
    """Find and read the members that a project declares.

    Args:
        root: the project.

    Raises:
        ProjectError: a member cannot be read, has no name, or the same name as another.
    """
    table = _declaration(root)
    if table is None:
        return Workspace(root=root)
    members = tuple(
        load_pyproject(folder / _PYPROJECT) for folder in _folders(table) if folder != root.folder
    )
    known: dict[NormalizedName, PyProject] = {} if root.name is None else {root.name: root}
    for member in members:
        if member.name is None:
            raise ProjectError(
                f"`{member.path}` is declared as a member of a workspace, but has no [project]",
                details=(("declared in", str(root.path)),),
                hint=f'leave it out: exclude = ["{relative(member.folder, root.folder)}"]',
            )
        if declares(member):
            raise ProjectError(
                f"`{member.path}` is a member of a workspace, and declares one itself",
                details=(("declared in", str(root.path)),),
            )
        if member.name in known:
            raise ProjectError(
                f"two projects of the workspace `{root.folder}` are named `{member.name}`",
                details=(("one", str(known[member.name].path)), ("other", str(member.path))),
            )
        known[member.name] = member
    return Workspace(root=root, members=members, watched=tuple(_watched(table)))


def declares(pyproject: PyProject) -> bool:
    """Tell whether a project is the root of a workspace."""
    return _declaration(pyproject) is not None


def contains(root: PyProject, folder: Path) -> bool:
    """Tell whether a root declares the project in a folder as a member.

    Args:
        root: declares a workspace.
        folder: absolute.
    """
    table = _declaration(root)
    return table is not None and folder in _folders(table)


def relative(path: Path, folder: Path) -> str:
    """Name a path as it is seen from a folder, with `/`; one elsewhere stays as it is."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _declaration(root: PyProject) -> Table | None:
    """Take the table that declares members; trail's own goes before uv's."""
    for tool in (root.tool, root.uv_tool):
        if "workspace" in tool.values:
            return tool.table("workspace")
    return None


def _folders(table: Table) -> list[Path]:
    """List the folders of the members, sorted."""
    top = table.path.parent
    excluded = {path for text in table.texts("exclude") for path in _matching(top, text)}
    found: set[Path] = set()
    for place, text in enumerate(table.texts("members")):
        folders = [path for path in _matching(top, text) if (path / _PYPROJECT).is_file()]
        if not folders and not _MAGIC.intersection(text):
            raise table.fault(f"members[{place}]", f"there is no {_PYPROJECT} in `{text}`")
        found.update(folders)
    return sorted(found - excluded)


def _matching(top: Path, pattern: str) -> Iterator[Path]:
    """List what a path or pattern of a workspace names; hidden folders only by their names."""
    text = "/".join(_parts(pattern))
    if not _MAGIC.intersection(text):
        yield (top / text).resolve()
        return
    for path in top.glob(text):
        inside = path.relative_to(top).parts
        if path.is_dir() and not any(part.startswith(".") for part in inside):
            yield path


def _parts(pattern: str) -> list[str]:
    return [part for part in pattern.split("/") if part not in {"", "."}]


def _watched(table: Table) -> list[Path]:
    """List what would change if there were another member."""
    top = table.path.parent
    found: set[Path] = set()
    for text in table.texts("members"):
        parts = _parts(text)
        for number, part in enumerate(parts):
            if _MAGIC.intersection(part):
                # A tree of any depth is too much to watch: `**` is looked at from above.
                above = "/".join(parts[:number])
                found.update(path for path in _matching(top, above) if path.is_dir())
                if "**" in part:
                    break
        else:
            folders = (path / _PYPROJECT for path in _matching(top, text))
            found.update(path for path in folders if not path.is_file())
    return sorted(found)


def _together(specifiers: Iterable[SpecifierSet]) -> SpecifierSet | None:
    """Put specifiers of Pythons together; of lower bounds the highest says it all."""
    everything: set[Specifier] = {one for found in specifiers for one in found}
    if not everything:
        return None
    bounds = [one for one in everything if one.operator == ">="]
    lower = sorted(bounds, key=lambda one: Version(one.version))[-1:]
    others = [one for one in everything if one.operator != ">="]
    return SpecifierSet(",".join(sorted(map(str, (*lower, *others)))))
