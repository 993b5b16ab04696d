"""What is known of a source before it is there: its archive, its place, its digest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trail.commands.decisive import NOT_SOURCES, decisive_files
from trail.depot.entry import Origin, public_url
from trail.index.digests import STRONG
from trail.model import SourceKind, SourcePackage, WheelFile

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_file", "digest_of", "folder_of", "origin_of", "place_of", "state_of_files"]

_LEFT_BY_BUILDS = frozenset({"build", "dist"})


def state_of_files(folder: Path, patterns: Iterable[str]) -> str:
    """Digest files of a folder, the same way on every machine.

    Args:
        folder: the folder.
        patterns: names and patterns of files in it; those that are missing do not count.
    """
    found = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            with contextlib.suppress(OSError):
                # Git may change line ends, and the lock is to be the same everywhere.
                data = path.read_bytes().replace(b"\r\n", b"\n")
                name = path.relative_to(folder).as_posix()
                found.update(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode())
    return found.hexdigest()


def as_file(source: SourcePackage) -> WheelFile:
    """Name the archive for a download."""
    return WheelFile(
        name=source.name,
        version=source.version or "0",
        filename=source.filename,
        hashes=source.hashes,
        size=source.size,
        url=source.url,
        path=source.path,
        index=source.index,
        vouched=bool(source.hashes),
    )


def origin_of(source: SourcePackage) -> Origin:
    """Say where a source is from, without credentials."""
    if source.kind is SourceKind.VCS:
        return Origin(kind="vcs", url=public_url(source.url or ""), revision=source.commit)
    if source.kind is SourceKind.DIRECTORY:
        return Origin(kind="path", path=str(folder_of(source)))
    return Origin.of(as_file(source))


def place_of(source: SourcePackage) -> str:
    """Say where a source is from, for messages."""
    if source.kind is SourceKind.VCS:
        return f"{public_url(source.url or '')} at {source.commit}"
    return str(source.path or public_url(source.url or source.filename))


def folder_of(source: SourcePackage) -> Path:
    """The folder of a project in a folder."""
    if source.path is None:
        raise AssertionError(source)
    return source.path / source.subdirectory


def digest_of(source: SourcePackage) -> str | None:
    """Say what a source is: something else wherever the build could come out differently.

    Returns:
        None where nobody says it, and the archive must be looked at.
    """
    if source.kind is SourceKind.DIRECTORY:
        state = _decisive(source) if source.editable else _state(folder_of(source))
        return f"folder {state}"
    if source.kind is SourceKind.VCS:
        return f"git {source.commit} {source.subdirectory}"
    for algorithm, digest in sorted(source.hashes, key=lambda pair: pair[0] != "sha256"):
        if algorithm in STRONG:
            return f"{algorithm} {digest} {source.subdirectory}"
    return None


def _decisive(source: SourcePackage) -> str:
    """Digest the files that decide what an editable wheel is."""
    folder = folder_of(source)
    found = hashlib.sha256(os.fsencode(folder))
    for path in decisive_files(folder):
        with contextlib.suppress(OSError):
            name = path.relative_to(folder).as_posix()
            found.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return found.hexdigest()


def _state(folder: Path) -> str:
    """Digest what the files of a folder look like from outside: names, sizes and times."""
    rows: list[tuple[str, int, int]] = []
    for root, folders, names in os.walk(folder):
        skipped = NOT_SOURCES | (_LEFT_BY_BUILDS if Path(root) == folder else set())
        folders[:] = [
            name for name in folders if name not in skipped and not name.endswith(".egg-info")
        ]
        for name in names:
            path = Path(root, name)
            with contextlib.suppress(OSError):
                status = path.stat()
                rows.append((str(path), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()
