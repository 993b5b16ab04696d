"""What the configured index has, fetched once and kept, so that all peers get the same bytes.

{folder}/pages/{name}.json       the page of a project, as it came; empty where there is none
{folder}/files/{file}/metadata   METADATA of a wheel, likewise
{folder}/files/{file}/{a}-{b}    bytes of a file, from the first to the last
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from trail.errors import FetchError
from trail.files import write_atomic
from trail.index.auth import Credentials
from trail.index.filenames import split_filename
from trail.index.http import Http
from trail.index.zipped import read_wheel_metadata, tail_size
from trail.model import NormalizedName
from trail.settings import IndexSettings, read_settings
from trail.wheel.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

__all__ = ["RemoteFile", "Upstream"]

_JSON = "application/vnd.pypi.simple.v1+json"
_BEFORE = 32 << 10  # METADATA mostly lies before the directory


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file that a page lists.

    Args:
        filename: of a wheel or source distribution.
        url: where it is.
        size: in bytes.
        sha256: hexadecimal, or None.
        named: whether the index has its METADATA beside it (PEP 658).
    """

    filename: str
    url: str
    size: int
    sha256: str | None
    named: bool

    @property
    def path(self) -> str:
        """Of its address, with `/` in front."""
        return urlsplit(self.url).path


class Upstream:
    """The configured index; any number of threads may use one.

    Args:
        settings: where it is.
        folder: what was fetched, in this run and earlier ones.
    """

    def __init__(self, settings: IndexSettings, folder: Path) -> None:
        self.fetched = 0
        self._pages = folder / "pages"
        self._files = folder / "files"
        self._index = settings.indexes()[-1].rstrip("/")
        wait = threading.Event().wait
        self._http = Http(
            settings,
            Credentials(settings.indexes(), settings.netrc, keyring=settings.keyring),
            pause=wait,
        )
        self._lock = threading.Lock()
        self._pages.mkdir(parents=True, exist_ok=True)

    @classmethod
    def configured(cls, folder: Path, cwd: Path) -> Upstream:
        """Read where the index is from the environment and pip's configuration."""
        return cls(read_settings(os.environ, cwd=cwd).index, folder)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def known(self) -> Iterator[NormalizedName]:
        """The projects whose pages were fetched."""
        for path in sorted(self._pages.iterdir()):
            if path.suffix == ".json" and path.stat().st_size:
                yield NormalizedName(path.stem)

    def page(self, name: str) -> dict[str, Any] | None:
        """The page of a project (PEP 691), or None where the index has none.

        Raises:
            FetchError: the index cannot be reached, or gives no JSON.
        """
        path = self._pages / f"{name}.json"
        if not path.exists():
            url = f"{self._index}/{name}/"
            response = self._get(url, {"Accept": _JSON})
            if response.status_code == HTTPStatus.NOT_FOUND:
                write_atomic(path, b"", flush=False)
            elif response.status_code != HTTPStatus.OK:
                raise self._http.refusal(url, response)
            else:
                page = json.loads(response.content)
                for entry in page["files"]:  # an address may be relative to the page's own
                    entry["url"] = urljoin(str(response.url), entry["url"])
                write_atomic(path, json.dumps(page).encode(), flush=False)
        data = path.read_bytes()
        return json.loads(data) if data else None

    def metadata(self, file: RemoteFile) -> bytes | None:
        """METADATA of a wheel, or None where it has none that could be read.

        Raises:
            FetchError: the index cannot be reached.
        """
        path = self._files / file.filename / "metadata"
        if not path.exists():
            data = self._beside(file) if file.named else None
            _keep(path, self._inside(file) if data is None else data)
        return path.read_bytes() or None

    def part(self, file: RemoteFile, first: int, last: int) -> bytes:
        """Bytes of a file, from the first to the last.

        Raises:
            FetchError: the file cannot be had.
        """
        path = self._files / file.filename / f"{first}-{last}"
        if not path.exists():
            whole = self._whole(file)
            if not whole.exists() or (first, last) == (0, file.size - 1):
                _keep(path, self._fetch_part(file, first, last))
            else:
                with whole.open("rb") as opened:
                    opened.seek(first)
                    return opened.read(last - first + 1)
        return path.read_bytes()

    def _whole(self, file: RemoteFile) -> Path:
        return self._files / file.filename / f"0-{file.size - 1}"

    def _beside(self, file: RemoteFile) -> bytes | None:
        response = self._get(f"{file.url}.metadata", {})
        return response.content if response.status_code == HTTPStatus.OK else None

    def _inside(self, file: RemoteFile) -> bytes:
        claimed = split_filename(file.filename)
        if claimed is None or not file.size:
            return b""
        name, version = claimed
        try:
            return read_wheel_metadata(_Parts(self, file), name=name, version=version)
        except Fault:
            return b""

    def _fetch_part(self, file: RemoteFile, first: int, last: int) -> bytes:
        whole = (first, last) == (0, file.size - 1)
        headers = {"Accept-Encoding": "identity"}
        if not whole:
            headers["Range"] = f"bytes={first}-{last}"
        response = self._get(file.url, headers)
        data: bytes = response.content
        if response.status_code == HTTPStatus.OK:
            if file.sha256 not in {None, hashlib.sha256(data).hexdigest()}:
                raise FetchError(f"`{file.filename}` is not what the index vouches for")
            data = data[first : last + 1]
        elif response.status_code != HTTPStatus.PARTIAL_CONTENT:
            raise self._http.refusal(file.url, response)
        if len(data) != last - first + 1:
            raise FetchError(f"`{file.filename}` is not as long as the index says")
        return data

    def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        with self._lock:
            self.fetched += 1
        return self._http.get(url, headers)


class _Parts:
    """A wheel that is read in parts; see `trail.index.zipped.Parts`.

    Args:
        upstream: where the wheel is.
        file: the wheel.
    """

    def __init__(self, upstream: Upstream, file: RemoteFile) -> None:
        self.length = file.size
        self._upstream = upstream
        self._file = file
        size = min(file.size, tail_size(file.size) + _BEFORE)
        self._start = file.size - size
        self._tail = upstream.part(file, self._start, file.size - 1)

    def read(self, offset: int, size: int) -> bytes:
        """Read so many bytes from an offset on."""
        if offset >= self._start:
            return self._tail[offset - self._start :][:size]
        return self._upstream.part(self._file, offset, offset + size - 1)


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data, flush=False)
