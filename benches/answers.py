"""What an index on 127.0.0.1 answers: everything is at hand, or fetched once and kept.

{root}{condition}/simple/{name}/       a page
{root}{condition}/packages/…           a file; with `.metadata` behind it, its METADATA
{root}counts                           what was asked for so far

One thread has all connections (HTTP/1.1); others fetch what is missing.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from benches.pages import CONDITIONS, HTML, JSON, Answer, Condition, make_page, read_files

from trail.errors import TrailError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from benches.pages import Page
    from benches.upstream import RemoteFile, Upstream

__all__ = ["Counts", "Index", "listen"]

_T = TypeVar("_T")
_FETCHERS = 16
_SMALL = 1 << 16
_METADATA = ".metadata"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a server was asked for.

    Args:
        pages: how many were sent.
        confirmed: pages and files that who asked had already (304).
        metadata: METADATA of wheels.
        parts: of files.
        files: as a whole.
        missing: what there is not.
        size: bytes sent, heads included.
        fetched: requests to the configured index.
        cpu: processor time of the server, in seconds.
    """

    pages: int = 0
    confirmed: int = 0
    metadata: int = 0
    parts: int = 0
    files: int = 0
    missing: int = 0
    size: int = 0
    fetched: int = 0
    cpu: float = 0.0

    @property
    def requests(self) -> int:
        """All of them."""
        return self.pages + self.confirmed + self.metadata + self.parts + self.files + self.missing

    def since(self, earlier: Counts) -> Counts:
        """What came after another count."""
        names = [field.name for field in fields(self)]
        return Counts(**{name: getattr(self, name) - getattr(earlier, name) for name in names})


class Index:
    """What is served, ready to be sent.

    Args:
        upstream: where it comes from.
        root: the address of the server, with `/` at the end.
    """

    def __init__(self, upstream: Upstream, root: str) -> None:
        self.counted: Counter[str] = Counter()
        self.connections: set[asyncio.Transport] = set()
        self._upstream = upstream
        self._root = root
        self._fetchers = ThreadPoolExecutor(_FETCHERS)
        self._fetching: dict[Hashable, asyncio.Future[Any]] = {}
        self._pages: dict[tuple[str, str, str], Page | None] = {}
        self._files: dict[str, RemoteFile] = {}
        self._bodies: dict[tuple[str, int, int], bytes] = {}

    def close(self) -> None:
        """End all connections, in the thread that has them."""
        for transport in self.connections:
            transport.abort()
        self._upstream.close()
        self._fetchers.shutdown()

    def once(self, key: Hashable, work: Callable[[], _T]) -> asyncio.Future[_T]:
        """Do something in another thread, but what is under way already only once."""
        future = self._fetching.get(key)
        if future is None:
            future = asyncio.get_running_loop().run_in_executor(self._fetchers, work)
            self._fetching[key] = future
            future.add_done_callback(lambda _: self._fetching.pop(key))
        return future

    def prepare(self, conditions: Sequence[Condition]) -> None:
        """Make the pages of all projects that are known."""
        for name in self._upstream.known():
            for condition in conditions:
                self.make_page(condition, name, JSON)

    def counts(self) -> Counts:
        """What was asked for."""
        return Counts(
            **self.counted, fetched=self._upstream.fetched, cpu=round(time.process_time(), 4)
        )

    def known_page(self, condition: Condition, name: str, media: str) -> Page | None:
        """A page, if it was made; KeyError if not, None where there is no such project."""
        return self._pages[condition.name, name, media]

    def make_page(self, condition: Condition, name: str, media: str) -> Page | None:
        """Make a page; may ask the configured index."""
        page = self._upstream.page(name)
        made = None
        if page is not None:
            self._files |= {file.path: file for file in read_files(page)}
            made = make_page(page, condition, f"{self._root}{condition.name}", media)
        self._pages[condition.name, name, media] = made
        return made

    def file(self, path: str) -> RemoteFile | None:
        """The file at a path that some page names."""
        return self._files.get(path)

    def known_part(self, file: RemoteFile, first: int, last: int) -> bytes:
        """Bytes of a file, if they are in memory; those of METADATA at -1. KeyError if not."""
        return self._bodies[file.path, first, last]

    def read_part(self, file: RemoteFile, first: int, last: int) -> bytes:
        """The same; may ask the configured index."""
        if first < 0:
            data = self._upstream.metadata(file) or b""
        else:
            data = self._upstream.part(file, first, last)
        if (first, last) != (0, file.size - 1):  # whole files would fill the memory
            self._bodies[file.path, first, last] = data
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What a client asks for; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, head: bytes) -> _Request:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return cls(method=method, path=path.partition("?")[0], headers=headers)


class _Connection(asyncio.Protocol):
    """One client: answers its requests one after the other."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._received = b""
        self._busy = False
        self._first = True
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for mypy
        self._transport = transport
        self._index.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._index.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        self._received = rest
        self._busy = True
        request = _Request.parse(head)
        parts = request.path.split("/", 3)
        condition = CONDITIONS.get(parts[1])
        if request.path == "/counts":
            body = json.dumps(asdict(self._index.counts())).encode()
            self._write([_head("200 OK", (), len(body)), body], 0.0)
        elif condition is None or len(parts) < 4:  # noqa: PLR2004  # see `Index`
            self._answer(request, "missing", _MISSING, Condition(name="none"))
        elif parts[2] == "simple":
            self._page(request, condition, parts[3].rstrip("/"))
        else:
            self._file(request, condition, request.path.removeprefix(f"/{condition.name}"))

    # --- what is sent

    def _page(self, request: _Request, condition: Condition, name: str) -> None:
        media = JSON if JSON in request.headers.get("accept", "") else HTML

        def send(page: Page | None) -> None:
            headers = request.headers
            if page is None:
                self._answer(request, "missing", _MISSING, condition)
            elif "gzip" in headers.get("accept-encoding", ""):
                self._answer(request, "pages", page.packed, condition, page.etag)
            else:
                self._answer(request, "pages", page.plain, condition, page.etag)

        try:
            send(self._index.known_page(condition, name, media))
        except KeyError:
            work = partial(self._index.make_page, condition, name, media)
            self._fetch((condition.name, name, media), work, send)

    def _file(self, request: _Request, condition: Condition, path: str) -> None:
        beside = path.endswith(_METADATA)
        file = self._index.file(path.removesuffix(_METADATA))
        if file is None or (beside and not condition.metadata):
            self._answer(request, "missing", _MISSING, condition)
            return
        heads = ["Content-Type: application/octet-stream", "Accept-Ranges: bytes"]
        etag = None
        if condition.max_age is not None:
            etag = f'"{file.sha256}{_METADATA if beside else ""}"'
            heads += ["Cache-Control: max-age=365000000, immutable, public", f"ETag: {etag}"]
        span = _span(request.headers.get("range", ""), file.size)
        kind, status, (first, last) = "files", "200 OK", (0, file.size - 1)
        if beside:
            kind, first = "metadata", -1
        elif span is not None:
            kind, status, (first, last) = "parts", "206 Partial Content", span
            heads.append(f"Content-Range: bytes {first}-{last}/{file.size}")

        def send(body: bytes) -> None:
            answer = Answer(status=status, heads=tuple(heads), body=body) if body else _MISSING
            self._answer(request, kind if body else "missing", answer, condition, etag)

        if request.method == "HEAD" and not beside:
            send(bytes(last - first + 1))  # which is cut off, and need not be fetched
            return
        try:
            send(self._index.known_part(file, first, last))
        except KeyError:
            work = partial(self._index.read_part, file, first, last)
            self._fetch((path, first, last), work, send)

    # --- how it is sent

    def _fetch(self, key: Hashable, work: Callable[[], _T], send: Callable[[_T], None]) -> None:
        """Do what needs the configured index beside the other connections, then send."""

        def done(future: asyncio.Future[_T]) -> None:
            try:
                send(future.result())
            except TrailError as error:
                body = f"{error}\n".encode()
                self._write([_head("502 Bad Gateway", (), len(body)), body], 0.0)

        self._index.once(key, work).add_done_callback(done)

    def _answer(
        self,
        request: _Request,
        kind: str,
        answer: Answer,
        condition: Condition,
        etag: str | None = None,
    ) -> None:
        body, length = answer.body, len(answer.body)
        status = answer.status
        if etag is not None and etag in request.headers.get("if-none-match", ""):
            kind, status, body, length = "confirmed", "304 Not Modified", b"", 0
        elif request.method == "HEAD":
            body = b""
        head = _head(status, answer.heads, length)
        self._index.counted[kind] += 1
        self._index.counted["size"] += len(head) + len(body)
        self._write([head, body], condition.latency * (3 if self._first else 1))
        self._first = False

    def _write(self, parts: Sequence[bytes], delay: float) -> None:
        if delay:
            self._loop.call_later(delay, self._write, parts, 0.0)
            return
        # Together where that is cheap: a packet less.
        for part in [b"".join(parts)] if sum(map(len, parts)) < _SMALL else parts:
            self._transport.write(part)
        self._busy = False
        if self._received:
            self._next()


async def listen(index: Index, sock: socket.socket) -> asyncio.Server:
    """Begin to answer on a socket that is bound."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Connection(index), sock=sock, backlog=256)


def _head(status: str, heads: Sequence[str], length: int) -> bytes:
    # Without Date caches do not know how old an answer is.
    lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}", *heads]
    if not status.startswith("304"):
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


_MISSING = Answer(status="404 Not Found")


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a range asks for (RFC 9110, 14.1.2); None for all of them."""
    found = _RANGE.fullmatch(asked)
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last or size - 1), size - 1)
