"""The metadata of wheels and source distributions, by the cheapest way that there is.

For a wheel: the metadata file that the index names (PEP 658, PEP 714), else parts of the wheel
(for most, one request for its end), else the whole wheel. For a source distribution: its
PKG-INFO, where that is static (PEP 643).

Metadata files that a page does not name are not tried: mirrors have them for some wheels and
not for others, and parts cost hardly more.

What reads archives is imported where one is read: where the index has metadata files, none is.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from trail.addresses import redact
from trail.errors import FAULTS, DigestError, FetchError, MetadataError
from trail.index.core_metadata import CoreMetadata, NeedsBuild, parse_metadata
from trail.index.digests import by_algorithm
from trail.index.links import local_path
from trail.model import WheelFile
from trail.wheel.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from trail.index.http import Http
    from trail.index.local import Download
    from trail.index.page import IndexFile
    from trail.index.zipped import Parts

__all__ = ["MetadataReader"]

_PART = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
# Read before the directory, where METADATA mostly lies.
_SLACK = 32 << 10
_WHOLE = {"Accept-Encoding": "identity"}  # ranges count the bytes as they lie on the server


class _NoRangesError(Exception):
    """The server gives files as a whole only."""


class MetadataReader:
    """Reads metadata; any number of threads may use one.

    Args:
        connect: gives the connections for an address.
        download: gets a whole file into a folder, and checks it.
        native: whether the native engine may be used.
    """

    def __init__(
        self,
        connect: Callable[[str], Http],
        download: Callable[[WheelFile, Path], Download],
        *,
        native: bool,
    ) -> None:
        self._connect = connect
        self._download = download
        self._native = native
        self._without_ranges: set[str | None] = set()  # indexes
        self._without_file: set[str] = set()  # addresses of wheels

    def is_cheap(self, file: IndexFile) -> bool:
        """Whether the metadata of a file can probably be had without all of it."""
        return file.is_wheel and (
            file.core_metadata is not None or file.index not in self._without_ranges
        )

    def read(self, file: IndexFile, *, whole: bool = True) -> CoreMetadata | NeedsBuild | None:
        """Read the metadata of a file.

        Args:
            file: a wheel or source distribution, as an index lists it.
            whole: whether it may be downloaded as a whole, if there is no other way.

        Returns:
            None if it must not, and there is none.

        Raises:
            FetchError: it could not be fetched.
            DigestError: what came is not what the index vouches for.
            MetadataError: it cannot be understood.
        """
        path = local_path(file.url)
        try:
            if path is not None:
                return _read_file(path, file)
            found = self._read_remote(file) if file.is_wheel else None
            return self._read_whole(file) if found is None and whole else found
        except Fault as fault:
            raise _as_error(fault, file) from fault
        except OSError as error:
            raise FetchError(
                f"cannot read `{file.filename}`: {error.strerror or error}",
                details=(("file", str(path)),) if path is not None else (),
            ) from error

    def _read_remote(self, file: IndexFile) -> CoreMetadata | None:
        if file.core_metadata is not None and file.url not in self._without_file:
            found = self._read_named(file)
            if found is not None:
                return found
            self._without_file.add(file.url)
        if file.index not in self._without_ranges:
            try:
                return _parse_wheel(
                    _Remote(file, self._connect(file.url)), file, native=self._native
                )
            except _NoRangesError:
                self._without_ranges.add(file.index)
        return None

    def _read_named(self, file: IndexFile) -> CoreMetadata | None:
        url = _metadata_url(file)
        http = self._connect(url)
        response = http.get(url, {})
        if response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None  # some mirrors copy the pages and not these files
        if response.status_code != HTTPStatus.OK:
            raise http.refusal(url, response)
        data = response.content
        for algorithm, accepted in by_algorithm(file.core_metadata or ()).items():
            actual = hashlib.new(algorithm, data).hexdigest()
            if actual not in accepted:
                expected = ", ".join(f"{algorithm}={digest}" for digest in sorted(accepted))
                raise DigestError(
                    f"refused the metadata of `{file.filename}`: it is not what the index"
                    " vouches for",
                    details=(
                        ("url", redact(url)),
                        ("expected", expected),
                        ("actual", f"{algorithm}={actual}"),
                    ),
                )
        return _parse(data, file)

    def _read_whole(self, file: IndexFile) -> CoreMetadata | NeedsBuild:
        wanted = WheelFile(
            name=file.name,
            version=file.version,
            filename=file.filename,
            hashes=file.hashes,
            size=file.size,
            url=file.url,
            index=file.index,
        )
        with tempfile.TemporaryDirectory(prefix="trail-") as folder:
            return _read_file(self._download(wanted, Path(folder)).path, file)


class _Remote:
    """A wheel on a server that gives parts of files.

    Args:
        file: the wheel.
        http: the connections.

    Raises:
        FetchError: there is no such file.
        _NoRangesError: the server gives no parts.
    """

    def __init__(self, file: IndexFile, http: Http) -> None:
        from trail.index.zipped import tail_size  # noqa: PLC0415  # see above

        self._file = file
        self._http = http
        self._parts: list[tuple[int, bytes]] = []
        self._etag: str | None = None
        self.length = -1
        # An end that is counted from the front is understood by more servers.
        size = file.size
        tail = min(size, tail_size(size)) if size else tail_size(0)
        self._fetch(f"{size - tail}-{size - 1}" if size else f"-{tail}")
        if size is not None and self.length != size:
            raise DigestError(
                f"refused `{file.filename}`: it is not the file that the index lists",
                details=(
                    ("url", redact(file.url)),
                    ("expected", f"{size} bytes"),
                    ("actual", f"{self.length} bytes"),
                ),
            )

    def read(self, offset: int, size: int) -> bytes:
        """See `Parts`."""
        found = self._find(offset, size)
        if found is None:
            end = offset + size
            held = min((start for start, _ in self._parts if offset < start <= end), default=None)
            # Down from what is at hand: this is the directory, and METADATA is near.
            begin = offset if held is None else max(0, offset - _SLACK)
            self._fetch(f"{begin}-{(end if held is None else held) - 1}")
            found = self._find(offset, size)
        if found is None:
            raise FetchError(f"could not fetch a part of `{redact(self._file.url)}`")
        return found

    def _find(self, offset: int, size: int) -> bytes | None:
        for start, data in self._parts:
            if start <= offset and offset + size <= start + len(data):
                return data[offset - start : offset - start + size]
        return None

    def _fetch(self, span: str) -> None:
        url = self._file.url
        response = self._http.get(
            url,
            {**_WHOLE, "Range": f"bytes={span}"},
            wanted=lambda answer: answer.status_code == HTTPStatus.PARTIAL_CONTENT,
        )
        if response.status_code in {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.GONE,
        }:
            raise self._http.refusal(url, response)
        part = _PART.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code != HTTPStatus.PARTIAL_CONTENT or part is None:
            raise _NoRangesError
        first, last, length = map(int, part.groups())
        if len(response.content) != last - first + 1 or last >= length:
            raise _NoRangesError
        self._check_same(response, length)
        data = response.content
        above = next((part for part in self._parts if part[0] == last + 1), None)
        if above is not None:
            self._parts.remove(above)
            data += above[1]
        self._parts.append((first, data))

    def _check_same(self, response: httpx.Response, length: int) -> None:
        etag = response.headers.get("ETag")
        if self._parts and (length, etag) != (self.length, self._etag):
            raise FetchError(f"`{redact(self._file.url)}` changed while it was read")
        self.length, self._etag = length, etag


def _read_file(path: Path, file: IndexFile) -> CoreMetadata | NeedsBuild:
    """Read the metadata of a file on this machine."""
    if file.is_wheel:
        from trail.wheel.archive import Archive  # noqa: PLC0415  # see above

        with Archive(path) as archive:
            return _parse_wheel(archive, file)
    from trail.index.sdist import read_pkg_info  # noqa: PLC0415  # see above

    data = read_pkg_info(path, file.filename)
    if data is None:
        return NeedsBuild(reason="it has no PKG-INFO")
    try:
        metadata = _parse(data, file)
    except MetadataError:
        # Old tools wrote all sorts of things here; a build will tell.
        return NeedsBuild(reason="its PKG-INFO cannot be used")
    if not metadata.static:
        return NeedsBuild(reason="its PKG-INFO leaves requirements to the build")
    return metadata


def _parse_wheel(parts: Parts, file: IndexFile, *, native: bool = False) -> CoreMetadata:
    from trail.index.zipped import read_wheel_metadata  # noqa: PLC0415  # see above

    data = read_wheel_metadata(parts, name=file.name, version=file.version, native=native)
    return _parse(data, file)


def _parse(data: bytes, file: IndexFile) -> CoreMetadata:
    return parse_metadata(data, filename=file.filename, name=file.name, version=file.version)


def _metadata_url(file: IndexFile) -> str:
    parts = urlsplit(file.url)
    return urlunsplit(parts._replace(path=f"{parts.path}.metadata"))


def _as_error(fault: Fault, file: IndexFile) -> MetadataError:
    pairs = (
        ("file", fault.member),
        ("expected", fault.expected),
        ("actual", fault.actual),
        ("rule", fault.code),
    )
    return MetadataError(
        file.filename,
        FAULTS[fault.code],
        details=tuple((label, value) for label, value in pairs if value is not None),
    )
