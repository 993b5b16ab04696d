"""The indexes as the rest of trail sees them: pages, the wheel for a pin, downloads.

Several indexes: the first that has a name decides about it, and the others are not asked;
an index that fails is an error, never a reason to go on to the next. So nobody can slip a
package in under a name that a company's own index serves. `find-links`, which somebody
chose by hand, add to what the index has, and come first.
"""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Self

from trail.addresses import redact
from trail.errors import FetchError
from trail.index.auth import Credentials
from trail.index.cache import PageCache
from trail.index.links import by_project, hash_release, hashed, local_path, read_local_links
from trail.index.media import ACCEPT, is_json, media_type
from trail.index.page import ProjectPage, group_files, merge
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from packaging.tags import Tag

    from trail.index._native import PageParser
    from trail.index.cache import KeptPage, Page
    from trail.index.core_metadata import CoreMetadata, NeedsBuild
    from trail.index.http import Http
    from trail.index.local import Download
    from trail.index.metadata import MetadataReader
    from trail.index.metadata_cache import MetadataCache
    from trail.index.page import IndexFile
    from trail.model import NormalizedName, Pinned, WheelFile
    from trail.report import Reporter
    from trail.settings import IndexSettings

__all__ = ["IndexClient"]


class IndexClient:
    """Asks indexes and downloads files; any number of threads may use one.

    Args:
        settings: where packages come from.
        offline: whether to use only what is on this machine.
        reporter: is told of progress and warnings.
        cache: the folder for index pages, or None to keep none.
        engine: `auto`, `native` or `python`: who reads the pages.
        pause: waits so many seconds before a retry; None for a wait that ends when the client
            is closed.
    """

    def __init__(  # noqa: PLR0913  # what one run is like
        self,
        settings: IndexSettings,
        *,
        offline: bool,
        reporter: Reporter,
        cache: Path | None = None,
        engine: str = "auto",
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._offline = offline
        self._reporter = reporter
        self._cache = PageCache(cache)
        self._folder = cache
        self._engine = engine
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._lock = threading.Lock()
        self._credentials = Credentials(
            (
                *settings.extra_index_urls,
                settings.index_url or "",
                *settings.find_links,
                *(one.url for one in settings.named),
            ),
            settings.netrc,
            keyring=settings.keyring,
        )
        self._opened: Http | None = None
        self._links: dict[NormalizedName, tuple[IndexFile, ...]] | None = None

    # Imported where they are used: who only downloads needs none of the zip rules, and who
    # resolves with what was kept downloads nothing.
    @cached_property
    def _metadata(self) -> MetadataCache:
        from trail.index.metadata_cache import MetadataCache  # noqa: PLC0415

        return MetadataCache(self._folder)

    @cached_property
    def _reader(self) -> MetadataReader:
        from trail.index.metadata import MetadataReader  # noqa: PLC0415

        return MetadataReader(self._http, self.download, native=self._native)

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

    def page(self, name: NormalizedName, index: str | None = None) -> ProjectPage | None:
        """What there is of a project.

        Args:
            name: the project.
            index: the address of the one index to ask; None for find-links and the
                configured indexes.

        Returns:
            None if nobody has it.

        Raises:
            FetchError: an index cannot be reached or read.
        """
        if index is not None:
            return self._index_page(index, name)
        linked = self._linked(name)
        for address in self._indexes:
            page = self._index_page(address, name)
            if page is not None:
                return _with_links(page, linked)
        return ProjectPage(name=name, releases=group_files(linked)) if linked else None

    def known_page(self, name: NormalizedName, index: str | None = None) -> ProjectPage | None:
        """What there is of a project, if that needs no request; takes less than a millisecond.

        Args:
            name: the project.
            index: as for `page`.

        Returns:
            None if `page` would ask a server, or nobody has it.
        """
        linked: tuple[IndexFile, ...] = ()
        if index is None and self._settings.find_links:
            if not all(map(local_path, self._settings.find_links)):
                return None
            linked = self._linked(name)
        for address in (index,) if index is not None else self._indexes:
            base = self._credentials.take(address)
            if local_path(base) is not None:
                return None
            kept = self._cache.load_project(_page_url(base, name), name, redact(base))
            if kept is None or not self._usable(kept.page, name):
                return None
            if kept.project is not None:
                return _with_links(kept.project, linked)
        return None

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
        from trail.index.choose import choose_wheel  # noqa: PLC0415  # as above

        linked = () if pinned.index is not None else self._linked(pinned.name)
        if linked:
            # Where these will do, no index is asked.
            page = ProjectPage(name=pinned.name, releases=hashed(linked, pinned))
            try:
                return choose_wheel(page, pinned, tags, python=python, reporter=self._reporter)
            except FetchError:
                if not self._indexes:
                    raise
        found = self.page(pinned.name, pinned.index)
        if found is None:
            asked = [pinned.index] if pinned.index else [*self._settings.find_links, *self._indexes]
            raise FetchError(
                f"there is no `{pinned.name}` in any index",
                details=(("asked", ", ".join(map(redact, asked)) or "none"),),
            )
        if found.status in {"archived", "deprecated", "quarantined"}:
            self._reporter.warn(f"`{pinned.name}` is {found.standing}")
        if pinned.hashes:
            found = hash_release(found, pinned.version)
        return choose_wheel(found, pinned, tags, python=python, reporter=self._reporter)

    def metadata(self, file: IndexFile, *, whole: bool = True) -> CoreMetadata | NeedsBuild | None:
        """Read the metadata of a wheel or source distribution.

        Args:
            file: as a page lists it.
            whole: whether it may be downloaded as a whole, if there is no other way.

        Returns:
            None if it must not, and there is none.

        Raises:
            FetchError: it could not be fetched.
            DigestError: what came is not what the index vouches for.
            MetadataError: it cannot be understood.
        """
        found = self.known_metadata(file)
        if found is None:
            found = self._reader.read(file, whole=whole)
            if found is not None:
                self._metadata.save(file, found)
        return found

    def known_metadata(self, file: IndexFile) -> CoreMetadata | NeedsBuild | None:
        """Read the metadata of a file if that needs no request; None where it does."""
        return self._metadata.load(file)

    def is_cheap(self, file: IndexFile) -> bool:
        """Whether the metadata of a file can probably be had without all of it."""
        return self._reader.is_cheap(file)

    def without_credentials(self, url: str) -> str:
        """Take the credentials out of an address, and keep them for requests to it."""
        return self._credentials.take(url)

    def with_credentials(self, url: str) -> str:
        """Put what was taken out of addresses of this origin into one, for other programs."""
        return self._credentials.fill(url)

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
        from trail.index.local import take_local  # noqa: PLC0415  # as above

        local = take_local(file)
        if local is not None:
            return local
        from trail.index.download import download  # noqa: PLC0415  # as above

        http = self._http(file.url or "")
        return download(file, folder, http=http, reporter=self._reporter)

    # --- indexes

    @cached_property
    def _native(self) -> bool:
        from trail.wheel.engine import choose_engine  # noqa: PLC0415  # as above

        return choose_engine(self._engine).name == "native"

    @cached_property
    def _parser(self) -> PageParser | None:
        if not self._native:
            return None
        from trail.index._native import PageParser  # noqa: PLC0415  # may not be there

        return PageParser()

    @cached_property
    def _indexes(self) -> tuple[str, ...]:
        # Made when first needed: the default one takes 60 ms to look up.
        return self._settings.indexes()

    def _index_page(self, index: str, name: NormalizedName) -> ProjectPage | None:
        base = self._credentials.take(index)
        folder = local_path(base)
        if folder is not None:
            from trail.index.received import local_page  # noqa: PLC0415  # few indexes are one

            page = local_page(folder / name)
            return None if page is None else self._parse(page, name, redact(base))
        url = _page_url(base, name)
        kept = self._cache.load_project(url, name, redact(base))
        if kept is not None and self._usable(kept.page, name):
            return kept.project
        page = self._fetch(url, kept.page if kept is not None else None)
        if kept is not None and (page.sha256, page.url) == (kept.page.sha256, kept.page.url):
            return self._confirmed(url, page, kept)
        project = None if page.absent else self._parse(page, name, redact(base))
        return self._cache.save_project(url, page, project)

    def _parse(self, page: Page, name: NormalizedName, index: str) -> ProjectPage:
        if self._parser is not None and is_json(media_type(page.content_type)[0]):
            found = self._parser.read(
                page.body, gzip=page.packed, url=page.url, name=name, index=index
            )
            if found is not None:
                return found
        from trail.index.received import content_of  # noqa: PLC0415  # as above
        from trail.index.simple import parse_page  # noqa: PLC0415  # loads an HTML parser

        return parse_page(
            content_of(page), content_type=page.content_type, url=page.url, name=name, index=index
        )

    def _confirmed(self, url: str, page: Page, kept: KeptPage) -> ProjectPage | None:
        # The same page: it need not be parsed again, nor written.
        if replace(page, body=b"", packed=False, fetched=0.0) == replace(kept.page, fetched=0.0):
            self._cache.confirm(url, page.fetched)
        else:
            self._cache.save_project(url, page, kept.project)
        return kept.project

    def _usable(self, kept: Page, name: NormalizedName | None = None) -> bool:
        """Whether a page that was kept will do."""
        if self._offline:
            return True
        asked_for = self._settings.refresh or name in self._settings.refresh_package
        return not asked_for and kept.fresh(time.time())

    def _fetch(self, url: str, kept: Page | None) -> Page:
        """Fetch a page, or have the kept one confirmed."""
        from http import HTTPStatus  # noqa: PLC0415  # as above

        from trail.index.received import as_page, max_age  # noqa: PLC0415  # as above

        http = self._http(url)
        headers = {"Accept": ACCEPT}
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        elif kept is not None and kept.modified:
            headers["If-Modified-Since"] = kept.modified
        asked = time.time()
        response = http.get(url, headers, packed=True)
        if kept is not None and response.status_code == HTTPStatus.NOT_MODIFIED:
            return replace(kept, fetched=asked, max_age=max_age(response))
        if response.status_code == HTTPStatus.OK:
            return as_page(response, asked)
        if response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return as_page(response, asked, absent=True)
        raise http.refusal(url, response)

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
        from trail.index.received import content_of  # noqa: PLC0415  # loads OpenSSL
        from trail.index.simple import parse_links  # noqa: PLC0415  # loads an HTML parser

        url = self._credentials.take(place)
        page = self._cache.load(url)
        if page is None or not self._usable(page):
            page = self._fetch(url, page)
            if page.absent:
                raise FetchError(f"there is no page of links at `{redact(url)}`")
            page = replace(page, body=content_of(page), packed=False)
            if page.keep:
                self._cache.save(url, page)
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


def _with_links(page: ProjectPage, linked: Sequence[IndexFile]) -> ProjectPage:
    return replace(page, releases=merge(linked, page)) if linked else page


def _page_url(base: str, name: NormalizedName) -> str:
    return f"{base.rstrip('/')}/{name}/"
