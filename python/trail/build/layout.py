"""The wheel of a project whose folders are packages as they are: `package = {name = "src"}`.

There is no build backend and nothing is copied. Like other editable wheels (PEP 660) it holds
a `.pth` file, which adds a finder that knows the folders by the names that they are imported
by. It comes last, so that it changes nothing for other names.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from trail.model import EntryPoint

__all__ = ["Layout", "make_layout_wheel"]

_FINDER = '''\
"""Finds the packages of a project that is used in place."""

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location

FOLDERS = {folders!r}


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        folder = FOLDERS.get(name)
        if folder is None:
            return None
        file = os.path.join(folder, "__init__.py")
        if os.path.isfile(file):
            return spec_from_file_location(name, file, submodule_search_locations=[folder])
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [folder]
        return spec


sys.meta_path.append(Finder)
'''
# What zip files can begin with: the same wheel each time.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A project and its folders.

    Args:
        name: of the distribution, normalised.
        version: of the distribution, normalised (PEP 440).
        folders: of its packages, absolute, by the names to import.
        headers: further lines of METADATA: keys and values.
        scripts: its console scripts.
    """

    name: str
    version: str
    folders: Mapping[str, Path]
    headers: tuple[tuple[str, str], ...] = ()
    scripts: tuple[EntryPoint, ...] = ()


def make_layout_wheel(layout: Layout, target: Path) -> Path:
    """Write the wheel.

    Args:
        layout: what it is for.
        target: the folder to write it to.

    Returns:
        Its path.
    """
    stem = layout.name.replace("-", "_")
    module = f"_trail_layout_{stem}"
    info = f"{stem}-{layout.version}.dist-info"
    headers = (
        ("Metadata-Version", "2.1"),
        ("Name", layout.name),
        ("Version", layout.version),
        *layout.headers,
    )
    folders = {name: str(folder) for name, folder in layout.folders.items()}
    files = {
        f"{module}.py": _FINDER.replace("{folders!r}", repr(folders)),
        f"{module}.pth": f"import {module}\n",
        f"{info}/METADATA": "".join(f"{key}: {value}\n" for key, value in headers),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if layout.scripts:
        files[f"{info}/entry_points.txt"] = _entry_points(layout.scripts)
    record = f"{info}/RECORD"
    files[record] = "".join(_row(name, text) for name, text in files.items()) + f"{record},,\n"
    path = target / f"{stem}-{layout.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), text.encode())
    return path


def _entry_points(scripts: Iterable[EntryPoint]) -> str:
    lines = []
    for gui, section in ((False, "console_scripts"), (True, "gui_scripts")):
        found = [f"{one.name} = {one.value}" for one in scripts if one.gui is gui]
        lines += [f"[{section}]", *found] if found else []
    return "\n".join(lines) + "\n"


def _row(name: str, text: str) -> str:
    data = text.encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"
