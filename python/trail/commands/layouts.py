"""`[tool.trail] package = {name = "src"}`: a project that is a package without a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from trail.build.layout import Layout, make_layout_wheel
from trail.commands.direct import requires_dist_of
from trail.commands.trees import folder_of
from trail.errors import ProjectError
from trail.model import SourceKind
from trail.project.pyproject import load_pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from trail.model import SourcePackage
    from trail.project.pyproject import PyProject

__all__ = ["layout_wheel"]


def layout_wheel(source: SourcePackage, target: Path) -> Path | None:
    """Make the wheel of a project that says where its packages lie.

    Args:
        source: what is to be built.
        target: the folder to write it to.

    Returns:
        None where the project does not say it, and has to be built.

    Raises:
        ProjectError: there is no such folder, or its `pyproject.toml` is wrong.
    """
    if source.kind is not SourceKind.DIRECTORY:
        return None
    path = folder_of(source) / "pyproject.toml"
    project = load_pyproject(path) if path.is_file() else None
    if project is None or not project.layout:
        return None
    folders = {name: project.folder / inner for name, inner in project.layout.items()}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise ProjectError(
                f"`{project.path}` names a folder that is not there",
                details=(("key", f"tool.trail.package.{name}"), ("folder", str(folder))),
            )
    layout = Layout(
        name=project.name or source.name or project.folder.name,
        version=_version(project),
        folders=folders,
        headers=tuple(_headers(project)),
        scripts=project.scripts,
    )
    return make_layout_wheel(layout, target)


def _headers(project: PyProject) -> list[tuple[str, str]]:
    python = project.requires_python
    return [
        *([("Requires-Python", str(python))] if python else []),
        *(("Provides-Extra", extra) for extra in project.extras),
        *(("Requires-Dist", text) for text in requires_dist_of(project)),
    ]


def _version(project: PyProject) -> str:
    try:
        return str(Version(project.version or "0"))
    except InvalidVersion as error:
        raise ProjectError(
            f"`{project.path}` has no valid version", details=(("problem", str(error)),)
        ) from error
