"""Files that are on this machine already: checked in their place, without an HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.errors import FetchError
from trail.index.digests import Digests
from trail.index.links import local_path
from trail.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from trail.model import Sha256, WheelFile

__all__ = ["Download", "take_local"]

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that is at hand and was checked.

    Args:
        path: where it is.
        sha256: of its bytes.
        size: in bytes.
        private: whether it is ours to remove; False for the user's own file.
    """

    path: Path
    sha256: Sha256
    size: int
    private: bool


def take_local(file: WheelFile) -> Download | None:
    """Check a file that is on this machine already, in its place.

    Args:
        file: the wanted file.

    Returns:
        None if the file is elsewhere and must be downloaded.

    Raises:
        FetchError: it cannot be read.
        DigestError: it is not the wanted file.
    """
    path = file.path or (local_path(file.url) if file.url else None)
    if path is None:
        return None
    digests = Digests(file, ("file", str(path)))
    try:
        with path.open("rb") as data:
            while block := data.read(_BLOCK):
                digests.update(block)
    except OSError as error:
        raise FetchError(
            f"cannot read `{path}`", details=(("reason", error.strerror or str(error)),)
        ) from error
    digests.check()
    return Download(path=path, sha256=digests.sha256(), size=digests.size, private=False)
