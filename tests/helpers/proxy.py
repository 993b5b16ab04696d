"""A real HTTP proxy on 127.0.0.1: forwards plain requests and tunnels TLS."""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ProxyServer", "serve_proxy"]


@dataclass(kw_only=True)
class ProxyServer:
    """A running proxy.

    Args:
        port: where it listens.
        user: `name:password` that it asks for, or None.
        requests: `GET address` and `CONNECT host:port`, oldest first, refused ones included.
    """

    port: int
    user: str | None
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without user."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serve_proxy(user: str | None = None) -> Iterator[ProxyServer]:
    """Run a proxy until the context ends; `user` is `name:password`."""
    httpd = _Server(("127.0.0.1", 0), _Handler)
    httpd.proxy = ProxyServer(port=httpd.server_address[1], user=user)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield httpd.proxy
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: ProxyServer

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class
        pass

    def _admitted(self) -> bool:
        proxy = self.server.proxy
        proxy.requests.append(f"{self.command} {self.path}")
        if proxy.user is not None:
            wanted = "Basic " + base64.b64encode(proxy.user.encode()).decode()
            if self.headers.get("Proxy-Authorization") != wanted:
                self.send_response(407)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return False
        return True

    def do_GET(self) -> None:
        if not self._admitted():
            return
        parts = urlsplit(self.path)
        upstream = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        with contextlib.closing(upstream):
            dropped = {"proxy-authorization", "connection", "proxy-connection"}
            headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
            upstream.request("GET", parts._replace(scheme="", netloc="").geturl(), headers=headers)
            answer = upstream.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def do_CONNECT(self) -> None:
        if not self._admitted():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as upstream:
            self.send_response(200)
            self.end_headers()
            pair = [self.connection, upstream]
            while True:
                ready, _, _ = select.select(pair, [], [], 10)
                if not ready:
                    return
                for source in ready:
                    data = source.recv(1 << 16)
                    if not data:
                        return
                    pair[source is self.connection].sendall(data)
