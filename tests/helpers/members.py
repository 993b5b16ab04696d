"""Workspaces of small projects, each with a build backend that needs nothing from an index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.helpers.sources import BACKEND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["make_member", "write_files"]


def make_member(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    *,
    project: str = "",
    more: str = "",
    scripts: str = "",
    tree: str = "src",
    requires: tuple[str, ...] = (),
) -> Path:
    """Write a project that builds itself.

    Args:
        folder: made; becomes the project's root.
        name: of the distribution, with `_` where it has several words.
        files: its modules, with paths below `tree`.
        project: further lines of `[project]`.
        more: lines behind it, such as `[tool.trail.sources]`.
        scripts: lines of `console_scripts`.
        tree: the folder that its editable wheel puts on the path; `.` for a flat layout.
        requires: what its wheel says that it requires.
    """
    write_files(folder / tree, files)
    facts = {"name": name, "version": "1.0", "run": "", "asks": [], "requires": [*requires]}
    facts |= {"scripts": scripts, "tag": "py3-none-any", "tree": tree}
    write_files(
        folder,
        {
            "backend.py": BACKEND,
            "facts.json": json.dumps(facts),
            "pyproject.toml": (
                "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
                f"[project]\nname = '{name}'\nversion = '1.0'\n{project}\n{more}\n"
            ),
        },
    )
    return folder


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, and the folders that they need."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
