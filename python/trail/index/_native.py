"""What the native engine reads for indexes, as trail's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail import _native
from trail.index.page import ProjectPage, packed_releases
from trail.index.rows import Packed
from trail.wheel.directory import Member

if TYPE_CHECKING:
    from trail.model import NormalizedName
    from trail.wheel.frame import Frame

__all__ = ["PageParser", "find_metadata"]


class PageParser:
    """Reads the JSON pages of projects as `trail.index.simple.parse_page` does.

    Any number of threads may use one, and should: it keeps the memory of a page for the next one.
    """

    def __init__(self) -> None:
        self._reader = _native.PageReader()

    def read(
        self,
        body: bytes,
        *,
        gzip: bool = False,
        url: str,
        name: NormalizedName,
        index: str | None = None,
    ) -> ProjectPage | None:
        """Read a page.

        Args:
            body: the page, as it came.
            gzip: whether it is compressed.
            url: the page's own address, after redirects.
            name: the project.
            index: address of the index, for the result.

        Returns:
            None if `parse_page` is to decide: the page is faulty or unusual.
        """
        found = self._reader.read(body, gzip, url, name)
        if found is None:
            return None
        status, reason, versions, ends, rows = found
        packed = Packed(versions=versions, ends=ends, data=rows)
        return ProjectPage(
            name=name,
            releases=packed_releases(packed, name, index),
            status=status,
            reason=reason,
            index=index,
        )


def find_metadata(
    directory: bytes, frame: Frame, *, name: NormalizedName, version: str
) -> tuple[Member, int] | None:
    """Find METADATA in the directory of a wheel, and where the next member or the directory is.

    Args:
        directory: all its bytes.
        frame: where it lies.
        name: of the wheel.
        version: of the wheel.

    Returns:
        None if a rule is broken, which `trail.wheel.directory` puts into words.
    """
    found = _native.find_metadata(directory, frame.entries, name, version)
    if found is None:
        return None
    decoded, flags, method, crc, packed_size, size, offset, executable, following = found
    member = Member(
        name=decoded,
        raw_name=decoded.encode(),
        flags=flags,
        method=method,
        crc=crc,
        packed_size=packed_size,
        size=size,
        offset=offset,
        executable=executable,
    )
    return member, frame.offset if following is None else min(following, frame.offset)
