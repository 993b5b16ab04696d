from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from benches.answers import Index, listen
from benches.pages import CONDITIONS, HTML, JSON
from benches.serving import serve
from benches.upstream import Upstream
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.wheels import make_wheel

from trail.index.client import IndexClient
from trail.index.core_metadata import CoreMetadata
from trail.index.simple import parse_page
from trail.model import NormalizedName
from trail.report import Reporter
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

FOO = NormalizedName("foo")
WHEEL = "foo-1.0-py3-none-any.whl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    make_wheel(folder, "foo", "1.0", {"foo.py": "one = 1"}, requires=["bar>=2"])
    make_wheel(folder, "foo", "1.1", {"foo.py": "one = 2"})
    (folder / "foo-0.9.tar.gz").write_bytes(b"no archive")
    return folder


@pytest.fixture
def upstream(folder: Path) -> Iterator[IndexServer]:
    with serve_index(folder, metadata=False) as index:
        yield index


@contextlib.contextmanager
def serving(upstream: IndexServer, store: Path) -> Iterator[httpx.Client]:
    """Serve from a thread of this process."""
    loop = asyncio.new_event_loop()
    sock = socket.create_server(("127.0.0.1", 0))
    root = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    index = Index(Upstream(IndexSettings(index_url=upstream.url), store), root)
    index.prepare(list(CONDITIONS.values()))
    server = loop.run_until_complete(listen(index, sock))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with httpx.Client(base_url=root, trust_env=False) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        index.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture
def client(upstream: IndexServer, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(upstream, tmp_path / "store") as client:
        yield client


def files(client: httpx.Client, condition: str) -> dict[str, dict[str, object]]:
    page = client.get(f"{condition}/simple/foo/", headers={"Accept": JSON}).json()
    return {file["filename"]: file for file in page["files"]}


def test_pages_are_as_those_of_pypi(client: httpx.Client) -> None:
    answer = client.get("pypi/simple/foo/", headers={"Accept": JSON})
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["Cache-Control"] == "max-age=600, public"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Date" in answer.headers
    again = client.get(
        "pypi/simple/foo/", headers={"Accept": JSON, "If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "max-age=600, public"
    plain = client.get("pypi/simple/foo/", headers={"Accept": JSON, "Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == answer.json()


def test_wheels_have_metadata_beside_them(client: httpx.Client, folder: Path) -> None:
    known = files(client, "pypi")
    assert known[WHEEL]["core-metadata"] is True
    assert "core-metadata" not in known["foo-0.9.tar.gz"]
    answer = client.get(f"{known[WHEEL]['url']}.metadata")
    with zipfile.ZipFile(folder / WHEEL) as wheel:
        assert answer.content == wheel.read("foo-1.0.dist-info/METADATA")
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"{known[WHEEL]['url']}.metadata", headers=headers).status_code == 304


def test_hashes_of_metadata_stay_where_the_index_has_them(
    client: httpx.Client, upstream: IndexServer, tmp_path: Path
) -> None:
    del client
    upstream.switches.metadata = True
    with serving(upstream, tmp_path / "other") as other:
        known = files(other, "pypi")[WHEEL]
        assert list(known["core-metadata"]) == ["sha256"]  # type: ignore[call-overload]  # of JSON
        assert other.get(f"{known['url']}.metadata").status_code == 200
    assert upstream.paths()[-1].endswith(f"{WHEEL}.metadata")


def test_a_plain_mirror_has_only_what_it_must(client: httpx.Client, folder: Path) -> None:
    answer = client.get("plain/simple/foo/", headers={"Accept": JSON})
    assert not {"etag", "cache-control", "content-encoding"} & set(answer.headers)
    known = files(client, "plain")[WHEEL]
    assert "core-metadata" not in known
    url = str(known["url"])
    assert client.get(f"{url}.metadata").status_code == 404
    data = (folder / WHEEL).read_bytes()
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert client.get(url, headers={"Range": "bytes=-7"}).content == data[-7:]
    assert client.get(url, headers={"Range": f"bytes={len(data) - 5}-"}).content == data[-5:]
    assert client.get(url).content == data
    head = client.head(url)
    assert (head.headers["Content-Length"], head.content) == (str(len(data)), b"")


def test_html_says_the_same_as_json(client: httpx.Client) -> None:
    found = []
    for media in (JSON, HTML):
        answer = client.get("later/simple/foo/", headers={"Accept": media})
        assert answer.headers["Cache-Control"] == "max-age=0, public"
        page = parse_page(
            answer.content,
            content_type=answer.headers["Content-Type"],
            url=str(answer.url),
            name=FOO,
        )
        found.append(
            [
                (file.filename, file.url, file.hashes, file.core_metadata)
                for version in page.releases
                for file in page.of(version)
            ]
        )
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_what_there_is_not(client: httpx.Client) -> None:
    for path in ("pypi/simple/nothing/", "pypi/packages/foo-3.tar.gz", "other/simple/foo/", "x"):
        assert client.get(path).status_code == 404
    assert client.get("counts").json()["missing"] == 4


def test_everything_is_fetched_once(upstream: IndexServer, tmp_path: Path) -> None:
    for fetched in (2, 0):  # the wheel is so small that its end is all of it
        with serving(upstream, tmp_path / "store") as client:
            for condition in ("pypi", "plain"):
                url = str(files(client, condition)[WHEEL]["url"])
                client.get(f"{url}.metadata")
                client.get(url, headers={"Range": "bytes=0-9"})
            counts = client.get("counts").json()
        wanted = {"pages": 2, "metadata": 1, "parts": 2, "missing": 1, "fetched": fetched}
        assert {name: counts[name] for name in wanted} == wanted
    assert len(upstream.requests) == 2


def test_an_index_that_fails_is_reported(upstream: IndexServer, tmp_path: Path) -> None:
    upstream.switches.location = "/forbidden"
    upstream.switches.user = "somebody:secret"
    with serving(upstream, tmp_path / "store") as client:
        answer = client.get("pypi/simple/foo/")
    assert answer.status_code == 502
    assert "could not fetch" in answer.text


@pytest.mark.skipif(sys.platform == "win32", reason="the server forks")
def test_a_server_of_its_own(
    upstream: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAIL_INDEX_URL", upstream.url)
    with serve(tmp_path / "store", ["pypi"], Path(sys.executable)) as server:
        assert server.pid != os.getpid()
        before = server.counts()
        settings = IndexSettings(index_url=server.index("pypi"))
        cache = tmp_path / "cache"
        for _ in range(2):  # the second time it has everything
            with IndexClient(settings, offline=False, reporter=Reporter(), cache=cache) as client:
                page = client.page(FOO)
                assert page is not None
                found = client.metadata(page.of("1.0")[0])
                assert isinstance(found, CoreMetadata)
                assert found.requires_dist == ("bar>=2",)
        counts = server.counts().since(before)
        assert (counts.pages, counts.metadata, counts.requests) == (1, 1, 2)
    with pytest.raises(OSError, match="refused"):
        server.counts()
