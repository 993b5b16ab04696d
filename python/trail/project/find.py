"""Find the project that a folder belongs to.

The root is the nearest folder, from the start upwards, that has a `pylock.toml` or a
`pyproject.toml`. A `requirements.txt` alone is no sign of a project above (many belong to
documentation or examples): it counts only in the start folder, and only if there is no
project around it. `.python-version` is looked for from the start up to the root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.errors import ProjectError
from trail.project.pyproject import PyProject, read_pyproject
from trail.values import dataclass

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
        root: its folder, absolute.
        pyproject: what its `pyproject.toml` says, or None where there is none.
        lock_path: its `pylock.toml`, else its `requirements.txt`, else None.
        version_file: the `.python-version` that holds in the start folder, or None.
    """

    root: Path
    pyproject: PyProject | None = None
    lock_path: Path | None = None
    version_file: Path | None = None


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
    root = next((one for one in folders if _has(one, LOCK) or _has(one, PYPROJECT)), None)
    if root is None:
        if not _has(start, REQUIREMENTS):
            return None
        root = start
    within = folders[: folders.index(root) + 1]
    return Project(
        root=root,
        pyproject=_read(root / PYPROJECT) if _has(root, PYPROJECT) else None,
        lock_path=next((root / name for name in (LOCK, REQUIREMENTS) if _has(root, name)), None),
        version_file=next((one / VERSION_FILE for one in within if _has(one, VERSION_FILE)), None),
    )


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except OSError:  # a folder above that may not be looked into
        return False


def _read(path: Path) -> PyProject:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"cannot read `{path}`", details=(("problem", error.strerror or str(error)),)
        ) from error
    return read_pyproject(data, path)
