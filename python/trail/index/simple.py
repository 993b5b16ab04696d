"""Pages of the simple repository API: bytes in, values out, no network.

Source: the simple repository API specification (PEP 503, 592, 629, 658, 691, 700, 714,
792), API version 1.x. Of a page's files only wheels and source distributions of the
project are kept; old formats, and names that say nothing, are left out. The native engine
reads usual JSON pages in its own way (rust/trail-index), with the same result.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.version import Version

from trail.addresses import redact
from trail.errors import FetchError
from trail.index.filenames import split_filename
from trail.index.media import is_json, media_type
from trail.index.page import IndexFile, ProjectPage, Releases, as_row
from trail.model import NormalizedName
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trail.index.page import Row
    from trail.model import Hashes

__all__ = ["parse_links", "parse_page"]


def parse_page(
    data: bytes,
    *,
    content_type: str,
    url: str,
    name: NormalizedName,
    index: str | None = None,
) -> ProjectPage:
    """Read the page of a project.

    Args:
        data: the page.
        content_type: the header, with parameters; decides between JSON and HTML.
        url: the page's own address, after redirects; relative addresses start there.
        name: the project.
        index: address of the index, for the result.

    Raises:
        FetchError: the page is not one, or is of a newer major API version.
    """
    media, charset = media_type(content_type)
    origin = _Origin(url=url, name=name, index=index)
    try:
        if is_json(media):
            return _parse_json(data, origin)
        if media.endswith("html"):
            return _parse_html(data, charset, origin)
    except _BadPageError as error:
        raise _unreadable(name, url, str(error)) from error
    raise _unreadable(name, url, f"it is of type `{media or 'none'}`, not an index page")


def parse_links(data: bytes, *, content_type: str = "text/html", url: str) -> tuple[IndexFile, ...]:
    """Read a page of links to files of any projects (`--find-links`).

    Args:
        data: the page, HTML.
        content_type: the header, with parameters.
        url: the page's own address, after redirects.
    """
    _, charset = media_type(content_type)
    page = _LinkParser()
    page.feed(_decode(data, charset))
    return _link_files(page, _Origin(url=url, index=redact(url)))


class _BadPageError(ValueError):
    """What is wrong with a page."""


def _unreadable(name: str, url: str, reason: str) -> FetchError:
    return FetchError(
        f"the page of `{name}` cannot be read", details=(("url", redact(url)), ("reason", reason))
    )


def _decode(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _check_version(version: object) -> None:
    # PEP 629: a newer minor version is fine, a newer major one cannot be understood.
    major, dot, minor = str(version).partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal()):
        raise _BadPageError(f"its API version is `{version}`")
    if major != "1":
        raise _BadPageError(f"its API version is {version}, this trail knows 1.x")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where files are listed; `name` is None where any will do."""

    url: str
    name: NormalizedName | None = None
    index: str | None = None

    def claims(self, filename: str) -> tuple[NormalizedName, str] | None:
        """Name and version of a file that belongs here; None for others."""
        return split_filename(filename, self.name)

    def allows(self, url: str) -> bool:
        """Whether a file may have this address."""
        scheme = url.partition(":")[0].lower()
        # A page from the network must not send us to the files of this machine.
        return scheme in {"https", "http"} or (scheme == "file" and self.url.startswith("file:"))


# --- JSON (PEP 691, 700, 714, 792)


def _parse_json(data: bytes, origin: _Origin) -> ProjectPage:
    try:
        page = json.loads(data)
        _check_version(page["meta"]["api-version"])
        found = _Found(origin)
        for entry in page["files"]:
            rows = found.rows_for(entry["filename"])
            if rows is not None:
                url = _absolute(origin.url, entry["url"])
                if origin.allows(url):
                    rows.append(_json_row(entry, url))
        status = page.get("project-status") or {}
        return found.page(status.get("status"), status.get("reason"))
    except (ValueError, RecursionError) as error:
        raise _BadPageError(str(error) or "it is nested too deeply") from error
    except KeyError as error:
        raise _BadPageError(f"it has no {error}") from error
    except (AttributeError, TypeError) as error:
        raise _BadPageError("its parts have the wrong types") from error


class _Found:
    """The rows of a page, by version.

    Args:
        origin: where they are listed; it names the project.
    """

    def __init__(self, origin: _Origin) -> None:
        self._origin = origin
        self._groups: dict[Version, list[Row]] = {}
        self._known: dict[str, list[Row] | None] = {}

    def rows_for(self, filename: str) -> list[Row] | None:
        """Where the row of a file belongs; None if the file does not belong here."""
        if "/" in filename or "\\" in filename:
            return None
        # The many files of one version have a beginning in common.
        if filename.endswith(".tar.gz"):
            start = filename[:-7]
        elif filename.endswith(".whl") and filename.count("-") in {4, 5}:
            start = filename[: filename.index("-", filename.index("-") + 1)]
        else:
            return self._claimed(filename)
        if start not in self._known:
            self._known[start] = self._claimed(filename)
        return self._known[start]

    def _claimed(self, filename: str) -> list[Row] | None:
        claimed = self._origin.claims(filename)
        return None if claimed is None else self._groups.setdefault(Version(claimed[1]), [])

    def page(self, status: object, reason: object) -> ProjectPage:
        """Make the page."""
        name = self._origin.name or NormalizedName("")
        newest_first = sorted(self._groups, reverse=True)
        places = {
            str(version): self._groups[version] for version in newest_first if self._groups[version]
        }
        return ProjectPage(
            name=name,
            releases=Releases(name, self._origin.index, places, lambda _, rows: rows),
            status=str(status or "active"),
            reason=str(reason) if reason else None,
            index=self._origin.index,
        )


def _json_row(entry: Mapping[str, Any], url: str) -> Row:
    yanked = entry.get("yanked", False)
    # PEP 714: the old key counts only where the new one is missing.
    metadata = entry.get("core-metadata", entry.get("dist-info-metadata", False))
    size = entry.get("size")
    requires_python = entry.get("requires-python")
    uploaded = entry.get("upload-time")
    return (
        entry["filename"],
        url,
        _hashes(entry["hashes"]),
        size if isinstance(size, int) else None,
        requires_python if isinstance(requires_python, str) else None,
        (yanked if isinstance(yanked, str) else "") if yanked else None,
        _hashes(metadata if isinstance(metadata, dict) else {}) if metadata else None,
        uploaded if isinstance(uploaded, str) else None,
    )


def _absolute(base: str, url: str) -> str:
    joined = url if url.startswith(("https://", "http://")) else urljoin(base, url)
    return urldefrag(joined).url if "#" in joined else joined


def _hashes(given: Mapping[str, str]) -> Hashes:
    pairs = [(algorithm.lower(), digest.lower()) for algorithm, digest in given.items()]
    pairs.sort()
    return tuple(pairs)


# --- HTML (PEP 503, 592, 629, 658, 714, 792)


class _LinkParser(HTMLParser):
    """Collects the anchors, the base address and the API's meta elements of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`; the values come with their entities resolved."""
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.links.append(found)
        elif tag == "base" and self.base is None:
            self.base = found.get("href")
        elif tag == "meta" and (found.get("name") or "").startswith("pypi:"):
            self.meta.setdefault(str(found["name"]), found.get("content") or "")


def _parse_html(data: bytes, charset: str, origin: _Origin) -> ProjectPage:
    page = _LinkParser()
    page.feed(_decode(data, charset))
    # PEP 629: a page without a version is of version 1.0.
    _check_version(page.meta.get("pypi:repository-version", "1.0"))
    found = _Found(origin)
    for file in _link_files(page, origin):
        rows = found.rows_for(file.filename)
        if rows is not None:
            rows.append(as_row(file))
    return found.page(
        page.meta.get("pypi:project-status"), page.meta.get("pypi:project-status-reason")
    )


def _link_files(page: _LinkParser, origin: _Origin) -> tuple[IndexFile, ...]:
    base = urljoin(origin.url, page.base) if page.base else origin.url
    files = (_link_file(link, base, origin) for link in page.links)
    return tuple(file for file in files if file is not None)


def _link_file(link: Mapping[str, str | None], base: str, origin: _Origin) -> IndexFile | None:
    try:
        url, fragment = urldefrag(urljoin(base, str(link["href"]).strip()))
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:  # an address that is none
        return None
    known = origin.claims(filename)
    if known is None or not origin.allows(url):
        return None
    metadata = link.get("data-core-metadata", link.get("data-dist-info-metadata"))
    return IndexFile(
        name=known[0],
        version=known[1],
        filename=filename,
        url=url,
        hashes=_hashes(_fragment_hash(fragment)),
        requires_python=link.get("data-requires-python") or None,
        yanked=(link["data-yanked"] or "") if "data-yanked" in link else None,
        core_metadata=None
        if metadata in {None, "", "false"}
        else _hashes(_fragment_hash(str(metadata))),
        index=origin.index,
    )


def _fragment_hash(text: str) -> dict[str, str]:
    """`sha256=…`, also among other parts that are separated by `&`."""
    pairs = [part.partition("=") for part in text.split("&")]
    return {key: value for key, _, value in pairs if key in _ALGORITHMS and value}


_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
