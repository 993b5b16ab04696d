"""Requests: credentials, redirects, and which faults are worth a retry.

A fault may pass (`TransientError`) or not (`FetchError`). What may pass: connections that
fail or break off, and the answers 408, 429 and 5xx. Other answers, and certificates that
are not trusted, will be the same next time.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import httpx

from trail.addresses import redact
from trail.errors import FetchError
from trail.index.connect import open_client
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
        self._clients: dict[bool, httpx.Client] = {}
        self._streams = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; requests that are under way fail, and no more are made."""
        with self._lock:
            self._closed = True
            # Closing a socket does not wake who reads from it; most readers wake by
            # themselves, as the next bytes arrive, and see that it is over.
            self._lock.wait_for(lambda: self._streams == 0, timeout=_GRACE)
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def patience(self, url: str) -> Patience:
        """Begin to count the retries of a transfer."""
        return Patience(url, self._settings.retries, self._pause)

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        wanted: Callable[[httpx.Response], bool] | None = None,
    ) -> httpx.Response:
        """Fetch a small resource, with retries.

        Args:
            url: the address.
            headers: of the request.
            wanted: tells by its head whether an answer is to be read; None to read all.

        Returns:
            The answer, read to its end if it is wanted; of any status but the transient ones.

        Raises:
            FetchError: there is no answer.
        """
        patience = self.patience(url)
        while True:
            try:
                with self.stream(url, headers, many=True) as response:
                    if wanted is None or wanted(response):
                        response.read()
                    return response
            except TransientError as fault:
                patience.wait(fault)

    @contextlib.contextmanager
    def stream(
        self, url: str, headers: Mapping[str, str], *, many: bool = False
    ) -> Iterator[httpx.Response]:
        """Try once to fetch something; the body is read inside the context.

        Args:
            url: the address.
            headers: of the request.
            many: whether it is one of many small ones, so that they should share a
                connection (HTTP/2). Large files come faster over one connection each, and
                take a third less processor time.

        Raises:
            TransientError: there is no answer, or it broke off, or it says to come back.
            FetchError: there is no answer, and there will be none.
        """
        with self._counted(url):
            try:
                response = self._send(self._client(http2=many), url, headers)
                try:
                    status = response.status_code
                    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        wait = retry_after(response.headers.get("Retry-After"))
                        raise TransientError(_answered(response), wait=wait)
                    yield response
                finally:
                    response.close()
            except (httpx.RequestError, httpx.InvalidURL) as error:
                self.check_open(url)
                raise self._fault(error, url) from error

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
            self._streams += 1
        try:
            yield
        finally:
            with self._lock:
                self._streams -= 1
                self._lock.notify_all()

    def _send(self, client: httpx.Client, url: str, headers: Mapping[str, str]) -> httpx.Response:
        request = client.build_request("GET", self._credentials.take(url), headers=headers)
        for _ in range(_MOST_REDIRECTS):
            authorization = self._credentials.header(str(request.url))
            if authorization is not None:
                request.headers["Authorization"] = authorization
            response = client.send(request, stream=True)
            # httpx has taken the credentials out where this leads to another origin.
            following = response.next_request
            if following is None:
                return response
            if _length(response) < _SMALL:
                response.read()  # so that the connection can be used again
            response.close()
            if request.url.scheme == "https" and following.url.scheme != "https":
                raise FetchError(
                    f"could not fetch `{redact(url)}`: it leads from https to the unprotected"
                    f" `{redact(str(following.url))}`"
                )
            request = following
        raise FetchError(f"could not fetch `{redact(url)}`: it leads on and on")

    def _client(self, *, http2: bool) -> httpx.Client:
        with self._lock:
            if http2 not in self._clients:
                self._clients[http2] = open_client(self._settings, http2=http2)
            return self._clients[http2]

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
            return str(error) or type(error).__name__
        return None


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first exception of this kind among an exception and its causes."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def _length(response: httpx.Response) -> int:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdecimal() else _SMALL


def _answered(response: httpx.Response) -> str:
    return f"the server answered {response.status_code} {response.reason_phrase}".rstrip()
