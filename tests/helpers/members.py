"""Workspaces of small projects, each with a build backend that needs nothing from an index."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.helpers.sources import BACKEND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MEMBER", "make_member", "make_workspace", "write_files"]

MEMBER = "{ workspace = true }"
PYTHONS = f'requires-python = ">={sys.version_info.major}.{sys.version_info.minor}"'


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


def make_workspace(root: Path) -> Path:
    """Write a workspace of five members: src, flat and namespace layouts, one with an entry.

    They require `base`, `fast` and `check` of an index; `core` may be there, too.

    Args:
        root: made; its `pyproject.toml` is no project.
    """
    write_files(
        root,
        {
            "pyproject.toml": (
                '[tool.trail.workspace]\nmembers = ["packages/*", "app"]\n'
                'exclude = ["packages/left"]\n[dependency-groups]\nlint = ["check"]\n'
                f"[tool.trail.sources]\ncore = {MEMBER}\nacme-one = {MEMBER}\n"
            ),
            "packages/left/pyproject.toml": "[project]\nname = 'left'\nversion = '1'\n"
            "dependencies = ['there-is-none']\n",
            "packages/notes/readme.txt": "no project\n",
            "examples/demo/pyproject.toml": "this is not TOML",
        },
    )
    make_member(
        root / "packages/core",
        "core",
        {"core/__init__.py": "WORD = 'core'\n"},
        project=f"{PYTHONS}\ndependencies = ['base']\n"
        "[project.optional-dependencies]\nfast = ['fast']",
        more="[dependency-groups]\ntest = ['check']",
        requires=("base",),
    )
    make_member(
        root / "packages/flat",
        "flat",
        {"flat.py": "import core\nWORD = 'flat on ' + core.WORD\n"},
        project="dependencies = ['core']",
        tree=".",
        requires=("core",),
    )
    make_member(
        root / "packages/one",
        "acme_one",
        {"acme/one/__init__.py": "WORD = 'one'\n"},
        project="requires-python = '>=3.8'",
    )
    make_member(
        root / "packages/two",
        "acme_two",
        {"acme/two.py": "from acme import one\nWORD = 'two and ' + one.WORD\n"},
        project="dependencies = ['acme-one']",
        requires=("acme-one",),
    )
    make_member(
        root / "app",
        "app",
        {"app.py": "def main():\n    import flat\n    print('app', flat.WORD)\n"},
        project="dependencies = ['flat', 'acme-two', 'core[fast]']",
        more=f"[tool.trail.sources]\nflat = {MEMBER}\n[tool.uv.sources]\nacme_two = {MEMBER}",
        scripts="greet = app:main",
        requires=("flat", "acme-two", "core[fast]"),
    )
    return root


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, and the folders that they need."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
