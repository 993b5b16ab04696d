"""Index pages on disk, so that a fresh page costs no request and a stale one few bytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from trail.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Page", "PageCache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was received.

    Args:
        url: its address after redirects, without credentials.
        content_type: the header.
        body: the content.
        etag: the header, or None.
        modified: the header Last-Modified, or None.
        fetched: when it was received or confirmed, in seconds since the epoch.
        max_age: how many seconds it counts as fresh from then on.
    """

    url: str
    content_type: str
    body: bytes
    etag: str | None = None
    modified: str | None = None
    fetched: float = 0.0
    max_age: float = 0.0

    def fresh(self, now: float) -> bool:
        """Whether it may be used without asking the server."""
        # A clock that was set back makes a page stale, not fresh for years.
        return self.fetched <= now < self.fetched + self.max_age


class PageCache:
    """A folder of pages, one file each: a line of JSON about the page, then its bytes.

    Any number of processes may use it. What cannot be read or written counts as absent:
    the cache makes trail faster, and never makes it fail.

    Args:
        folder: made when the first page is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, url: str) -> Page | None:
        """Read the page that was kept for an address, or None.

        Args:
            url: the address that was asked for, without credentials.
        """
        path = self._path(url)
        if path is None:
            return None
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            known = json.loads(head)
            page = Page(body=body, **{name: known[name] for name in _HEAD})
            if known["asked"] != url or known["size"] != len(body):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return page

    def save(self, url: str, page: Page) -> None:
        """Keep a page for an address, in place of an older one."""
        path = self._path(url)
        if path is None:
            return
        known = asdict(page)
        body = known.pop("body")
        head = json.dumps({"asked": url, "size": len(body), **known})
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, head.encode() + b"\n" + body)

    def _path(self, url: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / "pages" / hashlib.sha256(url.encode()).hexdigest()[:32]


_HEAD = ("url", "content_type", "etag", "modified", "fetched", "max_age")
