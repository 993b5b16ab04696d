"""`--find-links`: folders and pages of links, which offer files of any projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trail.errors import FetchError
from trail.files import hash_file
from trail.index.filenames import split_filename
from trail.index.page import IndexFile, ProjectPage, group_files
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trail.model import NormalizedName, Pinned

__all__ = ["by_project", "hash_release", "hashed", "local_path", "read_local_links"]


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


def hashed(files: tuple[IndexFile, ...], pinned: Pinned) -> Mapping[str, tuple[IndexFile, ...]]:
    """Sort files of this machine by version, with their hashes where hashes are to decide.

    Args:
        files: of one project.
        pinned: what is wanted of it.
    """
    page = ProjectPage(name=pinned.name, releases=group_files(files))
    return (hash_release(page, pinned.version) if pinned.hashes else page).releases


def hash_release(page: ProjectPage, version: str) -> ProjectPage:
    """Give the files of this machine their hashes.

    Args:
        page: of a project.
        version: whose files are to be compared by their hashes.
    """
    files = page.of(version)
    hashed = tuple(file if file.hashes else _hash_local(file) for file in files)
    if hashed == files:
        return page
    return replace(page, releases={**page.releases, hashed[0].version: hashed})


def _hash_local(file: IndexFile) -> IndexFile:
    path = local_path(file.url)
    if path is None:
        return file
    try:
        return file._replace(hashes=(("sha256", hash_file(path)),))
    except OSError:
        return file  # the download will say what is wrong with it
