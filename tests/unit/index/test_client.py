from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.tags import Tag
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.wheels import make_wheel

import trail
from trail.errors import DigestError, FetchError
from trail.index.client import IndexClient
from trail.model import NormalizedName, Pinned, WheelFile
from trail.report import Reporter
from trail.settings import IndexSettings

if TYPE_CHECKING:
    from trail.index.page import IndexFile

FOO = NormalizedName("foo")
NAME = "foo-1.0-py3-none-any.whl"
TAGS = (Tag("py3", "none", "any"),)


class Warnings(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    make_wheel(folder, "foo", "1.0", {"foo.py": "one = 1"})
    make_wheel(folder, "foo", "1.1", {"foo.py": "one = 2"})
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    other = tmp_path / "other"
    other.mkdir()
    make_wheel(other, "foo", "1.0", {"foo.py": "evil = 1"})
    make_wheel(other, "foo", "2.0", {"foo.py": "evil = 1"})
    make_wheel(other, "bar", "1.0", {"bar.py": ""})
    return other


def client(
    *servers: IndexServer,
    offline: bool = False,
    cache: Path | None = None,
    reporter: Reporter | None = None,
    **settings: Any,
) -> IndexClient:
    urls = [server.url for server in servers]
    known: dict[str, Any] = {
        "index_url": urls[-1] if urls else None,
        "extra_index_urls": tuple(urls[:-1]),
        "no_index": not urls,
        "retries": 0,
    }
    return IndexClient(
        IndexSettings(**{**known, **settings}),
        offline=offline,
        reporter=reporter or Reporter(),
        cache=cache,
        pause=lambda _: None,
    )


def pin(version: str = "1.0", name: str = "foo", **more: Any) -> Pinned:
    return Pinned(name=NormalizedName(name), version=version, **more)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions(files: tuple[IndexFile, ...]) -> list[str]:
    return [file.version for file in files]


# --- pages


@pytest.mark.parametrize("html", [False, True])
def test_a_page_in_both_formats(folder: Path, *, html: bool) -> None:
    with serve_index(folder, html=html, yanked={NAME: "bad"}) as server, client(server) as index:
        page = index.page(FOO)
        assert page is not None
        assert page.index == server.url
        assert versions(page.files) == ["1.0", "1.1"]
        file = page.files[0]
        assert file.url == server.file_url(NAME)
        assert file.hashes == (("sha256", sha256(folder / NAME)),)
        assert file.size == (None if html else (folder / NAME).stat().st_size)
        assert file.yanked == "bad"
        assert file.core_metadata is not None
        assert server.paths() == ["/simple/foo/"]


def test_nobody_has_it(folder: Path) -> None:
    with serve_index(folder) as server, client(server) as index:
        assert index.page(NormalizedName("nothing")) is None
        with pytest.raises(FetchError) as caught:
            index.resolve(pin(name="nothing"), TAGS)
        assert str(caught.value) == "there is no `nothing` in any index"
        assert caught.value.details == (("asked", server.url),)


def test_no_index_at_all() -> None:
    with client() as index, pytest.raises(FetchError) as caught:
        index.resolve(pin(), TAGS)
    assert caught.value.details == (("asked", "none"),)


def test_the_first_index_with_the_name_decides(folder: Path, other: Path) -> None:
    with (
        serve_index(folder) as first,
        serve_index(other) as second,
        client(first, second) as index,
    ):
        page = index.page(FOO)
        assert page is not None
        assert versions(page.files) == ["1.0", "1.1"]
        assert second.requests == []
        with pytest.raises(FetchError) as caught:
            index.resolve(pin("2.0"), TAGS)
        assert str(caught.value) == "there is no `foo` 2.0"
        assert caught.value.details == (("versions", "1.1, 1.0"), ("index", first.url))
        assert second.requests == []
        assert index.resolve(pin(name="bar"), TAGS).index == second.url


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_index_that_fails_does_not_lead_to_the_next(
    folder: Path, other: Path, status: int
) -> None:
    with (
        serve_index(folder, fail=1, fail_status=status) as first,
        serve_index(other) as second,
        client(first, second) as index,
    ):
        with pytest.raises(FetchError, match=f"the server answered {status}"):
            index.page(FOO)
        assert second.requests == []


def test_a_pin_may_name_its_index(folder: Path, other: Path) -> None:
    with (
        serve_index(folder) as first,
        serve_index(other) as second,
        client(first, second, find_links=(str(folder),)) as index,
    ):
        found = index.resolve(pin(index=second.url.rstrip("/")), TAGS)
        assert found.url == second.file_url(NAME)
        assert first.requests == []
        with pytest.raises(FetchError) as caught:
            index.resolve(pin(name="bar", index=first.url), TAGS)
        assert caught.value.details == (("asked", first.url),)


def test_an_index_on_disk(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "simple" / "foo"
    page.mkdir(parents=True)
    (page / "index.html").write_text(f"<a href='../../files/{NAME}'>x</a>")
    with client(index_url=(tmp_path / "simple").as_uri(), no_index=False) as index:
        found = index.resolve(pin(), TAGS)
        assert (found.path, found.url) == (folder / NAME, None)
        assert index.page(NormalizedName("bar")) is None


def test_credentials_are_not_shown(folder: Path) -> None:
    with serve_index(folder, user="me:secret") as server:
        url = server.url.replace("//", "//me:secret@")
        with client(index_url=url, no_index=False) as index:
            found = index.resolve(pin(), TAGS)
            assert "secret" not in repr(found)
            assert found.url == server.file_url(NAME)
            with pytest.raises(FetchError) as caught:
                index.resolve(pin(name="nothing"), TAGS)
            assert caught.value.details == (("asked", server.url.replace("//", "//***@")),)
        with client(server) as index, pytest.raises(FetchError) as caught:
            index.page(FOO)
        assert str(caught.value) == (
            f"could not fetch `{server.url}foo/`: the server answered 401 Unauthorized"
        )


# --- the cache


def test_a_fresh_page_costs_no_request(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder, max_age=600) as server:
        for _ in range(2):
            with client(server, cache=tmp_path / "index") as index:
                assert index.page(FOO) is not None
        assert len(server.requests) == 1


def test_a_stale_page_is_confirmed_or_replaced(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder) as server, client(server, cache=tmp_path / "index") as index:
        first = index.page(FOO)
        assert index.page(FOO) == first
        make_wheel(folder, "foo", "1.2", {"foo.py": ""})
        page = index.page(FOO)
        assert page is not None
        assert versions(page.files) == ["1.0", "1.1", "1.2"]
        assert [request.status for request in server.requests] == [200, 304, 200]


def test_a_page_that_is_the_same_is_not_written_again(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index"
    with serve_index(folder, etags=False) as server, client(server, cache=cache) as index:
        assert index.page(FOO) == index.page(FOO)
        (kept,) = (cache / "projects").iterdir()
        inode = kept.stat().st_ino
        index.page(FOO)
        assert kept.stat().st_ino == inode
        assert [request.status for request in server.requests] == [200, 200, 200]
        server.switches.max_age = 600
        index.page(FOO)
        index.page(FOO)
        assert len(server.requests) == 4


def test_a_page_that_was_damaged_on_its_way(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda *given, **named: compress(*given, **named)[:-9])
    with serve_index(folder) as server, client(server, cache=tmp_path / "index") as index:
        with pytest.raises(FetchError) as caught:
            index.page(FOO)
        assert str(caught.value) == (
            f"could not fetch `{server.url}foo/`: Error -5 while decompressing data: incomplete or"
            " truncated stream"
        )
        monkeypatch.setattr(gzip, "compress", compress)
        assert index.page(FOO) is not None


def test_refresh_asks_about_fresh_pages_too(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder, max_age=600) as server:
        for refresh in (False, False, True):
            with client(server, cache=tmp_path / "index", refresh=refresh) as index:
                assert (index.known_page(FOO) is None) == (refresh or not server.requests)
                assert index.page(FOO) is not None
        assert [request.status for request in server.requests] == [200, 304]


def test_refresh_for_one_project(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder, "bar", "1.0", {"bar.py": ""})
    names = (FOO, NormalizedName("bar"))
    with serve_index(folder, max_age=600) as server:
        for wanted in (frozenset(), frozenset({FOO})):
            with client(server, cache=tmp_path / "index", refresh_package=wanted) as index:
                assert all(index.page(name) is not None for name in names)
        assert server.paths() == ["/simple/foo/", "/simple/bar/", "/simple/foo/"]
        assert [request.status for request in server.requests] == [200, 200, 304]


def test_what_an_index_does_not_have_is_kept_too(folder: Path, other: Path, tmp_path: Path) -> None:
    bar, cache = NormalizedName("bar"), tmp_path / "index"
    with serve_index(folder, max_age=600) as first, serve_index(other, max_age=600) as second:
        for _ in range(2):
            with client(first, second, cache=cache) as index:
                page = index.page(bar)
                assert page is not None
                assert page.index == second.url
                assert index.known_page(bar) == page
        assert (first.paths(), second.paths()) == (["/simple/bar/"], ["/simple/bar/"])
        # Where the first index gets it, it decides again.
        make_wheel(folder, "bar", "2.0", {"bar.py": ""})
        with client(first, second, cache=cache, refresh=True) as index:
            page = index.page(bar)
            assert page is not None
            assert page.index == first.url
        assert len(second.requests) == 1


def test_offline_works_with_several_indexes(folder: Path, other: Path, tmp_path: Path) -> None:
    bar, cache = NormalizedName("bar"), tmp_path / "index"
    with serve_index(folder) as first, serve_index(other) as second:
        with client(first, second, cache=cache) as index:
            online = index.page(bar)
        with client(first, second, cache=cache, offline=True) as index:
            assert index.page(bar) == online
            assert index.known_page(bar) == online
        assert (len(first.requests), len(second.requests)) == (1, 1)


def test_what_must_not_be_stored_is_not(folder: Path, tmp_path: Path) -> None:
    with (
        serve_index(folder, cache_control="no-store") as server,
        client(server, cache=tmp_path / "index") as index,
    ):
        assert index.page(FOO) == index.page(FOO)
        assert [request.status for request in server.requests] == [200, 200]
    assert not (tmp_path / "index").exists()


def test_a_known_page_needs_no_request(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder, max_age=600) as server:
        with client(server, cache=tmp_path / "index") as index:
            assert index.known_page(FOO) is None
            page = index.page(FOO)
            assert index.known_page(FOO) == page
            assert index.known_page(FOO, server.url) == page
        assert len(server.requests) == 1
        with client(server, cache=tmp_path / "index", find_links=(str(folder),)) as index:
            both = index.known_page(FOO)
            assert both is not None
            assert [file.url for file in both.of("1.0")] == [
                (folder / NAME).as_uri(),
                server.file_url(NAME),
            ]
            assert index.page(FOO) == both
        assert len(server.requests) == 1
        links = (str(folder), f"{server.root}/links")
        with client(server, cache=tmp_path / "index", find_links=links) as index:
            assert index.known_page(FOO) is None, "a page of links is asked for"
    with client(find_links=(str(folder),)) as index:
        assert index.known_page(FOO) is None
    with client(index_url=folder.as_uri(), no_index=False) as index:
        assert index.known_page(FOO) is None


def test_offline_takes_what_was_kept(folder: Path, tmp_path: Path) -> None:
    with serve_index(folder) as server:
        with client(server, cache=tmp_path / "index") as index:
            index.page(FOO)
        with client(server, cache=tmp_path / "index", offline=True) as index:
            assert index.resolve(pin(), TAGS).filename == NAME
            with pytest.raises(FetchError) as caught:
                index.page(NormalizedName("bar"))
        assert str(caught.value) == f"`{server.url}bar/` is needed, but trail is offline"
        assert len(server.requests) == 1


# --- resolving


def test_a_pin_is_resolved_and_downloaded(folder: Path, tmp_path: Path) -> None:
    path = folder / NAME
    hashes = (("sha256", sha256(path)),)
    with serve_index(folder) as server, client(server) as index:
        wheel = index.resolve(pin(hashes=(*hashes, ("sha256", "0" * 64))), TAGS, python="3.12.1")
        assert wheel == WheelFile(
            name=FOO,
            version="1.0",
            filename=NAME,
            hashes=hashes,
            size=path.stat().st_size,
            url=server.file_url(NAME),
            index=server.url,
        )
        assert index.download(wheel, tmp_path).path.read_bytes() == path.read_bytes()


def test_a_hash_that_the_lock_does_not_know(folder: Path) -> None:
    with serve_index(folder) as server, client(server) as index, pytest.raises(DigestError):
        index.resolve(pin(hashes=(("sha256", "0" * 64),)), TAGS)


def test_a_page_with_weak_hashes(folder: Path, tmp_path: Path) -> None:
    hashes = (("sha256", sha256(folder / NAME)),)
    with serve_index(folder, hashes=("md5",)) as server, client(server) as index:
        wheel = index.resolve(pin(hashes=hashes), TAGS)
        assert wheel.hashes == hashes
        index.download(wheel, tmp_path)
        with pytest.raises(DigestError, match="it has no hash but md5"):
            index.download(index.resolve(pin(), TAGS), tmp_path)


def test_the_projects_status_is_told(folder: Path) -> None:
    warnings = Warnings()
    with (
        serve_index(folder, status="deprecated", reason="use bar") as server,
        client(server, reporter=warnings) as index,
    ):
        index.resolve(pin(), TAGS)
        server.switches.status, server.switches.reason = "archived", ""
        index.resolve(pin(), TAGS)
    assert warnings.lines == ["`foo` is deprecated: use bar", "`foo` is archived"]


def test_yanked_and_requires_python_reach_the_choice(folder: Path) -> None:
    warnings = Warnings()
    with (
        serve_index(folder, yanked={NAME: "bad"}, requires_python={NAME: ">=3.12"}) as server,
        client(server, reporter=warnings) as index,
    ):
        index.resolve(pin(), TAGS, python="3.12.0")
        with pytest.raises(FetchError, match=r"does not run on Python 3\.11\.7"):
            index.resolve(pin(), TAGS, python="3.11.7")
    assert warnings.lines == ["`foo` 1.0 was yanked by its authors: bad"]


def test_many_threads_share_a_client(folder: Path, tmp_path: Path) -> None:
    names = [f"pkg{number}" for number in range(40)]
    for name in names:
        make_wheel(folder, name, "1.0", {f"{name}.py": f"name = '{name}'"})
    target = tmp_path / "target"
    target.mkdir()
    with serve_index(folder, drop_after=5, drops=10, drop_pages=5) as server:
        with client(server, retries=4, cache=tmp_path / "index") as index:

            def fetch(name: str) -> str:
                wheel = index.resolve(pin(name=name), TAGS)
                return index.download(wheel, target).sha256

            with ThreadPoolExecutor(16) as pool:
                found = list(pool.map(fetch, names))
        assert len(server.requests) == 40 * 2 + 15
    assert found == [sha256(folder / f"{name}-1.0-py3-none-any.whl") for name in names]
    assert len(list(target.iterdir())) == 40


# --- find-links


def test_a_folder_will_do_without_an_index(folder: Path, tmp_path: Path) -> None:
    with client(find_links=(str(folder),)) as index:
        wheel = index.resolve(pin(), TAGS)
        assert (wheel.path, wheel.url, wheel.index) == (folder / NAME, None, str(folder))
        assert wheel.vouched is False
        assert index.download(wheel, tmp_path).private is False
        with pytest.raises(FetchError) as caught:
            index.resolve(pin("9"), TAGS)
        assert caught.value.details == (("versions", "1.1, 1.0"), ("index", str(folder)))


def test_links_go_before_the_index_and_add_to_it(folder: Path, other: Path) -> None:
    with serve_index(folder) as server, client(server, find_links=(str(other),)) as index:
        assert index.resolve(pin("2.0"), TAGS).path == other / "foo-2.0-py3-none-any.whl"
        assert index.resolve(pin(name="bar"), TAGS).index == str(other)
        assert server.requests == []
        assert index.resolve(pin("1.1"), TAGS).index == server.url
        page = index.page(FOO)
        assert page is not None
        assert versions(page.files) == ["1.0", "1.0", "1.1", "2.0"]
        assert [file.index for file in page.of("1.0")] == [str(other), server.url]


def test_a_linked_file_with_another_hash_gives_way_to_the_index(folder: Path, other: Path) -> None:
    with serve_index(folder) as server, client(server, find_links=(str(other),)) as index:
        wanted = (("sha256", sha256(folder / NAME)),)
        assert index.resolve(pin(hashes=wanted), TAGS).url == server.file_url(NAME)
        linked = (("sha256", sha256(other / NAME)),)
        found = index.resolve(pin(hashes=linked), TAGS)
        assert (found.path, found.hashes, found.vouched) == (other / NAME, linked, True)
        with pytest.raises(DigestError):
            index.resolve(pin(hashes=(("sha256", "0" * 64),)), TAGS)


def test_a_page_of_links_on_a_server(folder: Path) -> None:
    with serve_index(folder, html=True) as server:
        with client(find_links=(f"{server.url}foo/",)) as index:
            wheel = index.resolve(pin(), TAGS)
            assert wheel.url == server.file_url(NAME)
            assert wheel.index == f"{server.url}foo/"
        with client(find_links=(f"{server.url}none/",)) as index, pytest.raises(FetchError) as no:
            index.resolve(pin(), TAGS)
        assert str(no.value) == f"there is no page of links at `{server.url}none/`"


def test_importing_the_client_does_not_import_httpx() -> None:
    code = "import sys, trail.index.client; print('httpx' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(trail.__file__).parents[1])},
    )
    assert done.stdout == "False\n"


def test_closing_ends_what_is_under_way(tmp_path: Path) -> None:
    size = 1 << 30
    with (
        socket.create_server(("127.0.0.1", 0)) as slow,
        client() as index,
        ThreadPoolExecutor(2) as pool,
    ):

        def drip() -> None:
            connection, _ = slow.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                while True:
                    connection.sendall(b"x")
                    arrived.set()

        arrived = threading.Event()
        pool.submit(drip)
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/{NAME}"
        wheel = WheelFile(name=FOO, version="1.0", filename=NAME, url=url)
        download = pool.submit(index.download, wheel, tmp_path)
        assert arrived.wait(10)
        index.close()
        with pytest.raises(FetchError) as caught:
            download.result(10)
        assert str(caught.value) == f"could not fetch `{url}`: trail is ending"
        with pytest.raises(FetchError, match="trail is ending"):
            index.download(wheel, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_small_requests_too() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        client(index_url=f"http://127.0.0.1:{silent.getsockname()[1]}/", no_index=False) as index,
        ThreadPoolExecutor(1) as pool,
    ):
        page = pool.submit(index.page, FOO)
        connection, _ = silent.accept()
        with connection:
            connection.recv(1 << 16)
            index.close()
            with pytest.raises(FetchError, match="trail is ending"):
                page.result(10)
