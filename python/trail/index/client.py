"""The indexes as the rest of trail sees them: pages, the wheel for a pin, downloads.

Several indexes: the first that has a name decides about it, and the others are not asked;
an index that fails is an error, never a reason to go on to the next. So nobody can slip a
package in under a name that a company's own index serves. `find-links`, which somebody
chose by hand, add to what the index has, and come first.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from trail.addresses import redact
from trail.errors import FetchError
from trail.files import hash_file
from trail.index.auth import Credentials
from trail.index.cache import Page, PageCache
from trail.index.choose import choose_wheel
from trail.index.download import Download, download, take_local
from trail.index.links import by_project, local_path, read_local_links
from trail.index.simple import ACCEPT, IndexFile, ProjectPage, parse_links, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpx
    from packaging.tags import Tag

    from trail.index.http import Http
    from trail.model import NormalizedName, Pinned, WheelFile
    from trail.report import Reporter
    from trail.settings import IndexSettings

__all__ = ["Download", "IndexClient"]


class IndexClient:
    """Asks indexes and downloads files; any number of threads may use one.

    Args:
        settings: where packages come from.
        offline: whether to use only what is on this machine.
        reporter: is told of progress and warnings.
        cache: the folder for index pages, or None to keep none.
        pause: waits so many seconds before a retry; None for a wait that ends when the client
            is closed.
    """

    def __init__(
        self,
        settings: IndexSettings,
        *,
        offline: bool,
        reporter: Reporter,
        cache: Path | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._offline = offline
        self._reporter = reporter
        self._cache = PageCache(cache)
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._lock = threading.Lock()
        self._credentials = Credentials(
            (*settings.extra_index_urls, settings.index_url or "", *settings.find_links),
            settings.netrc,
            keyring=settings.keyring,
        )
        self._opened: Http | None = None
        self._links: dict[NormalizedName, tuple[IndexFile, ...]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; what other threads still fetch ends with a FetchError."""
        self._closed.set()
        with self._lock:
            if self._opened is not None:
                self._opened.close()

    def page(
        self, name: NormalizedName, index: str | None = None, *, version: str | None = None
    ) -> ProjectPage | None:
        """What there is of a project.

        Args:
            name: the project.
            index: the address of the one index to ask; None for find-links and the
                configured indexes.
            version: leave out the files of other versions, to save time.

        Returns:
            None if nobody has it.

        Raises:
            FetchError: an index cannot be reached or read.
        """
        if index is not None:
            return self._index_page(index, name, version)
        linked = self._linked(name)
        for address in self._indexes:
            page = self._index_page(address, name, version)
            if page is not None:
                return replace(page, files=(*linked, *page.files))
        return ProjectPage(name=name, files=linked) if linked else None

    def resolve(
        self, pinned: Pinned, tags: Sequence[Tag], *, python: str | None = None
    ) -> WheelFile:
        """Find the best wheel of a pinned version.

        Args:
            pinned: what is wanted.
            tags: what the interpreter takes, the best first.
            python: the interpreter's full version, for `requires-python`; None to ignore
                that.

        Raises:
            FetchError: there is no such version or no wheel that fits, or an index cannot be
                reached.
            DigestError: no wheel that fits has one of the pinned hashes.
        """
        linked = () if pinned.index is not None else self._linked(pinned.name)
        if linked:
            # Where these will do, no index is asked.
            page = ProjectPage(name=pinned.name, files=_hashed(linked, pinned))
            try:
                return choose_wheel(page, pinned, tags, python=python, reporter=self._reporter)
            except FetchError:
                if not self._indexes:
                    raise
        found = self.page(pinned.name, pinned.index, version=pinned.version)
        if found is not None and all(file.version != pinned.version for file in found.files):
            found = self.page(pinned.name, pinned.index)  # the error tells what there is
        if found is None:
            asked = [pinned.index] if pinned.index else [*self._settings.find_links, *self._indexes]
            raise FetchError(
                f"there is no `{pinned.name}` in any index",
                details=(("asked", ", ".join(map(redact, asked)) or "none"),),
            )
        if found.status in {"archived", "deprecated", "quarantined"}:
            reason = f": {found.reason}" if found.reason else ""
            self._reporter.warn(f"`{pinned.name}` is {found.status}{reason}")
        found = replace(found, files=_hashed(found.files, pinned))
        return choose_wheel(found, pinned, tags, python=python, reporter=self._reporter)

    def download(self, file: WheelFile, folder: Path) -> Download:
        """Get a file and check it against its hashes and size.

        Args:
            file: the wanted file.
            folder: where a downloaded file is put, under a name of its own. A file of this
                machine stays where it is.

        Raises:
            FetchError: it could not be fetched.
            DigestError: what came is not the wanted file; nothing is left of it.
        """
        local = take_local(file)
        if local is not None:
            return local
        http = self._http(file.url or "")
        return download(file, folder, http=http, reporter=self._reporter)

    # --- indexes

    @cached_property
    def _indexes(self) -> tuple[str, ...]:
        # Made when first needed: the default one takes 60 ms to look up.
        return self._settings.indexes()

    def _index_page(
        self, index: str, name: NormalizedName, version: str | None
    ) -> ProjectPage | None:
        base = self._credentials.take(index)
        page = self._load_page(base, name)
        if page is None:
            return None
        return parse_page(
            page.body,
            content_type=page.content_type,
            url=page.url,
            name=name,
            version=version,
            index=redact(base),
        )

    def _load_page(self, base: str, name: NormalizedName) -> Page | None:
        folder = local_path(base)
        if folder is not None:
            return _local_page(folder / name)
        return self._fetch(f"{base.rstrip('/')}/{name}/")

    def _fetch(self, url: str) -> Page | None:
        """Fetch a page, or take it from the cache; None if the server has none."""
        kept = self._cache.load(url)
        if kept is not None and (self._offline or kept.fresh(time.time())):
            return kept
        http = self._http(url)
        headers = {"Accept": ACCEPT}
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        elif kept is not None and kept.modified:
            headers["If-Modified-Since"] = kept.modified
        asked = time.time()
        response = http.get(url, headers)
        if kept is not None and response.status_code == HTTPStatus.NOT_MODIFIED:
            page = replace(kept, fetched=asked, max_age=_max_age(response))
        elif response.status_code == HTTPStatus.OK:
            page = _as_page(response, asked)
        elif response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        else:
            raise http.refusal(url, response)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            self._cache.save(url, page)
        return page

    # --- find-links

    def _linked(self, name: NormalizedName) -> tuple[IndexFile, ...]:
        with self._lock:
            links = self._links
        if links is None:
            links = by_project(
                file for place in self._settings.find_links for file in self._read_links(place)
            )
            with self._lock:
                self._links = links
        return links.get(name, ())

    def _read_links(self, place: str) -> tuple[IndexFile, ...]:
        path = local_path(place)
        if path is not None:
            return read_local_links(path)
        url = self._credentials.take(place)
        page = self._fetch(url)
        if page is None:
            raise FetchError(f"there is no page of links at `{redact(url)}`")
        return parse_links(page.body, content_type=page.content_type, url=page.url)

    # --- connections

    def _http(self, url: str) -> Http:
        if self._offline:
            raise FetchError(
                f"`{redact(url)}` is needed, but trail is offline",
                hint="run the command once without `--offline`",
            )
        from trail.index.http import Http  # noqa: PLC0415  # httpx takes 0.2 s to import

        with self._lock:
            if self._opened is None:
                if self._closed.is_set():
                    raise FetchError(f"could not fetch `{redact(url)}`: trail is ending")
                self._opened = Http(self._settings, self._credentials, pause=self._pause)
            return self._opened


def _local_page(folder: Path) -> Page | None:
    """The page of a project in an index on disk (a `file:` address)."""
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


def _hashed(files: tuple[IndexFile, ...], pinned: Pinned) -> tuple[IndexFile, ...]:
    """Give the files of this machine their hashes, where hashes are to decide."""
    if not pinned.hashes:
        return files
    return tuple(
        _hash_local(file) if file.version == pinned.version and not file.hashes else file
        for file in files
    )


def _hash_local(file: IndexFile) -> IndexFile:
    path = local_path(file.url)
    if path is None:
        return file
    try:
        return replace(file, hashes=(("sha256", hash_file(path)),))
    except OSError:
        return file  # the download will say what is wrong with it


def _as_page(response: httpx.Response, asked: float) -> Page:
    return Page(
        url=str(response.url),
        content_type=response.headers.get("Content-Type", ""),
        body=response.content,
        etag=response.headers.get("ETag"),
        modified=response.headers.get("Last-Modified"),
        fetched=asked,
        max_age=_max_age(response),
    )


def _max_age(response: httpx.Response) -> float:
    """For how many more seconds a page is fresh (RFC 9111, 4.2)."""
    control = response.headers.get("Cache-Control", "").lower()
    found = re.search(r"\bmax-age=(\d+)", control)
    if found is None or "no-cache" in control:
        return 0.0
    age = response.headers.get("Age", "")
    return max(0.0, float(found[1]) - (float(age) if age.isdecimal() else 0.0))
