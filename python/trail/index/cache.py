"""Index pages on disk, so that a fresh page costs no request and a stale one few bytes.

A file is a line of JSON, then bytes: the page, or the rows of each version with a checksum (by
marshal, which takes a fifth of JSON's time for a page of thousands of files). When it was
received or confirmed is the file's own time of change, so that confirming a page does not
write it again. Any number of processes may use the folder. What cannot be read or written
counts as absent: the cache makes trail faster, and never makes it fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import marshal
import os
import struct
import zlib
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from trail.errors import FetchError
from trail.files import write_atomic
from trail.index.page import ProjectPage, Releases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trail.index.page import Row
    from trail.model import NormalizedName

__all__ = ["KeptPage", "Page", "PageCache"]

_FORMAT = 3
_CHECKSUM = struct.Struct("<I")
_MARSHAL = 2  # the version that every Python writes alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was received.

    Args:
        url: its address after redirects, without credentials.
        content_type: the header.
        body: the content; empty where it is kept as a `ProjectPage`.
        sha256: of the content.
        etag: the header, or None.
        modified: the header Last-Modified, or None.
        fetched: when it was received or confirmed, in seconds since the epoch.
        max_age: how many seconds it counts as fresh from then on.
        keep: whether the server allows that it is kept.
    """

    url: str
    content_type: str
    body: bytes
    sha256: str = ""
    etag: str | None = None
    modified: str | None = None
    fetched: float = 0.0
    max_age: float = 0.0
    keep: bool = True

    def fresh(self, now: float) -> bool:
        """Whether it may be used without asking the server."""
        # A clock that was set back makes a page stale, not fresh for years.
        return self.fetched <= now < self.fetched + self.max_age


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """The page of a project, as the cache has it.

    Args:
        page: as it was received, without its content.
        project: what it says.
    """

    page: Page
    project: ProjectPage


class PageCache:
    """A folder of pages, one file each.

    Args:
        folder: made when the first page is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, url: str) -> Page | None:
        """Read the page that was kept for an address as it was received, or None.

        Args:
            url: the address that was asked for, without credentials.
        """
        found = self._read(self._path("pages", url), url)
        if found is None:
            return None
        head, body, fetched = found
        with contextlib.suppress(KeyError, TypeError):
            return Page(body=body, fetched=fetched, **head["page"])
        return None

    def save(self, url: str, page: Page) -> None:
        """Keep a page for an address as it was received, in place of an older one."""
        self._write(self._path("pages", url), url, page, {}, page.body)

    def load_project(self, url: str, name: NormalizedName, index: str) -> KeptPage | None:
        """Read the page of a project that was kept for an address, or None.

        Args:
            url: the address that was asked for, without credentials.
            name: the project.
            index: address of the index, for the result.
        """
        path = self._path("projects", url)
        found = self._read(path, url)
        if found is None:
            return None
        head, rows, fetched = found
        try:
            page = Page(body=b"", fetched=fetched, **head["page"])
            starts = pairwise((0, *head["ends"]))
            places = dict(zip(head["versions"].split(), starts, strict=True))
            status, reason = head["status"], head["reason"]
        except (KeyError, TypeError, AttributeError, ValueError):
            return None

        def read(place: tuple[int, int]) -> list[Row]:
            try:
                return _unpack(rows[slice(*place)])
            except ValueError as error:
                raise self._damaged(path, name) from error

        project = ProjectPage(
            name=name,
            releases=Releases(name, index, places, read),
            status=status,
            reason=reason,
            index=index,
        )
        return KeptPage(page=page, project=project)

    def save_project(self, url: str, page: Page, project: ProjectPage) -> None:
        """Keep the page of a project for an address, in place of an older one.

        Args:
            url: the address that was asked for, without credentials.
            page: as it was received.
            project: what it says, as it was parsed.
        """
        path = self._path("projects", url)
        if path is None or not isinstance(project.releases, Releases):
            return
        versions, ends, parts = [], [], []
        end = 0
        for version, rows in project.releases.rows():
            part = _pack(rows)
            end += len(part)
            versions.append(version)
            ends.append(end)
            parts.append(part)
        head = {
            "status": project.status,
            "reason": project.reason,
            "versions": " ".join(versions),
            "ends": ends,
        }
        self._write(path, url, replace(page, body=b""), head, b"".join(parts))

    def confirm(self, url: str, fetched: float) -> None:
        """Note that the server said of a kept page that it still holds."""
        for kind in ("pages", "projects"):
            path = self._path(kind, url)
            if path is not None:
                with contextlib.suppress(OSError):
                    os.utime(path, (fetched, fetched))

    def _path(self, kind: str, url: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / kind / hashlib.sha256(url.encode()).hexdigest()[:32]

    def _read(self, path: Path | None, url: str) -> tuple[dict[str, Any], bytes, float] | None:
        """Read head, rest and time of a file; None if it is not whole, or of another address."""
        if path is None:
            return None
        try:
            with path.open("rb", buffering=0) as file:
                fetched = os.fstat(file.fileno()).st_mtime
                data = file.read()
            end = data.index(b"\n")
            head = json.loads(data[:end])
            rest = data[end + 1 :]
            if (head["format"], head["asked"], head["size"]) != (_FORMAT, url, len(rest)):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return head, rest, fetched

    def _write(
        self, path: Path | None, url: str, page: Page, more: Mapping[str, Any], rest: bytes
    ) -> None:
        if path is None:
            return
        known = asdict(page)
        fetched = known.pop("fetched")
        del known["body"]
        head = {"format": _FORMAT, "asked": url, "size": len(rest), "page": known, **more}
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Not flushed: a file that lost its end in a power cut is seen by its size.
            write_atomic(path, json.dumps(head).encode() + b"\n" + rest, flush=False)
            os.utime(path, (fetched, fetched))

    def _damaged(self, path: Path | None, name: NormalizedName) -> FetchError:
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()
        return FetchError(
            f"the kept page of `{name}` was damaged and has been removed",
            details=(("file", str(path)),),
            hint="run the command again",
        )


def _pack(rows: list[Row]) -> bytes:
    data = marshal.dumps(rows, _MARSHAL)
    return _CHECKSUM.pack(zlib.crc32(data)) + data


def _unpack(data: bytes) -> list[Row]:
    if len(data) < _CHECKSUM.size:
        raise ValueError(len(data))
    content = data[_CHECKSUM.size :]
    # Marshal may be given only what it wrote itself.
    if _CHECKSUM.unpack_from(data) != (zlib.crc32(content),):
        raise ValueError(content)
    rows: list[Row] = marshal.loads(content)  # noqa: S302  # our own, and checked
    return rows
