"""Downloads: streamed, hashed on the way, taken up again where a connection broke off."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trail.addresses import redact
from trail.errors import DigestError, FetchError
from trail.index.digests import Digests
from trail.index.local import Download
from trail.index.retry import TransientError

if TYPE_CHECKING:
    import httpx

    from trail.index.http import Http
    from trail.model import WheelFile
    from trail.report import Reporter

__all__ = ["download"]

# A transfer that moves gets its retries back; one that crawls does not get them for ever.
_PROGRESS = 1 << 20


def download(file: WheelFile, folder: Path, *, http: Http, reporter: Reporter) -> Download:
    """Download a file and check it.

    Args:
        file: the wanted file, with an address.
        folder: where to put it, under a name of its own; nothing is left there after an
            error.
        http: the connections.
        reporter: is told of the progress, under the file's name.

    Raises:
        FetchError: it could not be fetched or written.
        DigestError: what came is not the wanted file.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix="download-", suffix=".whl", dir=folder)
    except OSError as error:
        raise _unwritable(file, folder, error) from error
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            transfer = _Transfer(file, out, http, reporter)
            try:
                transfer.run()
            finally:
                transfer.end()
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(file, folder, error) from error
        raise
    digests = transfer.digests
    return Download(path=path, sha256=digests.sha256(), size=digests.size, private=True)


def _unwritable(file: WheelFile, folder: Path, error: OSError) -> FetchError:
    return FetchError(
        f"could not write `{file.filename}` to `{folder}`",
        details=(("reason", error.strerror or str(error)),),
    )


class _Transfer:
    """One file on its way, over as many connections as it takes."""

    def __init__(self, file: WheelFile, out: BinaryIO, http: Http, reporter: Reporter) -> None:
        self._file = file
        self._url = file.url or ""
        self._out = out
        self._http = http
        self._reporter = reporter
        self._begun = False
        # What tells that the server's file is still the same: an ETag or a date.
        self._validator: str | None = None
        self._resumed = False
        self.digests = Digests(file, ("url", redact(self._url)))

    def run(self) -> None:
        """Fetch and check all of it."""
        self._fetch()
        try:
            self.digests.check()
        except DigestError:
            if not self._resumed:
                raise
            # A server may have joined parts of two files; one whole answer decides.
            self._restart()
            self._fetch()
            self.digests.check()
        self._out.flush()

    def end(self) -> None:
        """Tell the reporter that this is over."""
        if self._begun:
            self._reporter.end(self._file.filename)

    def _fetch(self) -> None:
        patience = self._http.patience(self._url)
        while True:
            before = self.digests.size
            try:
                self._try()
            except TransientError as fault:
                if self.digests.size - before >= _PROGRESS:
                    patience.renew()
                patience.wait(fault)
            else:
                return

    def _try(self) -> None:
        # The bytes are hashed as they lie on the server.
        headers = {"Accept-Encoding": "identity"}
        if self.digests.size and self._validator is None:
            self._restart()
        if self.digests.size and self._validator is not None:
            headers["Range"] = f"bytes={self.digests.size}-"
            headers["If-Range"] = self._validator
        with self._http.stream(self._url, headers) as response:
            self._accept(response)
            for chunk in response.iter_raw():
                self._http.check_open(self._url)
                self.digests.update(chunk)
                self._out.write(chunk)
                self._reporter.advance(self._file.filename, len(chunk))
        if self._file.size is not None and self.digests.size < self._file.size:
            raise TransientError(f"the connection ended after {self.digests.size} bytes")

    def _accept(self, response: httpx.Response) -> None:
        """Look at the head of an answer: which part of the file does it bring?"""
        status = response.status_code
        if self.digests.size and status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._restart()
            raise TransientError("the server could not go on with the download")
        if self.digests.size and status == HTTPStatus.PARTIAL_CONTENT:
            part = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if part is None or int(part[1]) != self.digests.size:
                self._restart()
                raise TransientError("the server went on at another place")
            self._resumed = True
            return
        if status != HTTPStatus.OK:
            raise self._http.refusal(self._url, response)
        if self.digests.size:
            self._restart()  # the server has another file by now, or knows no ranges
        self._validator = _validator(response)
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else None
        if None not in {size, self._file.size} and size != self._file.size:
            raise self.digests.wrong_size(f"{size} bytes")
        if not self._begun:
            self._begun = True
            self._reporter.begin(self._file.filename, self._file.size or size)

    def _restart(self) -> None:
        self._reporter.advance(self._file.filename, -self.digests.size)
        self._out.seek(0)
        self._out.truncate()
        self.digests.restart()
        self._validator = None
        self._resumed = False


def _validator(response: httpx.Response) -> str | None:
    """What If-Range may hold: only a strong ETag, else a date (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("ETag", "")
    if tag.startswith('"'):
        return tag
    modified: str | None = response.headers.get("Last-Modified")
    return modified
