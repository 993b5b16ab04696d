"""What the native engine reads for indexes, as trail's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail import _native
from trail.index.page import ProjectPage, Releases
from trail.index.rows import Packed, unpack_rows
from trail.wheel.directory import Member

if TYPE_CHECKING:
    from trail.index.page import Row
    from trail.index.rows import Place
    from trail.model import NormalizedName
    from trail.wheel.frame import Frame

__all__ = ["find_metadata", "read_page"]


def read_page(
    data: bytes, *, url: str, name: NormalizedName, index: str | None = None
) -> ProjectPage | None:
    """Read the JSON page of a project as `trail.index.simple.parse_page` does.

    Args:
        data: the page.
        url: the page's own address, after redirects.
        name: the project.
        index: address of the index, for the result.

    Returns:
        None if `parse_page` is to decide: the page is faulty or unusual.
    """
    found = _native.read_page(data, url, name)
    if found is None:
        return None
    status, reason, versions, ends, rows = found
    packed = Packed(versions=versions, ends=ends, data=rows)

    def read(_: str, place: Place) -> list[Row]:
        start, end = place
        return unpack_rows(rows[start:end])

    return ProjectPage(
        name=name,
        releases=Releases(name, index, packed.places(), read, packed),
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
