"""Metadata on disk, reduced and parsed: one small file for each wheel or source distribution.

A file on an index never changes, so neither does its metadata. It is known by its address and
its hashes: what one index says of a file cannot reach another index's file of that name.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from io import FileIO
from typing import TYPE_CHECKING

from trail.files import write_cached
from trail.index.core_metadata import CoreMetadata, NeedsBuild

if TYPE_CHECKING:
    from pathlib import Path

    from trail.index.page import IndexFile

__all__ = ["MetadataCache"]

_FORMAT = 1
_DIGITS = 32  # of a hash, in the name of a file


class MetadataCache:
    """A folder of metadata; what cannot be read or written counts as absent.

    Args:
        folder: made when the first is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else f"{folder}{os.sep}metadata{os.sep}"

    def load(self, file: IndexFile) -> CoreMetadata | NeedsBuild | None:
        """Read what was kept of a file's metadata, or None."""
        path = self._path(file)
        if path is None:
            return None
        try:
            with FileIO(path) as kept:  # half the system calls of `read_bytes`
                size = os.fstat(kept.fileno()).st_size
                known = json.loads(kept.read(size) or b"")
            if known["format"] != _FORMAT or known["file"] != _identity(file):
                return None
            if known["needs_build"] is not None:
                return NeedsBuild(reason=known["needs_build"])
            return CoreMetadata(
                name=file.name,
                version=file.version,
                requires_dist=tuple(known["requires_dist"]),
                requires_python=known["requires_python"],
                extras=tuple(known["extras"]),
                metadata_version=known["metadata_version"],
                dynamic=tuple(known["dynamic"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, file: IndexFile, metadata: CoreMetadata | NeedsBuild) -> None:
        """Keep the metadata of a file."""
        path = self._path(file)
        if path is None:
            return
        known: dict[str, object] = {"format": _FORMAT, "file": _identity(file)}
        if isinstance(metadata, NeedsBuild):
            known["needs_build"] = metadata.reason
        else:
            known |= {
                "needs_build": None,
                "requires_dist": metadata.requires_dist,
                "requires_python": metadata.requires_python,
                "extras": metadata.extras,
                "metadata_version": metadata.metadata_version,
                "dynamic": metadata.dynamic,
            }
        with contextlib.suppress(OSError):
            # What a power cut leaves of it is no JSON.
            write_cached(path, json.dumps(known).encode())

    def _path(self, file: IndexFile) -> str | None:
        if self._folder is None or not file.hashes:
            # Without a hash nobody can tell whether the file is still the same.
            return None
        _, digest = file.hashes[0]
        if not (digest.isascii() and digest.isalnum()):  # whatever a page calls a hash
            return None
        address = zlib.crc32(file.url.encode())
        return f"{self._folder}{file.name}{os.sep}{digest[:_DIGITS]}-{address:08x}"


def _identity(file: IndexFile) -> list[str]:
    return [file.url, *(f"{algorithm}={digest}" for algorithm, digest in file.hashes)]
