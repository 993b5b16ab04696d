"""How connections are made: trust, proxies, timeouts."""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import ssl
import threading
import urllib.request
from typing import TYPE_CHECKING, TypeAlias

from trail import __version__
from trail.addresses import redact
from trail.errors import SettingsError
from trail.index._httpx import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trail.settings import IndexSettings

__all__ = ["Connections"]

_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)
_Origin: TypeAlias = tuple[str, str, int | None]


class Connections:
    """Connections to any number of servers, for any number of threads.

    Each is a transport of httpx by itself. httpx' client would keep them in one pool, which looks
    at every one of them before and after each request; with what else the client does for a
    request, a lock without a cache took a twelfth longer.

    Args:
        settings: timeouts, proxy, certificates.
    """

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: list[httpx.HTTPTransport] = []
        self._idle: dict[_Origin, list[httpx.HTTPTransport]] = {}
        self._trust: ssl.SSLContext | None = None
        self._unchecked: ssl.SSLContext | None = None
        self._proxies: dict[str, str] | None = None
        self._cookies = httpx.Cookies()
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"trail/{__version__}",
        }
        self._timeout = httpx.Timeout(
            connect=settings.connect_timeout,
            read=settings.read_timeout,
            write=settings.read_timeout,
            pool=None,
        ).as_dict()

    def close(self) -> None:
        """Close all of them; nobody may use one."""
        for transport in self._made:
            transport.close()

    @contextlib.contextmanager
    def answer(
        self, url: httpx.URL, headers: Mapping[str, str], trace: Callable[..., None]
    ) -> Iterator[httpx.Response]:
        """Send a request, and close the answer in the end.

        Args:
            url: the address.
            headers: of the request, besides the usual ones.
            trace: is told what happens, as httpx' extension of this name says.

        Raises:
            httpx.RequestError: there is no answer.
            SettingsError: a certificate or the proxy cannot be used.
        """
        request = httpx.Request(
            "GET",
            url,
            headers={**self._headers, **headers},
            extensions={"timeout": self._timeout, "trace": trace},
        )
        if self._cookies:
            self._cookies.set_cookie_header(request)
        idle = self._idle.setdefault((url.scheme, url.host, url.port), [])
        try:
            transport = idle.pop()
        except IndexError:
            transport = self._make(url)
        try:
            with contextlib.closing(transport.handle_request(request)) as response:
                response.request = request
                if "Set-Cookie" in response.headers:
                    self._cookies.extract_cookies(response)
                yield response
        finally:
            idle.append(transport)

    def _make(self, url: httpx.URL) -> httpx.HTTPTransport:
        """Make what connects to a server; it does not do so yet."""
        with self._lock, _proxy_faults():
            transport = httpx.HTTPTransport(
                verify=self._context(url),
                proxy=self._settings.proxy or self._system_proxy(url),
                limits=_ONE,
            )
            self._made.append(transport)
        return transport

    def _context(self, url: httpx.URL) -> ssl.SSLContext:
        # `verify=False` is what the user asked for with `trusted-host`, as in pip. Without TLS
        # nobody is to be trusted, and the certificates of a system take 20 ms to read.
        if url.scheme != "https" or any(_is_at(url, host) for host in self._settings.trusted_hosts):
            if self._unchecked is None:
                self._unchecked = httpx.create_ssl_context(verify=False)
            return self._unchecked
        if self._trust is None:
            self._trust = _trust(self._settings)
        return self._trust

    def _system_proxy(self, url: httpx.URL) -> str | None:
        """The proxy that the environment, or the system, names for an address."""
        if self._proxies is None:
            self._proxies = urllib.request.getproxies()
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        if not proxy or urllib.request.proxy_bypass(url.netloc.decode("ascii")):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"


def _is_at(url: httpx.URL, host: str) -> bool:
    """Whether an address is at a `host` or `host:port`."""
    at = httpx.URL(f"https://{host}")
    return fnmatch.fnmatchcase(url.host, at.host) and at.port in {None, url.port}


@contextlib.contextmanager
def _proxy_faults() -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # The message may hold the proxy's password.
        raise SettingsError(
            "the proxy settings cannot be used",
            details=(("reason", redact(str(error)).splitlines()[0]),),
        ) from None


def _trust(settings: IndexSettings) -> ssl.SSLContext:
    """Whom to trust: the given certificates, or the system's, or else certifi's."""
    try:
        if settings.cert is not None:
            folder = settings.cert.is_dir()
            context = ssl.create_default_context(
                cafile=None if folder else str(settings.cert),
                capath=str(settings.cert) if folder else None,
            )
        else:
            context = _system_trust()
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the certificates in `{settings.cert}` cannot be read",
            details=(("reason", str(error)),),
        ) from error
    # Since Python 3.13 certificates must keep to RFC 5280 to the letter, which those of
    # many companies' own authorities do not. They are still verified.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if settings.client_cert is not None:
        try:
            context.load_cert_chain(settings.client_cert)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"the client certificate `{settings.client_cert}` cannot be read",
                details=(("reason", str(error)),),
            ) from error
    return context


def _system_trust() -> ssl.SSLContext:
    try:
        truststore = importlib.import_module("truststore")  # optional
    except ImportError:
        context = ssl.create_default_context()
        if not context.cert_store_stats()["x509"]:
            # The system has none, or its own way to keep them: certifi's too. Reading both
            # takes twice as long.
            context = httpx.create_ssl_context(trust_env=False)
            context.load_default_certs()
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context
