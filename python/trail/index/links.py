"""`--find-links`: folders and pages of links, which offer files of any projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trail.errors import FetchError
from trail.index.filenames import split_filename
from trail.index.page import IndexFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trail.model import NormalizedName

__all__ = ["by_project", "local_path", "read_local_links"]


def local_path(location: str) -> Path | None:
    """The path that a location means; None if it is an address elsewhere.

    Args:
        location: a path, or an address with any scheme.
    """
    if "://" not in location and not location.startswith("file:"):
        return Path(location)
    parts = urlsplit(location)
    if parts.scheme != "file":
        return None
    from urllib.request import url2pathname  # noqa: PLC0415  # 40 ms, rarely needed

    return Path(url2pathname(parts.path))


def read_local_links(path: Path) -> tuple[IndexFile, ...]:
    """Read a folder of files, or a page of links on disk.

    Args:
        path: the folder or the HTML file, absolute.

    Raises:
        FetchError: it cannot be read.
    """
    try:
        if path.is_dir():
            return tuple(_folder_file(file) for file in sorted(path.iterdir()) if _is_file(file))
        from trail.index.simple import parse_links  # noqa: PLC0415  # loads an HTML parser

        return parse_links(path.read_bytes(), url=path.as_uri())
    except OSError as error:
        raise FetchError(
            f"cannot read the links in `{path}`", details=(("reason", error.strerror or ""),)
        ) from error


def by_project(files: Iterable[IndexFile]) -> dict[NormalizedName, tuple[IndexFile, ...]]:
    """Sort files by their project."""
    found: dict[NormalizedName, list[IndexFile]] = {}
    for file in files:
        found.setdefault(file.name, []).append(file)
    return {name: tuple(group) for name, group in found.items()}


def _is_file(path: Path) -> bool:
    return split_filename(path.name) is not None and path.is_file()


def _folder_file(path: Path) -> IndexFile:
    name, version = split_filename(path.name) or ("", "")
    return IndexFile(
        name=name,  # type: ignore[arg-type]  # `_is_file` has seen that it has one
        version=version,
        filename=path.name,
        url=path.as_uri(),
        size=path.stat().st_size,
        index=str(path.parent),
    )
