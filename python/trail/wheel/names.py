"""Names of members: which are safe, and which mean the same file somewhere."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PathSet", "decode_name", "fold", "is_python_name", "is_safe_name", "split_parents"]

_WINDOWS = os.name == "nt"

# Unicode's category Cc is these two ranges and will not grow.
_FORBIDDEN = r"[\\\x00-\x1f\x7f-\x9f]"
_DRIVE = r"[A-Za-z]:"
_PYTHON = r"python[0-9.]*t?w?(\.exe)?"
# Whoever lists all folders of many names needs memory for length times depth of each: an
# archive of some megabytes must not take all there is.
_LONGEST = 1024
_DEEPEST = 64
_WINDOWS_DEVICE = r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?"
_WINDOWS_FORBIDDEN = r'[<>:"|?*]|[. ]$'


def is_safe_name(name: str, *, windows: bool = _WINDOWS) -> bool:
    """Tell whether a member may have this name (`zip-name`).

    Args:
        name: with `/` between its parts, and one at the end of a folder's.
        windows: whether to refuse also what Windows takes for something else.
    """
    if re.search(_FORBIDDEN, name) or re.match(_DRIVE, name) or len(name.encode()) > _LONGEST:
        return False
    parts = name.removesuffix("/").split("/")
    if len(parts) > _DEEPEST or any(part in {"", ".", ".."} for part in parts):
        return False
    return not windows or not any(
        re.search(_WINDOWS_FORBIDDEN, part)
        or re.fullmatch(_WINDOWS_DEVICE, part, re.IGNORECASE | re.DOTALL)
        for part in parts
    )


def is_python_name(name: str) -> bool:
    """Tell whether a script of this name would shadow a Python (`script-name`)."""
    return re.fullmatch(_PYTHON, name.casefold()) is not None


def decode_name(name: bytes, *, utf8: bool) -> str:
    r"""Decode a member's name for a message: what cannot be decoded becomes `\xNN`."""
    return name.decode("utf-8" if utf8 else "ascii", "backslashreplace")


def fold(path: str) -> str:
    """Make the form in which two paths are equal if some file system takes them for one."""
    if path.isascii():
        return path.lower()
    import unicodedata  # noqa: PLC0415  # few wheels have such names

    normal = unicodedata.normalize("NFC", path)
    return unicodedata.normalize("NFC", normal.casefold())


def split_parents(path: str) -> Iterator[str]:
    """Name the folders above a path, the nearest first: `a/b/c` gives `a/b`, `a`."""
    while (cut := path.rfind("/")) >= 0:
        path = path[:cut]
        yield path


class PathSet:
    """Files and folders, compared folded; tells when two cannot lie in one tree."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._listed: set[str] = set()
        self._folders: set[str] = set()

    def add(self, path: str, *, folder: bool = False) -> bool:
        """Add a file, or a folder that is listed itself.

        Args:
            path: without a `/` at its end.
            folder: whether it is a folder; a folder may also be implied by what is in it.

        Returns:
            Whether nothing that was added before stands in its way.
        """
        key = fold(path)
        if key in self._files or key in self._listed or (not folder and key in self._folders):
            return False
        for parent in split_parents(key):
            if parent in self._folders:
                break
            if parent in self._files:
                return False
            self._folders.add(parent)
        if folder:
            self._listed.add(key)
            self._folders.add(key)
        else:
            self._files.add(key)
        return True
