"""A real package index on 127.0.0.1: the files of a folder, and the faults that a test asks for."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import html
import json
import re
import socket
import socketserver
import threading
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["IndexServer", "Request", "Switches", "serve_index"]

JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(kw_only=True)
class Switches:
    """What a server does; a test may change it while the server runs."""

    html: bool = False  # only PEP 503 pages, even for who accepts JSON
    api: str = "1.4"  # the API version that the pages declare
    hashes: tuple[str, ...] = ("sha256",)  # algorithms that the pages give
    sizes: bool = True  # whether the pages give sizes
    metadata: bool = True  # whether the pages tell of PEP 658 files
    metadata_files: bool = True  # whether there are PEP 658 files
    wrong_metadata: bytes | None = None  # what all PEP 658 files hold instead
    yanked: Mapping[str, str] = field(default_factory=dict)  # file name: reason
    requires_python: Mapping[str, str] = field(default_factory=dict)  # file name: specifiers
    status: str = "active"  # PEP 792
    reason: str = ""  # PEP 792
    statuses: Mapping[str, str] = field(default_factory=dict)  # the same for single projects
    etags: bool = True  # pages and files have one, and If-None-Match is obeyed
    max_age: int | None = None  # of pages, in seconds
    cache_control: str | None = None  # of pages, instead
    fixed_etag: str | None = None  # the ETag of everything, whatever it holds
    ranges: bool = True  # whether files can be had in part
    changing: bool = False  # each answer has another ETag, and ignores the client's
    redirect: bool = False  # files are elsewhere: {url}files/… sends to {url}moved/…
    location: str | None = None  # every request is sent there
    user: str | None = None  # `name:password` that every request must have
    fail: int = 0  # so many requests are refused …
    fail_status: int = 503  # … with this status …
    retry_after: str | None = None  # … and this header …
    fail_on: str = ""  # … if their path contains this
    drop_after: int | None = None  # the connection ends after so many bytes of a file …
    drops: int = 1  # … so many times
    drop_pages: int = 0  # so many requests for pages end without an answer
    wrong_bytes: bool = False  # the last byte of each file is another one
    latency: float = 0.0  # seconds before each answer
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that arrived; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int


@dataclass(kw_only=True)
class IndexServer:
    """A running server.

    Args:
        root: its address, with `/` at the end.
        folder: the files it serves.
        switches: what it does.
        requests: all requests so far, oldest first.
    """

    root: str
    folder: Path
    switches: Switches
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the index."""
        return f"{self.root}simple/"

    def file_url(self, filename: str) -> str:
        """The address of a file."""
        return f"{self.root}files/{filename}"

    def paths(self) -> list[str]:
        """What was asked for, oldest first."""
        return [request.path for request in self.requests]


@contextlib.contextmanager
def serve_index(folder: Path, **switches: Any) -> Iterator[IndexServer]:
    """Serve the wheels and source distributions of a folder, until the context ends.

    Args:
        folder: read anew for each request.
        switches: the fields of `Switches`.
    """
    wanted = Switches(**switches)
    httpd = _Server(("127.0.0.1", 0), _Handler)
    scheme = "http"
    if wanted.tls is not None:
        scheme = "https"
        # The handshake belongs to the thread of the connection, not to accept().
        httpd.socket = wanted.tls.wrap_socket(
            httpd.socket, server_side=True, do_handshake_on_connect=False
        )
    root = f"{scheme}://127.0.0.1:{httpd.server_address[1]}/"
    httpd.index = IndexServer(root=root, folder=folder, switches=wanted)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield httpd.index
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    index: IndexServer

    def server_bind(self) -> None:
        # HTTPServer's own would look up the name of the address.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        switches = self.server.index.switches
        if switches.latency:
            time.sleep(switches.latency)
        with _LOCK:
            failing = switches.fail > 0 and switches.fail_on in self.path
            switches.fail -= failing
        if failing:
            headers = {"Retry-After": switches.retry_after} if switches.retry_after else {}
            self._answer(switches.fail_status, b"", headers)
        elif switches.user is not None and not self._known(switches.user):
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif switches.location is not None:
            self._answer(302, b"", {"Location": switches.location})
        elif self.path.startswith("/simple/"):
            self._page()
        elif self.path.startswith("/files/") and switches.redirect:
            self._answer(302, b"", {"Location": self.path.replace("/files/", "/moved/", 1)})
        elif self.path.startswith(("/files/", "/moved/")):
            self._file(self.path.split("/", 2)[2])
        else:
            self._answer(404, b"", {})

    def _known(self, user: str) -> bool:
        wanted = "Basic " + base64.b64encode(user.encode()).decode()
        return self.headers.get("Authorization") == wanted

    def _page(self) -> None:
        index = self.server.index
        with _LOCK:
            dropping = index.switches.drop_pages > 0
            index.switches.drop_pages -= dropping
        if dropping:
            self._record(0)
            self._hang_up()
            return
        name = self.path.removeprefix("/simple/").strip("/")
        paths = [path for path in sorted(index.folder.iterdir()) if _project(path.name) == name]
        if not paths:
            self._answer(404, b"", self._caching())
            return
        files = [_describe(path, index) for path in paths]
        if JSON in self.headers.get("Accept", "") and not index.switches.html:
            kind, body = JSON, _json_page(name, files, index.switches)
        else:
            kind, body = "text/html", _html_page(files, index.switches)
        headers = {"Content-Type": kind, **self._caching()}
        if "gzip" in self.headers.get("Accept-Encoding", ""):  # as PyPI does, also with a 304
            headers["Content-Encoding"] = "gzip"
            # Some servers say when they compressed it; a tag would be another one each time.
            time = 0 if index.switches.etags else len(index.requests)
            body = gzip.compress(body, 1, mtime=time)
        self._answer_tagged(body, headers)

    def _caching(self) -> dict[str, str]:
        switches = self.server.index.switches
        if switches.cache_control is not None:
            return {"Cache-Control": switches.cache_control}
        if switches.max_age is not None:
            return {"Cache-Control": f"max-age={switches.max_age}, public"}
        return {}

    def _file(self, filename: str) -> None:
        index = self.server.index
        path = index.folder / filename
        if path.is_file():
            data = path.read_bytes()
        elif (
            index.switches.metadata_files
            and filename.endswith(".metadata")
            and (index.folder / filename[:-9]).is_file()
        ):
            data = index.switches.wrong_metadata or _metadata(index.folder / filename[:-9]) or b""
        else:
            self._answer(404, b"", {})
            return
        if index.switches.wrong_bytes:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self._answer_tagged(data, {"Content-Type": "application/octet-stream"}, part=True)

    def _answer_tagged(self, body: bytes, headers: dict[str, str], *, part: bool = False) -> None:
        switches = self.server.index.switches
        tag = switches.fixed_etag or f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if switches.changing:
            tag = f'"{len(self.server.index.requests)}"'
        if switches.etags:
            headers["ETag"] = tag
            if self.headers.get("If-None-Match") == tag:
                self._answer(304, b"", headers)
                return
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if part and switches.ranges:
            headers["Accept-Ranges"] = "bytes"
            if wanted and self.headers.get("If-Range", tag) == tag:
                first, last = _span(wanted[1], wanted[2], len(body))
                if first >= len(body):
                    self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                    return
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                self._answer(206, body[first : last + 1], headers, droppable=True)
                return
        self._answer(200, body, headers, droppable=part)

    def _answer(
        self, status: int, body: bytes, headers: Mapping[str, str], *, droppable: bool = False
    ) -> None:
        switches = self.server.index.switches
        with _LOCK:
            dropping = droppable and switches.drop_after is not None and switches.drops > 0
            switches.drops -= dropping
        self._record(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if dropping:
            self.wfile.write(body[: switches.drop_after])
            self.wfile.flush()
            self._hang_up()
        else:
            self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _record(self, status: int) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        with _LOCK:
            self.server.index.requests.append(
                Request(method=self.command, path=self.path, headers=headers, status=status)
            )


_LOCK = threading.Lock()


def _span(first: str, last: str, length: int) -> tuple[int, int]:
    """The first and last byte that a range asks for (RFC 9110, 14.1.2)."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length - 1), length - 1)


def _project(filename: str) -> str | None:
    if filename.endswith(".whl"):
        stem = filename.split("-", maxsplit=1)[0]
    elif filename.endswith((".tar.gz", ".zip")):
        stem = filename.rsplit("-", 1)[0]
    else:
        return None
    return re.sub(r"[-_.]+", "-", stem).lower()


def _metadata(path: Path) -> bytes | None:
    """METADATA of a wheel, or None where the file is not one."""
    if path.suffix != ".whl" or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA"):
                return archive.read(name)
    return None


def _describe(path: Path, index: IndexServer) -> dict[str, Any]:
    switches = index.switches
    data = path.read_bytes()
    known: dict[str, Any] = {
        "filename": path.name,
        "url": f"../../files/{path.name}",
        "hashes": {name: hashlib.new(name, data).hexdigest() for name in switches.hashes},
        "upload-time": "2026-01-02T03:04:05.678901Z",
    }
    if switches.sizes:
        known["size"] = len(data)
    if path.name in switches.yanked:
        known["yanked"] = switches.yanked[path.name] or True
    if path.name in switches.requires_python:
        known["requires-python"] = switches.requires_python[path.name]
    metadata = _metadata(path) if switches.metadata else None
    if metadata is not None:
        known["core-metadata"] = {"sha256": hashlib.sha256(metadata).hexdigest()}
    return known


def _json_page(name: str, files: list[dict[str, Any]], switches: Switches) -> bytes:
    page: dict[str, Any] = {"meta": {"api-version": switches.api}, "name": name, "files": files}
    status = switches.statuses.get(name, switches.status)
    if status == "quarantined":
        page["files"] = []  # as PyPI does
    if status != "active":
        page["project-status"] = {"status": status, "reason": switches.reason}
    return json.dumps(page).encode()


def _html_page(files: list[dict[str, Any]], switches: Switches) -> bytes:
    lines = [
        "<!DOCTYPE html><html><head>",
        f'<meta name="pypi:repository-version" content="{switches.api}"></head><body>',
    ]
    for file in files:
        digest = next(iter(file["hashes"].items()), None)
        url = file["url"] + (f"#{digest[0]}={digest[1]}" if digest else "")
        more = ""
        if "yanked" in file:
            reason = "" if file["yanked"] is True else file["yanked"]
            more += f' data-yanked="{html.escape(reason)}"'
        if "requires-python" in file:
            more += f' data-requires-python="{html.escape(file["requires-python"])}"'
        if "core-metadata" in file:
            more += f' data-core-metadata="sha256={file["core-metadata"]["sha256"]}"'
        lines.append(f'<a href="{html.escape(url)}"{more}>{html.escape(file["filename"])}</a><br>')
    return "\n".join([*lines, "</body></html>"]).encode()
