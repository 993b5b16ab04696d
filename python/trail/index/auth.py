"""Which credentials go with which request; the only place that knows them."""

from __future__ import annotations

import base64
import contextlib
import importlib
import netrc
import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from trail.errors import SettingsError

if TYPE_CHECKING:
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

    Args:
        addresses: addresses that may hold credentials, such as those of the indexes.
        netrc_file: the netrc file, or None.
        keyring: whether to ask the keyring package.
    """

    def __init__(self, addresses: Iterable[str], netrc_file: Path | None, *, keyring: bool) -> None:
        self._lock = threading.Lock()
        self._known: dict[Origin, dict[str, User]] = {}
        self._asked: dict[tuple[Origin, str | None], User | None] = {}
        self._netrc_file = netrc_file
        self._netrc: netrc.netrc | None = None
        self._keyring = keyring
        for address in addresses:
            self.take(address)

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
        return "Basic " + base64.b64encode(":".join(user).encode()).decode()

    def _find(self, address: str) -> User | None:
        origin = _origin(address)
        path = urlsplit(address).path
        with self._lock:
            paths = dict(self._known.get(origin, {}))
        fitting = [known for known in paths if path.startswith(known)]
        # Files often lie beside the index, not below it.
        best = max(fitting, key=len) if fitting else next(iter(paths), None)
        user = paths[best] if best is not None else None
        if user is not None and (user[1] or not self._keyring):
            return user
        if user is None:
            user = self._from_netrc(origin[1])
        if self._keyring and (user is None or not user[1]):
            user = self._from_keyring(origin, user[0] if user else None) or user
        return user

    def _from_netrc(self, host: str) -> User | None:
        if self._netrc_file is None:
            return None
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

    def _from_keyring(self, origin: Origin, name: str | None) -> User | None:
        with self._lock:
            if (origin, name) not in self._asked:
                self._asked[origin, name] = _ask_keyring(origin, name)
            return self._asked[origin, name]


def _ask_keyring(origin: Origin, name: str | None) -> User | None:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise SettingsError(
            "`keyring` is set, but the package keyring is not installed beside trail"
        ) from error
    scheme, host, port = origin
    service = f"{scheme}://{host}" + ("" if port == _PORTS.get(scheme) else f":{port}")
    # What a keyring cannot tell is asked of nobody else; the server will say 401.
    with contextlib.suppress(Exception):
        found = keyring.get_credential(service, name)
        if found is not None:
            return found.username, found.password
    return None


def _origin(address: str) -> Origin:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
