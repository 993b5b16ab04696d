"""Requests: credentials, redirects, and which faults are worth a retry.

A fault may pass (`TransientError`) or not (`FetchError`). What may pass: connections that
fail or break off, and the answers 408, 429 and 5xx. Other answers, and certificates that
are not trusted, will be the same next time.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import socket
import ssl
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import httpx

from trail.addresses import redact
from trail.errors import FetchError
from trail.index.background import BackgroundClient
from trail.index.connect import open_client, open_shared_client
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
        self._streaming: httpx.Client | None = None
        self._background: BackgroundClient | None = None
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
            background = self._background
        if background is not None:
            background.close()
        with self._lock:
            # Closing a socket does not wake who reads from it; most readers wake by
            # themselves, as the next bytes arrive, and see that it is over.
            self._lock.wait_for(lambda: self._streams == 0, timeout=_GRACE)
            if self._streaming is not None:
                self._streaming.close()

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
        """Fetch a small resource, with retries, over a connection shared by many (HTTP/2).

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
                with self._counted(url):
                    return self._try_get(url, headers, wanted or _anything)
            except TransientError as fault:
                patience.wait(fault)

    def _try_get(
        self, url: str, headers: Mapping[str, str], wanted: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        client = self._client_for_many()

        def send(request: httpx.Request) -> httpx.Response:
            return client.send(
                request, lambda answer: answer.next_request is not None or wanted(answer)
            )

        with self._translated(url):
            response = self._follow(client.build_request(*self._address(url, headers)), url, send)
            self._check_transient(response)
            return response

    @contextlib.contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Try once to fetch a file; the body is read inside the context.

        Large files come faster over one connection each than over a shared one, and take a
        third less processor time.

        Args:
            url: the address.
            headers: of the request.

        Raises:
            TransientError: there is no answer, or it broke off, or it says to come back.
            FetchError: there is no answer, and there will be none.
        """
        with self._counted(url), self._translated(url):
            client = self._client_for_files()
            address, sent = self._address(url, headers)
            response = self._follow(
                client.build_request("GET", address, headers=sent),
                url,
                lambda request: client.send(request, stream=True),
            )
            try:
                self._check_transient(response)
                yield response
            finally:
                response.close()

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

    @contextlib.contextmanager
    def _translated(self, url: str) -> Iterator[None]:
        """Turn what httpx raises into what is raised here."""
        try:
            yield
        except (httpx.RequestError, httpx.InvalidURL, concurrent.futures.CancelledError) as error:
            self.check_open(url)
            raise self._fault(error, url) from error

    def _address(self, url: str, headers: Mapping[str, str]) -> tuple[str, httpx.Headers]:
        return self._credentials.take(url), httpx.Headers(headers)

    def _check_transient(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = retry_after(response.headers.get("Retry-After"))
            raise TransientError(_answered(response), wait=wait)

    def _follow(
        self,
        request: httpx.Request,
        url: str,
        send: Callable[[httpx.Request], httpx.Response],
    ) -> httpx.Response:
        """Send a request, with credentials, and follow where it leads."""
        for _ in range(_MOST_REDIRECTS):
            authorization = self._credentials.header(str(request.url))
            if authorization is not None:
                request.headers["Authorization"] = authorization
            response = send(request)
            # httpx has taken the credentials out where this leads to another origin.
            following = response.next_request
            if following is None:
                return response
            if not response.is_closed and _length(response) < _SMALL:
                response.read()  # so that the connection can be used again
            response.close()
            if request.url.scheme == "https" and following.url.scheme != "https":
                raise FetchError(
                    f"could not fetch `{redact(url)}`: it leads from https to the unprotected"
                    f" `{redact(str(following.url))}`"
                )
            request = following
        raise FetchError(f"could not fetch `{redact(url)}`: it leads on and on")

    def _client_for_files(self) -> httpx.Client:
        with self._lock:
            if self._streaming is None:
                self._streaming = open_client(self._settings)
            return self._streaming

    def _client_for_many(self) -> BackgroundClient:
        with self._lock:
            if self._background is None:
                self._background = BackgroundClient(open_shared_client(self._settings))
            return self._background

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
    """What the operating system said; the event loop has its own words above that."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, (ssl.SSLError, socket.gaierror)):
            return str(found)
        if isinstance(found, OSError) and found.errno is not None:
            return f"[Errno {found.errno}] {os.strerror(found.errno)}"
        if isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        else:
            found = found.__cause__ or found.__context__
    return None


def _anything(_: httpx.Response) -> bool:
    return True


def _length(response: httpx.Response) -> int:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdecimal() else _SMALL


def _answered(response: httpx.Response) -> str:
    return f"the server answered {response.status_code} {response.reason_phrase}".rstrip()
