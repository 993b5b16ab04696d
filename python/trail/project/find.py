"""Find the project that a folder belongs to.

The root is the nearest folder, from the start upwards, that has a `pylock.toml` or a
`pyproject.toml`; if a `pyproject.toml` further up declares that folder as a member of its
workspace, it is the one of the workspace. A `requirements.txt` alone is no sign of a project
above (many belong to documentation or examples): it counts only in the start folder, and only
if there is no project around it. `.python-version` is looked for from the start up to the root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.project.pyproject import PyProject, load_pyproject
from trail.project.workspace import Workspace, contains, declares, read_workspace
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Project", "find_project"]

LOCK = "pylock.toml"
PYPROJECT = "pyproject.toml"
REQUIREMENTS = "requirements.txt"
VERSION_FILE = ".python-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project.

    Args:
        root: the folder of its lock, absolute.
        place: the folder of the project that the start lies in: the root, or a member's.
        workspace: what its `pyproject.toml` says, with the members that it declares; None
            where there is none.
        lock_path: its `pylock.toml`, else its `requirements.txt`, else None.
        version_file: the `.python-version` that holds in the start folder, or None.
    """

    root: Path
    place: Path
    workspace: Workspace | None = None
    lock_path: Path | None = None
    version_file: Path | None = None

    @property
    def pyproject(self) -> PyProject | None:
        """What the root's `pyproject.toml` says; None where there is none."""
        return None if self.workspace is None else self.workspace.root

    @property
    def here(self) -> PyProject | None:
        """What the `pyproject.toml` of the project says that the start lies in."""
        if self.workspace is None:
            return None
        members = (one for one in self.workspace.members if one.folder == self.place)
        return next(members, self.workspace.root)


def find_project(start: Path) -> Project | None:
    """Find and read the project around a folder.

    Args:
        start: the folder, absolute.

    Returns:
        The project, or None if there is none.

    Raises:
        ProjectError: its `pyproject.toml` cannot be read.
    """
    folders = (start, *start.parents)
    place = next((one for one in folders if _has(one, LOCK) or _has(one, PYPROJECT)), None)
    if place is None:
        if not _has(start, REQUIREMENTS):
            return None
        place = start
    root, workspace = place, None
    if _has(place, PYPROJECT):
        pyproject = load_pyproject(place / PYPROJECT)
        above = [one for one in place.parents if _has(one, PYPROJECT)]
        above = [] if declares(pyproject) else above
        workspace = read_workspace(_root_of(place, above) or pyproject)
        # One of them may declare this project tomorrow.
        others = (one / PYPROJECT for one in above)
        workspace = replace(workspace, watched=(*workspace.watched, *others))
        root = workspace.root.folder
    within = folders[: folders.index(root) + 1]
    return Project(
        root=root,
        place=place,
        workspace=workspace,
        lock_path=next((root / name for name in (LOCK, REQUIREMENTS) if _has(root, name)), None),
        version_file=next((one / VERSION_FILE for one in within if _has(one, VERSION_FILE)), None),
    )


def _root_of(place: Path, above: list[Path]) -> PyProject | None:
    """Find the workspace that a folder is declared a member of."""
    for folder in above:
        # Most say nothing of workspaces, and are not looked at more closely.
        if _mentions(folder / PYPROJECT, b"workspace"):
            root = load_pyproject(folder / PYPROJECT)
            if contains(root, place):
                return root
    return None


def _mentions(path: Path, word: bytes) -> bool:
    try:
        return word in path.read_bytes()
    except OSError:  # as below
        return False


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except OSError:  # a folder above that may not be looked into
        return False
