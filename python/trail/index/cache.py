"""Index pages on disk, so that a fresh page costs no request and a stale one few bytes.

A file is a line of JSON, then bytes: the page, or the packed rows of each version. When it was
received or confirmed is the file's own time of change, so that confirming a page does not
write it again. Any number of processes may use the folder. What cannot be read or written
counts as absent: the cache makes trail faster, and never makes it fail.
"""

from __future__ import annotations

import contextlib
import json
import os
from io import FileIO
from typing import TYPE_CHECKING, Any

from trail.errors import FetchError
from trail.files import write_cached
from trail.index.page import ProjectPage, Releases, packed_releases
from trail.index.rows import Packed, pack_rows, unpack_rows
from trail.sha256 import hex_digest
from trail.values import dataclass, names_of, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trail.index.page import Row
    from trail.index.rows import Place, Places, RowBytes
    from trail.model import NormalizedName

__all__ = ["KeptPage", "Page", "PageCache"]

_FORMAT = 3
# Has mostly the head and the newest versions, which are those that are asked for; four times as
# much took longer, as memory has to be found for it.
_USUAL = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was received.

    Args:
        url: its address after redirects, without credentials.
        content_type: the header.
        body: what came; empty where it is kept as a `ProjectPage`.
        sha256: of the body, without the header of gzip, in which a time may stand.
        etag: the header, or None.
        modified: the header Last-Modified, or None.
        fetched: when it was received or confirmed, in seconds since the epoch.
        max_age: how many seconds it counts as fresh from then on.
        keep: whether the server allows that it is kept.
        absent: whether the server said that there is no such page: what one index does not
            have is worth knowing where several are asked, and offline.
        packed: whether the body is still compressed by gzip; no page is kept so.
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
    absent: bool = False
    packed: bool = False

    def fresh(self, now: float) -> bool:
        """Whether it may be used without asking the server."""
        # A clock that was set back makes a page stale, not fresh for years.
        return self.fetched <= now < self.fetched + self.max_age


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """The page of a project, as the cache has it.

    Args:
        page: as it was received, without its content.
        project: what it says; None for a page that is absent.
    """

    page: Page
    project: ProjectPage | None


class PageCache:
    """A folder of pages, one file each.

    Args:
        folder: made when the first page is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        # Texts, as paths take a tenth of the time that a page takes.
        self._folder = None if folder is None else f"{folder}{os.sep}"

    def load(self, url: str) -> Page | None:
        """Read the page that was kept for an address as it was received, or None.

        Args:
            url: the address that was asked for, without credentials.
        """
        path = self._path("pages", url)
        file = _open(path, url)
        if path is None or file is None:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            body = file.read(path, 0, file.head["size"])
            return Page(body=body, fetched=file.fetched, **file.head["page"])
        return None

    def save(self, url: str, page: Page) -> None:
        """Keep a page for an address as it was received, in place of an older one."""
        self._write(self._path("pages", url), url, page, {}, page.body, len(page.body))

    def load_project(self, url: str, name: NormalizedName, index: str) -> KeptPage | None:
        """Read the page of a project that was kept for an address, or None.

        Args:
            url: the address that was asked for, without credentials.
            name: the project.
            index: address of the index, for the result.
        """
        path = self._path("projects", url)
        file = _open(path, url)
        if path is None or file is None:
            return None
        try:
            page = Page(body=b"", fetched=file.fetched, **file.head["page"])
            project = None if page.absent else self._project(path, file, url, name, index)
        except (KeyError, TypeError, AttributeError, ValueError):
            return None
        return KeptPage(page=page, project=project)

    def _project(  # what a file is about
        self, path: str, file: _File, url: str, name: NormalizedName, index: str | None
    ) -> ProjectPage:
        """What a file says of a project; the rows of a version are read when asked for."""

        def read(version: str, place: Place) -> list[Row]:
            try:
                return unpack_rows(file.read(path, *place))
            except (OSError, ValueError):
                return self._read_again(path, file, version, url, name)

        return ProjectPage(
            name=name,
            releases=Releases(name, index, _places(file), read),
            status=file.head["status"],
            reason=file.head["reason"],
            index=index,
        )

    def _read_again(
        self, path: str, file: _File, version: str, url: str, name: NormalizedName
    ) -> list[Row]:
        """Read the rows of a version where another process may have put a newer page."""
        newer = _open(path, url)
        if newer is None or newer.identity == file.identity:
            raise self._damaged(path, name) from None
        with contextlib.suppress(OSError, KeyError, TypeError, AttributeError, ValueError):
            return unpack_rows(newer.read(path, *_places(newer)[version]))
        raise FetchError(
            f"another process replaced the kept page of `{name}`, which has no {version} any more",
            hint="run the command again",
        ) from None

    def save_project(self, url: str, page: Page, project: ProjectPage | None) -> ProjectPage | None:
        """Keep the page of a project for an address, in place of an older one.

        Args:
            url: the address that was asked for, without credentials.
            page: as it was received.
            project: what it says, as it was parsed; None for a page that is absent.

        Returns:
            The project. Where the native engine holds its rows, they are in the file from now on,
            or in a memory of their own.
        """
        path = self._path("projects", url) if page.keep else None
        if project is None:
            self._write(path, url, page, {}, b"", 0)
            return None
        if not isinstance(project.releases, Releases):
            return project
        packed = project.releases.packed
        if path is None:
            return project if packed is None else _apart(project, packed)
        packed = packed or pack_rows(project.releases.rows())
        head = {
            "status": project.status,
            "reason": project.reason,
            "versions": packed.versions,
            "ends": packed.ends,
        }
        file = self._write(path, url, page, head, packed.data, packed.size)
        if isinstance(packed.data, bytes):
            return project
        if file is None:
            return _apart(project, packed)
        file.begin += packed.part(0, min(packed.size, _USUAL))
        return self._project(path, file, url, project.name, project.index)

    def confirm(self, url: str, fetched: float) -> None:
        """Note that the server said of a kept page that it still holds."""
        for kind in ("pages", "projects"):
            path = self._path(kind, url)
            if path is not None:
                with contextlib.suppress(OSError):
                    os.utime(path, (fetched, fetched))

    def _path(self, kind: str, url: str) -> str | None:
        if self._folder is None:
            return None
        return f"{self._folder}{kind}{os.sep}{hex_digest(url.encode())[:32]}"

    def _write(  # noqa: PLR0913, PLR0917  # what a file is about
        self,
        path: str | None,
        url: str,
        page: Page,
        more: Mapping[str, Any],
        rest: bytes | RowBytes,
        size: int,
    ) -> _File | None:
        """Write a file; None if that was not possible."""
        if path is None:
            return None
        known = {name: getattr(page, name) for name in names_of(Page)}
        fetched = known.pop("fetched")
        del known["body"], known["packed"]
        head = {"format": _FORMAT, "asked": url, "size": size, "page": known, **more}
        begin = json.dumps(head).encode() + b"\n"
        try:
            # A file that lost its end in a power cut is seen by its size.
            identity = write_cached(path, begin, rest, modified=fetched)
        except OSError:
            return None
        return _File(
            head=head,
            begin=begin,
            rest=len(begin),
            fetched=fetched,
            identity=(*identity, len(begin) + size),
        )

    def _damaged(self, path: str, name: NormalizedName) -> FetchError:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108  # as above: a text
        return FetchError(
            f"the kept page of `{name}` was damaged and has been removed",
            details=(("file", path),),
            hint="run the command again",
        )


@dataclass(slots=True, kw_only=True)
class _File:
    """The beginning of a file of the cache; the rest is read where it is needed."""

    head: dict[str, Any]
    begin: bytes  # as much as was read at once, until a part of it was asked for
    rest: int  # where it starts
    fetched: float
    identity: tuple[int, ...]

    def read(self, path: str, start: int, end: int) -> bytes:
        """Read a part of the rest.

        Raises:
            OSError: it cannot be read.
            ValueError: there is another file by now.
        """
        if self.rest + end <= len(self.begin):
            part = self.begin[self.rest + start : self.rest + end]
            # Mostly one version is asked for; the next page gets the memory, which is not new then.
            self.begin = b""
            return part
        with FileIO(path) as file:
            if _identity(file.fileno()) != self.identity:
                raise ValueError(path)
            file.seek(self.rest + start)
            return _read_all(file, end - start)


def _open(path: str | None, url: str) -> _File | None:
    """Read the head of a file; None if the file is not whole, or of another address."""
    if path is None:
        return None
    try:
        with FileIO(path) as file:
            status = os.fstat(file.fileno())
            data = _read_all(file, min(_USUAL, status.st_size))
            while b"\n" not in data and (more := file.read(len(data))):
                data += more
        end = data.index(b"\n")
        head = json.loads(data[:end])
        known = (head["format"], head["asked"], end + 1 + head["size"])
        if known != (_FORMAT, url, status.st_size):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _File(
        head=head,
        begin=data,
        rest=end + 1,
        fetched=status.st_mtime,
        identity=(status.st_dev, status.st_ino, status.st_size),
    )


def _identity(descriptor: int) -> tuple[int, ...]:
    status = os.fstat(descriptor)
    return (status.st_dev, status.st_ino, status.st_size)


def _read_all(file: FileIO, size: int) -> bytes:
    data = file.read(size) or b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def _places(file: _File) -> Places:
    return Packed(versions=file.head["versions"], ends=file.head["ends"], data=b"").places()


def _apart(project: ProjectPage, packed: Packed) -> ProjectPage:
    """Give the rows of a project, which will not be in a file, a memory of their own."""
    apart = replace(packed, data=packed.part(0, packed.size))
    return replace(project, releases=packed_releases(apart, project.name, project.index))
