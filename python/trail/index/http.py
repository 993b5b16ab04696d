"""Requests: credentials, redirects, and which faults are worth a retry.

A fault may pass (`TransientError`) or not (`FetchError`). What may pass: connections that
fail or break off, and the answers 408, 429 and 5xx. Other answers, and certificates that
are not trusted, will be the same next time.

Threads with a connection each (HTTP/1.1): to fetch 123 pages of 28 MB that way takes half the
processor time, and half the time, of HTTP/2 in an event loop, the only way in which httpcore's
HTTP/2 is for many threads (encode/httpx#3072), and asyncio need not be imported.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import weakref
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from trail.addresses import redact
from trail.errors import FetchError
from trail.index._httpx import httpx
from trail.index.connect import Connections
from trail.index.packed import unpack
from trail.index.retry import Patience, TransientError, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trail.index.auth import Credentials
    from trail.settings import IndexSettings

__all__ = ["Http"]

_MOST_REDIRECTS = 10
_SMALL = 1 << 16
_GRACE = 0.5  # seconds
_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Http:
    """The connections of one run; any number of threads may use it.

    Args:
        settings: timeouts, proxy, certificates.
        credentials: what is sent along.
        pause: waits so many seconds.
    """

    def __init__(
        self,
        settings: IndexSettings,
        credentials: Credentials,
        *,
        pause: Callable[[float], object],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._pause = pause
        self._lock = threading.Condition()
        self._connections = Connections(settings)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._busy = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; requests that are under way fail, and no more are made."""
        with self._lock:
            self._closed = True
            for one in self._sockets:
                # To close a socket does not wake who reads from it; this does.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)
            self._lock.wait_for(lambda: self._busy == 0, timeout=_GRACE)
            self._connections.close()

    def patience(self, url: str) -> Patience:
        """Begin to count the retries of a transfer."""
        return Patience(url, self._settings.retries, self._pause)

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        wanted: Callable[[httpx.Response], bool] | None = None,
        packed: bool = False,
    ) -> httpx.Response:
        """Fetch a small resource, with retries.

        Args:
            url: the address.
            headers: of the request.
            wanted: tells by its head whether an answer is to be read; None to read all.
            packed: whether what was compressed by gzip is left so; the answer's extension
                `packed` says whether it was.

        Returns:
            The answer, read to its end if it is wanted; of any status but the transient ones.

        Raises:
            FetchError: there is no answer.
        """
        patience = self.patience(url)
        while True:
            try:
                with self._counted(url):
                    return self._try_get(url, headers, wanted or _anything, packed=packed)
            except TransientError as fault:
                patience.wait(fault)

    def _try_get(
        self,
        url: str,
        headers: Mapping[str, str],
        wanted: Callable[[httpx.Response], bool],
        *,
        packed: bool,
    ) -> httpx.Response:
        with self._translated(url), self._answer(url, headers) as answer:
            response = _read(answer, packed=packed) if wanted(answer) else answer
            self._check_transient(response)
            return response

    @contextlib.contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Try once to fetch a file; the body is read inside the context.

        Args:
            url: the address.
            headers: of the request.

        Raises:
            TransientError: there is no answer, or it broke off, or it says to come back.
            FetchError: there is no answer, and there will be none.
        """
        with self._counted(url), self._translated(url), self._answer(url, headers) as response:
            self._check_transient(response)
            yield response

    def check_open(self, url: str) -> None:
        """Raise a FetchError for the address if the connections were closed meanwhile."""
        if self._closed:
            raise FetchError(f"could not fetch `{redact(url)}`: trail is ending")

    def refusal(self, url: str, response: httpx.Response) -> FetchError:
        """Make the error for an answer that is not the wanted one."""
        hint = None
        if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            hint = "check the credentials for this host, in the address of the index or in netrc"
        return FetchError(f"could not fetch `{redact(url)}`: {_answered(response)}", hint=hint)

    @contextlib.contextmanager
    def _counted(self, url: str) -> Iterator[None]:
        with self._lock:
            self.check_open(url)
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1
                self._lock.notify_all()

    @contextlib.contextmanager
    def _translated(self, url: str) -> Iterator[None]:
        """Turn what httpx raises into what is raised here."""
        try:
            yield
        except (httpx.RequestError, httpx.InvalidURL) as error:
            self.check_open(url)
            raise self._fault(error, url) from error

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the sockets, so that they can be shut down (an extension of httpx)."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            made = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(made)
            if self._closed:  # meanwhile
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(made, socket.SHUT_RDWR)

    def _check_transient(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = retry_after(response.headers.get("Retry-After"))
            raise TransientError(_answered(response), wait=wait)

    @contextlib.contextmanager
    def _answer(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Send a request, with credentials, and follow where it leads."""
        address = httpx.URL(self._credentials.take(url))
        for _ in range(_MOST_REDIRECTS):
            # Each origin gets its own ones, and none that were meant for another.
            authorization = self._credentials.header(str(address))
            added = {} if authorization is None else {"Authorization": authorization}
            with self._connections.answer(address, {**headers, **added}, self._trace) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                if _length(response) < _SMALL:
                    response.read()  # so that the connection can be used again
                following = _location(response)
            if address.scheme == "https" and following.scheme != "https":
                raise FetchError(
                    f"could not fetch `{redact(url)}`: it leads from https to the unprotected"
                    f" `{redact(str(following))}`"
                )
            address = httpx.URL(self._credentials.take(str(following)))
        raise FetchError(f"could not fetch `{redact(url)}`: it leads on and on")

    def _fault(self, error: Exception, url: str) -> TransientError | FetchError:
        """Say in words what went wrong, and whether it may pass."""
        prefix = f"could not fetch `{redact(url)}`"
        certificate = _cause(error, ssl.SSLCertVerificationError)
        if isinstance(certificate, ssl.SSLCertVerificationError):
            return FetchError(
                f"{prefix}: the server's certificate is not trusted",
                details=(("reason", certificate.verify_message),),
                hint="if your network has its own certificate authority, name its file in"
                " SSL_CERT_FILE",
            )
        lookup = _cause(error, socket.gaierror)
        if isinstance(lookup, socket.gaierror) and lookup.errno == socket.EAI_NONAME:
            # A name server that does not answer gives EAI_AGAIN instead.
            return FetchError(f"{prefix}: its host is not known")
        passing = self._passing(error)
        if passing is not None:
            return TransientError(passing)
        if isinstance(error, httpx.ProxyError):
            # Such as 407: the proxy wants to know who asks.
            return FetchError(f"{prefix}: the proxy answered {error}")
        return FetchError(f"{prefix}: {redact(str(error))}")

    def _passing(self, error: Exception) -> str | None:
        """The reason, if it is a fault that may pass."""
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._settings.connect_timeout:g} s"
        if isinstance(error, httpx.TimeoutException):
            return f"nothing arrived for {self._settings.read_timeout:g} s"
        if isinstance(error, httpx.ProxyError):
            return None if str(error).startswith("4") else f"the proxy answered {error}"
        if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
            return _system_reason(error) or str(error) or type(error).__name__
        return None


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first exception of this kind among an exception and its causes."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def _system_reason(error: BaseException) -> str | None:
    """What the operating system said."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, (ssl.SSLError, socket.gaierror)):
            return str(found)
        if isinstance(found, OSError) and found.errno is not None:
            return f"[Errno {found.errno}] {os.strerror(found.errno)}"
        found = found.__cause__ or found.__context__
    return None


def _read(answer: httpx.Response, *, packed: bool) -> httpx.Response:
    """Read an answer to its end; what was compressed is unpacked at once, or left as it is."""
    if answer.headers.get("Content-Encoding", "").strip().lower() != "gzip":
        answer.read()
        return answer
    raw = b"".join(answer.iter_raw())
    try:
        content = raw if packed else unpack(raw)
    except zlib.error as error:
        raise httpx.DecodingError(str(error), request=answer.request) from error
    headers = answer.headers.copy()
    del headers["Content-Encoding"]
    return httpx.Response(
        answer.status_code,
        headers=headers,
        content=content,
        request=answer.request,
        extensions={**answer.extensions, "packed": packed},
    )


def _anything(_: httpx.Response) -> bool:
    return True


def _location(response: httpx.Response) -> httpx.URL:
    """Where a redirect leads (RFC 9110, 10.2.2)."""
    try:
        url = httpx.URL(response.headers["Location"])
        if url.scheme and not url.host:  # some servers leave the host out
            url = url.copy_with(host=response.url.host)
        return response.url.join(url)
    except httpx.InvalidURL as error:
        raise httpx.RemoteProtocolError(f"it leads to an address that is none: {error}") from error


def _length(response: httpx.Response) -> int:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdecimal() else _SMALL


def _answered(response: httpx.Response) -> str:
    return f"the server answered {response.status_code} {response.reason_phrase}".rstrip()
