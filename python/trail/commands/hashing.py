"""Hashes for files whose index gives none, or weak ones: they are fetched, and hashed, once.

Simple indexes, such as a web server's listing of a folder, say nothing of hashes. A lock needs
them; so what such an index serves now is what the lock vouches for from then on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trail.index.digests import STRONG
from trail.model import NormalizedName, WheelFile
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.pylock import Pylock

    from trail.index.client import IndexClient
    from trail.model import Hashes
    from trail.report import Reporter
    from trail.resolve.model import Locked
    from trail.resolve.source import File

__all__ = ["hashes_of", "with_hashes"]

_DOWNLOADS = 8


def hashes_of(pylock: Pylock) -> dict[str, Hashes]:
    """List the hashes of a lock by the addresses of its files."""
    return {
        file.url: tuple(sorted(file.hashes.items()))
        for package in pylock.packages
        for file in (*(package.wheels or ()), package.sdist)
        if file is not None and file.url is not None
    }


def with_hashes(
    locked: Locked, known: Mapping[str, Hashes], client: IndexClient, reporter: Reporter
) -> Locked:
    """Give strong hashes to all files with an address.

    Args:
        locked: what the resolver found.
        known: hashes by address, of the lock before: these stay.
        client: downloads.
        reporter: is told of it.

    Raises:
        FetchError: a file cannot be fetched.
    """
    bare = {file.url: (name, file) for name, file in _bare(locked)}
    fresh = [pair for url, pair in bare.items() if url not in known]
    if not bare:
        return locked
    import tempfile  # noqa: PLC0415  # most indexes give hashes
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # as above

    if fresh:
        reporter.warn(
            f"the index gives no strong hash for {len(fresh)} files, so they are downloaded now"
        )
    with (
        tempfile.TemporaryDirectory(prefix="trail-") as folder,
        ThreadPoolExecutor(_DOWNLOADS, "hash") as pool,
    ):
        found = dict(pool.map(lambda one: _fetch(*one, client=client, folder=Path(folder)), fresh))
    hashes = {**known, **found}

    def complete(file: File) -> File:
        return file._replace(hashes=hashes[file.url]) if file.url in bare and file.url else file

    packages = (
        replace(package, files=tuple(map(complete, package.files))) for package in locked.packages
    )
    return replace(locked, packages=tuple(packages))


def _bare(locked: Locked) -> Iterator[tuple[NormalizedName, File]]:
    for package in locked.packages:
        for file in package.files:
            if file.url is not None and not any(name in STRONG for name, _ in file.hashes):
                yield package.name, file


def _fetch(
    name: NormalizedName, file: File, *, client: IndexClient, folder: Path
) -> tuple[str, Hashes]:
    wanted = WheelFile(
        name=name, version="0", filename=file.filename, size=file.size, url=file.url, vouched=False
    )
    download = client.download(wanted, folder)
    download.path.unlink()
    return str(file.url), (("sha256", str(download.sha256)),)
