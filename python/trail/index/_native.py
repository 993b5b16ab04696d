"""The native parser of index pages: what rust/trail-index reads, as trail's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail import _native
from trail.index.page import ProjectPage, Releases
from trail.index.rows import Packed, unpack_rows

if TYPE_CHECKING:
    from trail.index.page import Row
    from trail.index.rows import Place
    from trail.model import NormalizedName

__all__ = ["read_page"]


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

    def read(place: Place) -> list[Row]:
        _, start, end = place
        return unpack_rows(rows[start:end])

    return ProjectPage(
        name=name,
        releases=Releases(name, index, packed.places(), read, packed),
        status=status,
        reason=reason,
        index=index,
    )
