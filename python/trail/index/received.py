"""Pages as they come: from a server's answer, or from an index on disk."""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import TYPE_CHECKING

from trail.addresses import redact
from trail.errors import FetchError
from trail.index.cache import Page
from trail.index.packed import HEADER, unpack

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

__all__ = ["as_page", "content_of", "local_page", "max_age"]


def local_page(folder: Path) -> Page | None:
    """Read the page of a project in an index on disk (a `file:` address).

    Args:
        folder: the project's.

    Returns:
        None if it is not there.

    Raises:
        FetchError: it cannot be read.
    """
    path = folder / "index.html"
    if not path.is_file():
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FetchError(
            f"cannot read `{path}`", details=(("reason", error.strerror or str(error)),)
        ) from error
    return Page(url=path.as_uri(), content_type="text/html", body=data)


def as_page(response: httpx.Response, asked: float, *, absent: bool = False) -> Page:
    """Take what counts out of an answer.

    Args:
        response: the answer, read to its end.
        asked: when it was asked for, in seconds since the epoch.
        absent: whether it says that there is no such page.
    """
    body = b"" if absent else response.content
    packed = not absent and bool(response.extensions.get("packed"))
    telling = memoryview(body)[HEADER:] if packed else body
    return Page(
        url=str(response.url),
        content_type=response.headers.get("Content-Type", ""),
        body=body,
        sha256="" if absent else hashlib.sha256(telling).hexdigest(),
        etag=response.headers.get("ETag"),
        modified=response.headers.get("Last-Modified"),
        fetched=asked,
        max_age=max_age(response),
        keep="no-store" not in response.headers.get("Cache-Control", "").lower(),
        absent=absent,
        packed=packed,
    )


def content_of(page: Page) -> bytes:
    """Give the content of a page, unpacked.

    Raises:
        FetchError: it is damaged.
    """
    if not page.packed:
        return page.body
    try:
        return unpack(page.body)
    except zlib.error as error:
        raise FetchError(f"could not fetch `{redact(page.url)}`: {error}") from error


def max_age(response: httpx.Response) -> float:
    """For how many more seconds a page is fresh (RFC 9111, 4.2)."""
    control = response.headers.get("Cache-Control", "").lower()
    found = re.search(r"\bmax-age=(\d+)", control)
    if found is None or "no-cache" in control:
        return 0.0
    age = response.headers.get("Age", "")
    return max(0.0, float(found[1]) - (float(age) if age.isdecimal() else 0.0))
