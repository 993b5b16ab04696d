"""How connections are made: trust, proxies, timeouts."""

from __future__ import annotations

import contextlib
import importlib
import ssl
import urllib.request
from typing import TYPE_CHECKING

from trail import __version__
from trail.addresses import redact
from trail.errors import SettingsError
from trail.index._httpx import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.settings import IndexSettings

__all__ = ["open_client"]


def open_client(settings: IndexSettings) -> httpx.Client:
    """Make a client for any number of threads; it connects to nothing yet.

    Args:
        settings: timeouts, proxy, certificates.

    Raises:
        SettingsError: a certificate or the proxy cannot be used.
    """
    with _proxy_faults():
        return httpx.Client(
            mounts={
                # `verify=False` is what the user asked for with `trusted-host`, as in pip.
                f"https://{host}": httpx.HTTPTransport(
                    verify=False, proxy=settings.proxy or _system_proxy(host)
                )
                for host in settings.trusted_hosts
            },
            verify=_trust(settings),
            proxy=settings.proxy,
            trust_env=settings.proxy is None,
            timeout=httpx.Timeout(
                connect=settings.connect_timeout,
                read=settings.read_timeout,
                write=settings.read_timeout,
                pool=None,
            ),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            headers={"User-Agent": f"trail/{__version__}"},
        )


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


def _system_proxy(host: str) -> str | None:
    if urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get("https")
