"""What the command line names to be added: requirements (PEP 508), and folders and archives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from trail.build.archive import ENDINGS
from trail.commands.adhoc import read_requirement
from trail.errors import UsageError
from trail.index.filenames import split_filename
from trail.project.pyproject import load_pyproject
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace

__all__ = ["Adding", "read_adding"]

_ARCHIVES = (".whl", *ENDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """Something to be added.

    Args:
        requirement: as it is going to be written.
        source: what is written of where it comes from; None for nothing.
    """

    requirement: Requirement
    source: Mapping[str, object] | None = None


def read_adding(
    word: str, start: Path, pyproject: PyProject, workspace: Workspace, *, editable: bool = False
) -> Adding:
    """Read a word of `trail add`.

    Args:
        word: a requirement, or the path of a folder, a wheel or a source distribution.
        start: the folder that relative paths start at.
        pyproject: the project that it is added to.
        workspace: that this belongs to.
        editable: whether a folder is to be used in place.

    Raises:
        UsageError: it is none of these, or it is not there.
        ProjectError: the folder's `pyproject.toml` cannot be read.
    """
    if "://" in word and "@" not in word.partition("://")[0]:
        raise UsageError(
            f"`{word}` is an address without a name", hint=f"trail add 'NAME @ {word}'"
        )
    if not _is_path(word):
        if editable:
            raise UsageError(f"`{word}` is no folder, so it cannot be used in place")
        return Adding(requirement=read_requirement(word))
    path = (start / Path(word).expanduser()).resolve()
    if not path.exists():
        raise UsageError(f"`{word}` is not there", hint="write requirements as 'numpy>=2'")
    if editable and not path.is_dir():
        raise UsageError(f"`{word}` is no folder, so it cannot be used in place")
    requirement = Requirement(_name(path, word))
    if workspace.members and path in {one.folder for one in workspace.projects}:
        return Adding(requirement=requirement, source={"workspace": True})
    source: dict[str, object] = {"path": Path(os.path.relpath(path, pyproject.folder)).as_posix()}
    return Adding(requirement=requirement, source=source | ({"editable": True} if editable else {}))


def _is_path(word: str) -> bool:
    """Whether it can be nothing but a path: no requirement without an address has a slash."""
    if word.startswith((".", "~", "/")):
        return True
    return "@" not in word and (os.sep in word or "/" in word or word.endswith(_ARCHIVES))


def _name(path: Path, word: str) -> str:
    if path.is_dir():
        file = path / "pyproject.toml"
        name = load_pyproject(file).name if file.is_file() else None
    else:
        name = (split_filename(path.name) or (None,))[0]
    if name is None:
        raise UsageError(
            f"nothing in `{word}` tells its name", hint=f"trail add 'NAME @ {path.as_uri()}'"
        )
    return name
