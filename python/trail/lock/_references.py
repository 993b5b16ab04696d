"""Requirements that name a source: an archive, a folder or a commit of a repository."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag, urlsplit, urlunsplit

from packaging.utils import canonicalize_name

from trail.lock.choice import local_path, url_filename
from trail.model import NormalizedName, SourceKind, SourcePackage

if TYPE_CHECKING:
    from trail.model import Hashes

__all__ = ["as_source"]

_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar", ".zip")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def as_source(  # noqa: PLR0913  # the parts of a requirement
    location: str,
    folder: Path,
    subject: str,
    *,
    name: NormalizedName | None,
    hashes: Hashes,
    editable: bool = False,
) -> SourcePackage | None:
    """Read the address or the path of a source.

    Args:
        location: an address, with its fragment, or a path.
        folder: what a relative path starts from.
        subject: where it stands, for messages.
        name: the distribution, or None where it is not said.
        hashes: of an archive.
        editable: whether a folder is used in place.

    Returns:
        None for what is no lock: a branch, or an address that is no archive.

    Raises:
        LockError: the address cannot be used.
    """
    address, fragment = urldefrag(location)
    said = dict(parse_qsl(fragment))
    name = name or NormalizedName(canonicalize_name(said.get("egg", "").partition("[")[0]))
    inner = said.get("subdirectory", "").strip("/")
    if address.startswith("git+"):
        parts = urlsplit(address.removeprefix("git+"))
        path, _, commit = parts.path.rpartition("@")
        if not path or not _COMMIT.fullmatch(commit):
            return None
        return SourcePackage(
            name=name,
            kind=SourceKind.VCS,
            url=urlunsplit(parts._replace(path=path)),
            commit=commit,
            subdirectory=inner,
        )
    remote = "://" in address or address.startswith("file:")
    local = local_path(address, subject) if remote else Path(os.path.normpath(folder / address))
    filename = url_filename(address) if remote else Path(address).name
    if filename.endswith(_ARCHIVES):
        return SourcePackage(
            name=name,
            kind=SourceKind.ARCHIVE,
            filename=filename,
            hashes=hashes,
            url=None if local else address,
            path=local,
            subdirectory=inner,
        )
    if local is None:
        return None
    return SourcePackage(
        name=name, kind=SourceKind.DIRECTORY, path=local, subdirectory=inner, editable=editable
    )
