"""PKG-INFO out of a source distribution, without unpacking anything.

Source: the source distribution format (PEP 625, PEP 643): one folder at the top, named as the
file is, and PKG-INFO in it.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from trail.errors import MetadataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_pkg_info"]

_LARGEST = 64 << 20
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
# What is read past: more than any real source distribution unpacks to.
_MOST_UNPACKED = 4 << 30


def read_pkg_info(path: Path, filename: str) -> bytes | None:
    """Read the PKG-INFO at the top of a source distribution.

    Args:
        path: the archive, checked against its hash.
        filename: its name, which tells the format.

    Returns:
        None if it has none.

    Raises:
        MetadataError: the archive cannot be read, has several, or claims absurd sizes.
        OSError: the file cannot be read.
    """
    try:
        if filename.endswith(".zip"):
            return _from_zip(path, filename)
        return _from_tar(path, filename)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
    ) as error:
        raise MetadataError(
            filename, "the archive is damaged", details=(("reason", str(error)),)
        ) from error


def _from_tar(path: Path, filename: str) -> bytes | None:
    found: list[bytes] = []
    # As a stream: member by member, in one pass, and nothing is looked up twice.
    with tarfile.open(path, "r|gz") as archive:
        unpacked = 0
        for member in archive:
            unpacked += member.size
            if unpacked > _MOST_UNPACKED:
                raise MetadataError(filename, "the archive unpacks to an absurd size")
            if not _is_pkg_info(member.name):
                continue
            if not member.isreg():
                raise MetadataError(filename, f"`{member.name}` is no regular file")
            data = archive.extractfile(member)
            if data is not None:
                found.append(_read(data, member.size, filename))
    return _one(found, filename)


def _from_zip(path: Path, filename: str) -> bytes | None:
    found: list[bytes] = []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if _is_pkg_info(member.filename):
                if member.flag_bits & 1:
                    raise MetadataError(filename, f"`{member.filename}` is encrypted")
                with archive.open(member) as data:
                    found.append(_read(data, member.file_size, filename))
    return _one(found, filename)


def _is_pkg_info(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == 2 and parts[1] == "PKG-INFO"  # noqa: PLR2004  # folder and file


def _read(data: IO[bytes], size: int, filename: str) -> bytes:
    if size > _LARGEST:
        raise MetadataError(filename, f"its PKG-INFO has {size} bytes")
    return data.read(_LARGEST)


def _one(found: list[bytes], filename: str) -> bytes | None:
    if len(found) > 1:
        raise MetadataError(filename, "it has several PKG-INFO")
    return found[0] if found else None
