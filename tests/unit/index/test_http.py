from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme
from tests.helpers.index import serve_index
from tests.helpers.proxy import serve_proxy

from trail.errors import FetchError, SettingsError
from trail.index.auth import Credentials
from trail.index.http import Http
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "foo-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / NAME).write_bytes(b"0123456789")
    return folder


@contextlib.contextmanager
def answering(body: bytes, encoding: str, status: int = 200) -> Iterator[str]:
    """Answer every request with the same bytes."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving_with(Handler) as url:
        yield url


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Leading(Quiet):
    """Leads from /page to another address, with a cookie, and tells what it was sent then."""

    location = "/end"

    def do_GET(self) -> None:
        if self.path == "/page":
            self.send_response(302)
            self.send_header("Location", self.location.replace("HOST", self.headers["Host"]))
            self.send_header("Set-Cookie", "session=one; Path=/")
            body = b""
        else:
            self.send_response(200)
            said = (self.path, self.headers.get("Cookie"), self.headers.get("Authorization"))
            body = repr(said).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving_with(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page"
        finally:
            server.shutdown()
            thread.join()


CONTENT = "ä".encode() * 100_000
PACKED = gzip.compress(CONTENT)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PACKED, "gzip"),
        (PACKED, " GZip "),
        (PACKED + b"\xff" * 8, "gzip"),  # what follows is no size
        (zlib.compress(CONTENT), "deflate"),
        (CONTENT, "identity"),
    ],
)
def test_what_was_compressed_is_decoded(body: bytes, encoding: str) -> None:
    with answering(body, encoding) as url:
        response = get(url)
        assert response.content == CONTENT
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert (response.status_code, str(response.url)) == (200, url)


@pytest.mark.parametrize("status", [200, 304])
def test_no_bytes_need_no_decoding(status: int) -> None:
    with answering(b"", "gzip", status) as url:
        response = get(url)
        assert (response.status_code, response.content) == (status, b"")


@pytest.mark.parametrize("body", [b"no gzip", PACKED[:-9], PACKED[:-4] + b"\0\0\0\0"])
def test_what_cannot_be_decoded_is_an_error(body: bytes) -> None:
    with answering(body, "gzip") as url:
        with pytest.raises(FetchError) as caught:
            get(url, retries=1)
        assert str(caught.value).startswith(f"could not fetch `{url}`: Error -")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def opened(pauses: list[float] | None = None, **settings: Any) -> Http:
    given = IndexSettings(**{"retries": 0, **settings})
    credentials = Credentials([given.index_url or ""], given.netrc, keyring=False)
    waited: list[float] = [] if pauses is None else pauses
    return Http(given, credentials, pause=waited.append)


def get(url: str, pauses: list[float] | None = None, **settings: Any) -> httpx.Response:
    with opened(pauses, **settings) as http:
        return http.get(url, {})


def test_an_answer_comes_back_whole(folder: Path) -> None:
    with serve_index(folder) as server:
        response = get(server.file_url(NAME))
        assert response.content == b"0123456789"
        (request,) = server.requests
        assert request.headers["user-agent"].startswith("trail/")
        assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_answers_that_may_pass_are_asked_again(folder: Path, status: int) -> None:
    pauses: list[float] = []
    with serve_index(folder, fail=2, fail_status=status) as server:
        assert get(server.file_url(NAME), pauses, retries=2).status_code == 200
        assert len(server.requests) == 3
    assert len(pauses) == 2


def test_retry_after_is_obeyed(folder: Path) -> None:
    pauses: list[float] = []
    with serve_index(folder, fail=1, retry_after="7") as server:
        get(server.file_url(NAME), pauses, retries=1)
    assert pauses == [7.0]


def test_too_many_faults(folder: Path) -> None:
    with serve_index(folder, fail=9) as server:
        with pytest.raises(FetchError) as caught:
            get(server.file_url(NAME), retries=2)
        assert len(server.requests) == 3
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: the server answered 503"
            " Service Unavailable"
        )
    assert caught.value.details == (("attempts", "3"),)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_other_answers_are_not_asked_again(folder: Path, status: int) -> None:
    with serve_index(folder, fail=1, fail_status=status) as server:
        assert get(server.file_url(NAME), retries=4).status_code == status
        assert len(server.requests) == 1


def test_a_connection_that_ends_is_made_again(folder: Path) -> None:
    with serve_index(folder, drop_pages=1) as server:
        assert get(server.url + "foo/", retries=1).status_code == 200
        assert len(server.requests) == 2


def test_nobody_listens(folder: Path) -> None:
    with serve_index(folder) as server:
        url = server.url
    with pytest.raises(FetchError) as caught:
        get(url, retries=1)
    assert str(caught.value).startswith(f"could not fetch `{url}`: [Errno")
    assert str(caught.value).endswith("Connection refused")
    assert caught.value.details == (("attempts", "2"),)


def test_a_silent_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FetchError) as caught:
            get(url, read_timeout=0.05)
    assert str(caught.value) == f"could not fetch `{url}`: nothing arrived for 0.05 s"


@pytest.mark.parametrize("url", ["ftp://host.example/", "http://", "http://a b/", "http://x:y/"])
def test_addresses_that_mean_nothing(url: str) -> None:
    pauses: list[float] = []
    with pytest.raises(FetchError, match="could not fetch"):
        get(url, pauses, retries=3)
    assert pauses == []


def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(FetchError) as caught:
        get("http://nobody.invalid/", retries=4)
    assert str(caught.value) == ("could not fetch `http://nobody.invalid/`: its host is not known")


def test_redirects_are_followed(folder: Path) -> None:
    with serve_index(folder, redirect=True) as server:
        response = get(server.file_url(NAME))
        assert response.content == b"0123456789"
        assert server.paths() == [f"/files/{NAME}", f"/moved/{NAME}"]


@pytest.mark.parametrize(
    ("location", "path", "authorization"),
    [
        ("/end?x=1", "/end?x=1", None),
        ("end", "/end", None),
        ("http://me:secret@HOST/end", "/end", "Basic bWU6c2VjcmV0"),
    ],
)
def test_where_redirects_lead(location: str, path: str, authorization: str | None) -> None:
    handler = type("Handler", (Leading,), {"location": location})
    with serving_with(handler) as url:
        assert get(url).content == repr((path, "session=one", authorization)).encode()


def test_a_redirect_that_leads_nowhere() -> None:
    handler = type("Handler", (Leading,), {"location": "http://x:y/"})
    with serving_with(handler) as url, pytest.raises(FetchError, match="an address that is none"):
        get(url, retries=1)


def test_redirects_must_end(folder: Path) -> None:
    with serve_index(folder, location="/files/again") as server:
        with pytest.raises(FetchError) as caught:
            get(server.file_url(NAME))
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: it leads on and on"
        )
        assert len(server.requests) == 10


def test_credentials_do_not_follow_to_another_origin(folder: Path) -> None:
    with (
        serve_index(folder) as other,
        serve_index(folder, user="me:secret", location=other.file_url(NAME)) as server,
    ):
        url = server.file_url(NAME).replace("//", "//me:secret@")
        assert get(url).content == b"0123456789"
        assert "authorization" in server.requests[0].headers
        assert "authorization" not in other.requests[0].headers


def test_https_does_not_lead_to_http(folder: Path, tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with (
        serve_index(folder) as plain,
        serve_index(folder, tls=serving(authority), location=plain.file_url(NAME)) as server,
    ):
        with pytest.raises(FetchError) as caught:
            get(server.file_url(NAME), cert=tmp_path / "ca.pem")
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: it leads from https to the unprotected"
            f" `{plain.file_url(NAME)}`"
        )
        assert plain.requests == []


def test_credentials_in_the_address_are_sent_and_not_shown(folder: Path) -> None:
    with serve_index(folder, user="me:pa@ss") as server:
        good = server.file_url(NAME).replace("//", "//me:pa%40ss@")
        response = get(good)
        assert response.content == b"0123456789"
        assert "pa" not in str(response.url).replace("path", "")
        server.switches.fail = 1
        with pytest.raises(FetchError) as caught:
            get(good)
        shown = server.file_url(NAME).replace("//", "//***@")
        assert str(caught.value) == (
            f"could not fetch `{shown}`: the server answered 503 Service Unavailable"
        )


def test_credentials_of_the_index_go_to_its_files(folder: Path) -> None:
    with serve_index(folder, user="me:secret") as server:
        index = server.url.replace("//", "//me:secret@")
        assert get(server.file_url(NAME), index_url=index).status_code == 200


def test_credentials_of_netrc(folder: Path, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    with serve_index(folder, user="me:secret") as server:
        assert get(server.file_url(NAME), netrc=netrc).status_code == 200


def test_many_threads_get_their_own_answers(folder: Path) -> None:
    for number in range(60):
        (folder / f"file{number}").write_bytes(b"%d" % number * 1000)
    with serve_index(folder) as server, opened() as http, ThreadPoolExecutor(16) as pool:

        def fetch(number: int) -> bytes:
            return http.get(server.file_url(f"file{number}"), {}).content

        assert list(pool.map(fetch, range(60))) == [b"%d" % number * 1000 for number in range(60)]


def test_connections_are_used_again() -> None:
    clients = []

    class Handler(Leading):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            clients.append(self.client_address)
            super().do_GET()

    with serving_with(Handler) as url, opened() as http:
        for _ in range(3):
            assert http.get(url, {}).status_code == 200
    assert len(clients) == 6
    assert len(set(clients)) == 1


def test_what_is_not_wanted_is_not_read(folder: Path) -> None:
    with serve_index(folder) as server, opened() as http:
        url = server.file_url(NAME)
        response = http.get(url, {"X-Y": "z"}, wanted=lambda answer: answer.status_code == 206)
        assert response.status_code == 200
        assert server.requests[0].headers["x-y"] == "z"
        with pytest.raises(httpx.ResponseNotRead):
            _ = response.content


@pytest.mark.parametrize("begun", [False, True])
def test_closing_ends_what_is_under_way(begun: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with opened() as http:
            waiting = pool.submit(http.get, url, {})
            connection, _ = silent.accept()
            connection.recv(1000)
            if begun:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour")
        with connection:
            assert str(waiting.exception(5)) == f"could not fetch `{url}`: trail is ending"
            with pytest.raises(FetchError, match="trail is ending"):
                http.get(url, {})


# --- TLS


def test_closing_ends_what_is_under_way_over_tls(tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with opened(cert=tmp_path / "ca.pem") as http:
            waiting = pool.submit(http.get, url, {})
            plain, _ = silent.accept()
            connection = serving(authority).wrap_socket(plain, server_side=True)
            connection.recv(1000)
        with connection:
            assert str(waiting.exception(5)) == f"could not fetch `{url}`: trail is ending"


def test_a_certificate_of_a_named_authority(
    folder: Path, tmp_path: Path, authority: trustme.CA
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serve_index(folder, tls=serving(authority)) as server:
        assert get(server.file_url(NAME), cert=tmp_path / "ca.pem").content == b"0123456789"


def test_an_unknown_authority(folder: Path, authority: trustme.CA) -> None:
    pauses: list[float] = []
    with serve_index(folder, tls=serving(authority)) as server:
        with pytest.raises(FetchError) as caught:
            get(server.file_url(NAME), pauses, retries=4)
        assert server.requests == []
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: the server's certificate is not trusted"
        )
    assert caught.value.details == (("reason", "unable to get local issuer certificate"),)
    assert pauses == []


def test_a_certificate_of_another_host(folder: Path, tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with (
        serve_index(folder, tls=serving(authority, "other.example")) as server,
        pytest.raises(FetchError, match="certificate is not trusted"),
    ):
        get(server.file_url(NAME), cert=tmp_path / "ca.pem")


def test_a_trusted_host_is_not_checked(folder: Path, authority: trustme.CA) -> None:
    with serve_index(folder, tls=serving(authority)) as server:
        host = server.root.split("/")[2]
        assert get(server.file_url(NAME), trusted_hosts=(host,)).status_code == 200
        with pytest.raises(FetchError, match="certificate is not trusted"):
            get(server.file_url(NAME), trusted_hosts=("127.0.0.1:1", "other.example"))


def test_a_client_certificate(folder: Path, tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "me.pem"
    )
    context = serving(authority)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with serve_index(folder, tls=context) as server:
        url = server.file_url(NAME)
        found = get(url, cert=tmp_path / "ca.pem", client_cert=tmp_path / "me.pem")
        assert found.status_code == 200
        with pytest.raises(FetchError):
            get(url, cert=tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("cert", "the certificates in `{}` cannot be read"),
        ("client_cert", "the client certificate `{}` cannot be read"),
    ],
)
def test_certificates_that_cannot_be_read(tmp_path: Path, field: str, message: str) -> None:
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").write_bytes(b"")
        with pytest.raises(SettingsError) as caught:
            get("https://127.0.0.1:1/", None, **{field: path})
        assert str(caught.value) == message.format(path)


# --- proxies


def test_a_proxy_for_plain_requests(folder: Path) -> None:
    with serve_index(folder) as server, serve_proxy(user="me:secret") as proxy:
        url = server.file_url(NAME)
        address = proxy.url.replace("//", "//me:secret@")
        assert get(url, proxy=address).content == b"0123456789"
        assert proxy.requests == [f"GET {url}"]


def test_a_proxy_for_tls(folder: Path, tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serve_index(folder, tls=serving(authority)) as server, serve_proxy() as proxy:
        host = server.root.split("/")[2]
        found = get(server.file_url(NAME), proxy=proxy.url, cert=tmp_path / "ca.pem")
        assert found.content == b"0123456789"
        assert proxy.requests == [f"CONNECT {host}"]
        found = get(server.file_url(NAME), proxy=proxy.url, trusted_hosts=(host,))
        assert found.content == b"0123456789"
        assert len(proxy.requests) == 2


def test_the_proxy_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA
) -> None:
    with serve_index(folder, tls=serving(authority)) as server, serve_proxy() as proxy:
        host = server.root.split("/")[2]
        monkeypatch.setenv("https_proxy", proxy.url)
        assert get(server.file_url(NAME), trusted_hosts=(host,)).status_code == 200
        assert proxy.requests == [f"CONNECT {host}"]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert get(server.file_url(NAME), trusted_hosts=(host,)).status_code == 200
        assert len(proxy.requests) == 1


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_a_proxy_of_the_environment_for_plain_requests(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with serve_index(folder) as server, serve_proxy() as proxy:
        url = server.file_url(NAME)
        monkeypatch.setenv(variable, proxy.url.removeprefix("http://"))
        assert get(url).content == b"0123456789"
        assert proxy.requests == [f"GET {url}"]
        monkeypatch.setenv("no_proxy", "example.com, 127.0.0.1")
        assert get(url).content == b"0123456789"
        assert len(proxy.requests) == 1


def test_a_proxy_that_wants_to_know_who_asks(folder: Path, authority: trustme.CA) -> None:
    with (
        serve_index(folder, tls=serving(authority)) as server,
        serve_proxy(user="me:secret") as proxy,
    ):
        with pytest.raises(FetchError) as caught:
            get(server.file_url(NAME), retries=4, proxy=proxy.url)
        assert len(proxy.requests) == 1
        assert str(caught.value) == (
            f"could not fetch `{server.file_url(NAME)}`: the proxy answered"
            " 407 Proxy Authentication Required"
        )


def test_a_proxy_address_that_means_nothing() -> None:
    with pytest.raises(SettingsError) as caught:
        get("http://127.0.0.1:1/", proxy="gopher://me:secret@proxy.example/")
    assert str(caught.value) == "the proxy settings cannot be used"
    assert "secret" not in str(caught.value.details)
