"""The files that decide what a project's editable wheel is: it is built anew when one changes.

Those that say how it is built, and of a compiled project what it is compiled from. Where a
backend compiles nothing, or sees to it itself when the project is imported (meson-python),
nobody looks for more.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOT_SOURCES", "decisive_files"]

_DECIDES = ("pyproject.toml", "setup.py", "setup.cfg")
# They copy files, unless a table or file of this name has them do more.
_COPY = {
    "flit_core.buildapi": (),
    "hatchling.build": ("hooks", "hatch_build.py"),
    "pdm.backend": ("run-setuptools", "pdm_build.py"),
    "poetry.core.masonry.api": ("script", "build.py"),
    "uv_build": (),
}
_BUILDS_ON_IMPORT = "mesonpy"
_C = frozenset(
    {".c", ".cc", ".cpp", ".cu", ".cuh", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".i", ".inl", ".mm"}
)
_COMPILED = _C | {".asm", ".f", ".f90", ".for", ".pxd", ".pxi", ".pyx", ".rs", ".s", ".zig"}
_SAYS_HOW = frozenset({"CMakeLists.txt", "Cargo.lock", "Cargo.toml", "build.rs", "meson.build"})
_LEFT_BY_BUILDS = frozenset({"_skbuild", "build", "dist", "target"})

NOT_SOURCES = frozenset(
    {".git", ".hg", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".svn", ".tox"}
    | {".venv", "__pycache__", "node_modules", "venv"}
)
"""Folders that lie in a project's folder and are no part of its source."""


def decisive_files(folder: Path) -> tuple[Path, ...]:
    """List the files; those that say how the project is built need not exist.

    Args:
        folder: of the project, absolute.
    """
    files = tuple(folder / name for name in _DECIDES)
    return (*files, *_sources(folder)) if _compiles(folder) else files


def _compiles(folder: Path) -> bool:
    """Whether a build may compile something; also where nobody can tell."""
    try:
        document = tomli.loads((folder / "pyproject.toml").read_text("utf-8"))
        backend = document["build-system"]["build-backend"]
    except (OSError, ValueError, LookupError, TypeError):
        return True
    if backend == _BUILDS_ON_IMPORT:
        return False
    more = _COPY.get(backend)
    if more is None:
        return True
    return any((folder / name).exists() or _has_key(document.get("tool"), name) for name in more)


def _has_key(table: Any, key: str) -> bool:
    if isinstance(table, dict):
        return key in table or any(_has_key(value, key) for value in table.values())
    return False


def _sources(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        skipped = NOT_SOURCES | _LEFT_BY_BUILDS
        folders[:] = sorted(name for name in folders if name not in skipped)
        stems = {name[:-4] for name in names if name.endswith(".pyx")}
        for name in sorted(names):
            stem, ending = os.path.splitext(name)  # noqa: PTH122  # of thousands of names
            # Cython writes one beside each .pyx.
            made = stem in stems and ending in {".c", ".cpp", ".h"}
            if (ending.lower() in _COMPILED and not made) or name in _SAYS_HOW:
                path = Path(root, name)
                with contextlib.suppress(OSError):
                    if path.is_file():
                        yield path
