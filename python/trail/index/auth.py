"""Which credentials go with which request; the only place that knows them."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from trail.errors import SettingsError

if TYPE_CHECKING:
    import netrc
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Credentials"]

_PORTS = {"http": 80, "https": 443}

User = tuple[str, str]
Origin = tuple[str, str, int | None]


class Credentials:
    """Credentials from addresses, the netrc file and the keyring, in this order.

    Those of an address go to its own origin (scheme, host and port) and nowhere else; with
    several for one origin, the one whose path is the longest beginning of the request's.

    A keyring is asked for the address of the index, then for its origin, then for host and
    port alone: pip's users have the first or the last one, and the backends of cloud
    registries understand the first.

    Args:
        addresses: addresses that may hold credentials, such as those of the indexes.
        netrc_file: the netrc file, or None.
        keyring: whether to ask the keyring package.
    """

    def __init__(self, addresses: Iterable[str], netrc_file: Path | None, *, keyring: bool) -> None:
        self._lock = threading.Lock()
        self._known: dict[Origin, dict[str, User]] = {}
        self._bases: dict[Origin, list[str]] = {}
        self._asked: dict[tuple[str, str | None], User | None] = {}
        self._netrc_file = netrc_file
        self._netrc: netrc.netrc | None = None
        self._keyring = keyring
        for address in filter(None, addresses):
            base = self.take(address)
            self._bases.setdefault(_origin(base), []).append(base)

    def take(self, address: str) -> str:
        """Take the credentials out of an address and keep them.

        Args:
            address: any address.

        Returns:
            The address without them.
        """
        if "@" not in address:
            return address
        parts = urlsplit(address)
        user, at, host = parts.netloc.rpartition("@")
        if not at:
            return address
        name, _, password = user.partition(":")
        with self._lock:
            paths = self._known.setdefault(_origin(address), {})
            paths[parts.path] = (unquote(name), unquote(password))
        return urlunsplit(parts._replace(netloc=host))

    def fill(self, address: str) -> str:
        """Put the credentials of an origin, if some were taken out of an address, into one.

        Args:
            address: any address; one that has credentials keeps them.
        """
        parts = urlsplit(address)
        user = self._taken(address)
        if user is None or "@" in parts.netloc:
            return address
        name, password = (quote(part, safe="") for part in user)
        before = f"{name}:{password}" if password else name
        return urlunsplit(parts._replace(netloc=f"{before}@{parts.netloc}"))

    def header(self, address: str) -> str | None:
        """The Authorization header for a request, or None.

        Args:
            address: without credentials.

        Raises:
            SettingsError: the netrc file cannot be read, or there is no keyring package.
        """
        user = self._find(address)
        if user is None:
            return None
        import base64  # noqa: PLC0415  # only who has credentials needs it

        return "Basic " + base64.b64encode(":".join(user).encode()).decode()

    def _find(self, address: str) -> User | None:
        user = self._taken(address)
        if user is not None and (user[1] or not self._keyring):
            return user
        if user is None:
            user = self._from_netrc(_origin(address)[1])
        if self._keyring and (user is None or not user[1]):
            user = self._from_keyring(address, user[0] if user else None) or user
        return user

    def _taken(self, address: str) -> User | None:
        with self._lock:
            paths = dict(self._known.get(_origin(address), {}))
        best = _best(paths, urlsplit(address).path)
        return paths[best] if best is not None else None

    def _from_netrc(self, host: str) -> User | None:
        if self._netrc_file is None:
            return None
        import netrc  # noqa: PLC0415  # few machines have such a file

        with self._lock:
            if self._netrc is None:
                try:
                    self._netrc = netrc.netrc(str(self._netrc_file))
                except FileNotFoundError:
                    self._netrc_file = None
                    return None
                except (OSError, netrc.NetrcParseError, UnicodeError) as error:
                    raise SettingsError(
                        f"the netrc file `{self._netrc_file}` cannot be read"
                    ) from error
        found = self._netrc.authenticators(host)
        return (found[0], found[2] or "") if found else None

    def _from_keyring(self, address: str, name: str | None) -> User | None:
        origin = _origin(address)
        bases = {urlsplit(base).path: base for base in self._bases.get(origin, ())}
        best = _best(bases, urlsplit(address).path)
        scheme, host, port = origin
        place = host if port == _PORTS.get(scheme) else f"{host}:{port}"
        services = (*([bases[best]] if best is not None else ()), f"{scheme}://{place}", place)
        with self._lock:
            for service in dict.fromkeys(services):
                if (service, name) not in self._asked:
                    self._asked[service, name] = _ask_keyring(service, name)
                found = self._asked[service, name]
                if found is not None:
                    return found
        return None


def _best(paths: Iterable[str], path: str) -> str | None:
    """The longest beginning of a path; files often lie beside the index: else the first one."""
    fitting = [known for known in paths if path.startswith(known)]
    return max(fitting, key=len) if fitting else next(iter(paths), None)


def _ask_keyring(service: str, name: str | None) -> User | None:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise SettingsError(
            "`keyring` is set, but the package keyring is not installed beside trail"
        ) from error
    # What a keyring cannot tell is asked of nobody else; the server will say 401.
    with contextlib.suppress(Exception):
        found = keyring.get_credential(service, name)
        if found is not None:
            return found.username, found.password
    return None


def _origin(address: str) -> Origin:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
