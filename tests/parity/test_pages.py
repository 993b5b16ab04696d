"""Both parsers of index pages: the same page, and the same bytes of its rows."""

from __future__ import annotations

import gzip
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.helpers.index import serve_index
from tests.helpers.wheels import make_wheel
from tests.parity.conftest import native_engine
from tests.parity.pages import LEFT, READ, URL, make_page

from trail.errors import FetchError
from trail.index.cache import Page, PageCache
from trail.index.client import IndexClient
from trail.index.media import ACCEPT
from trail.index.page import ProjectPage, Releases
from trail.index.rows import Packed, pack_rows
from trail.index.simple import parse_page
from trail.model import NormalizedName
from trail.report import Reporter
from trail.settings import IndexSettings, default_index
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Parser: TypeAlias = Callable[..., ProjectPage | None]

FOO = NormalizedName("foo-bar")
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(scope="module")
def native() -> Parser:
    """The native parser."""
    native_engine()
    from trail.index._native import PageParser  # noqa: PLC0415  # may not be there

    return PageParser().read


def by_python(data: bytes, **place: Any) -> ProjectPage | str:
    """Read a page with the Python parser, or tell what it says."""
    place = {"url": URL, "name": FOO, **place}
    try:
        return parse_page(data, content_type=JSON, **place, index="I")
    except FetchError as error:
        return repr((error, error.details))


def packed(page: ProjectPage) -> Packed:
    assert isinstance(page.releases, Releases)
    found = page.releases.packed or pack_rows(page.releases.rows())
    return replace(found, data=found.part(0, found.size))


def assert_alike(found: ProjectPage, expected: ProjectPage | str) -> None:
    assert isinstance(expected, ProjectPage)
    assert found == expected
    assert [*found.releases] == [*expected.releases]
    assert packed(found) == packed(expected)


@pytest.mark.parametrize("page", READ.values(), ids=READ.keys())
def test_a_page_is_read_alike(native: Parser, page: bytes) -> None:
    found = native(page, url=URL, name=FOO, index="I")
    assert found is not None
    assert_alike(found, by_python(page))


@pytest.mark.parametrize("page", READ.values(), ids=READ.keys())
def test_a_compressed_page_is_read_alike(native: Parser, page: bytes) -> None:
    found = native(gzip.compress(page), gzip=True, url=URL, name=FOO, index="I")
    assert found is not None
    assert_alike(found, by_python(page))


def test_what_is_not_compressed_well_is_left_to_python(native: Parser) -> None:
    page = gzip.compress(next(iter(READ.values())))
    for body in (b"", page[:-1], page + b"x", page[:-9] + b"x" + page[-8:], page[10:], page * 2):
        assert native(body, gzip=True, url=URL, name=FOO, index="I") is None


def test_rows_outlive_the_pages_that_come_after_them(native: Parser) -> None:
    bodies = [page for page in READ.values() if len(page) > 200]
    pages = [native(body, url=URL, name=FOO, index="I") for body in bodies]
    for body, page in zip(bodies, pages, strict=True):
        assert page is not None
        assert_alike(page, by_python(body))


@pytest.mark.parametrize("page", LEFT.values(), ids=LEFT.keys())
def test_a_page_is_left_to_python(native: Parser, page: bytes) -> None:
    assert native(page, url=URL, name=FOO, index="I") is None


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example/simple/foo-bar",
        "https://host.example/simple/foo-bar/?x=1",
        "https://host.example//simple/foo-bar/",
        "https://host.example/",
        "http://user@host.example:80/foo-bar/",
        "file:///simple/foo-bar/",
    ],
)
def test_addresses_from_other_pages(native: Parser, url: str) -> None:
    for address in ("x.zip", "../x.zip", "/x.zip", "http://host.example/x", "https://x/y#z"):
        page = make_page({"filename": "foo-bar-1.zip", "url": address, "hashes": {}})
        found = native(page, url=url, name=FOO, index="I")
        if found is not None:
            assert_alike(found, by_python(page, url=url))


# What a page is spoiled with: marks of JSON, beginnings of values, parts of names and versions.
PIECES = (
    *rb'" { } [ ] , : \ null true false 0 -1 1.5 1e5 99999999999 "" {} [] \ud800 \u0041'.split(),
    *rb"# ? / ../ https:// - _ . + ! a rc post .dev .tar.gz .whl .zip v e E".split(),
    *(b" ", b"\n", b"\0", b"\xc3\xa9", b"\xff"),
)


@pytest.mark.parametrize("seed", range(8))
def test_a_spoiled_page_is_read_alike_or_left(native: Parser, seed: int) -> None:
    dice = random.Random(seed)
    pages = [page for page in READ.values() if len(page) < 20_000]
    read = 0
    for _ in range(1000):
        data = bytearray(dice.choice(pages))
        for _ in range(dice.randrange(1, 3)):
            start = dice.randrange(len(data))
            match dice.randrange(4):
                case 0:
                    data[start : start + 1] = dice.choice(PIECES)
                case 1:
                    data[start:start] = dice.choice(PIECES)
                case 2:
                    del data[start : start + dice.randrange(1, 20)]
                case _:
                    target = dice.randrange(len(data))
                    data[target:target] = data[start : start + dice.randrange(1, 40)]
            data = data or bytearray(b"{}")
        page = bytes(data)
        found = native(page, url=URL, name=FOO, index="I")
        if found is not None:
            assert_alike(found, by_python(page))
            read += 1
    assert read > 100


@pytest.mark.parametrize("seed", range(4))
def test_versions_at_random(native: Parser, seed: int) -> None:
    dice = random.Random(seed)
    parts = ("0", "1", "02", "10", ".", ".", "-", "_", "a", "b", "rc", "c", "post", "dev", "+", "!")
    for _ in range(200):
        names = [
            f"foo_bar-{''.join(dice.choices(parts, k=dice.randrange(1, 9)))}{end}"
            for end in dice.choices(("-py3-none-any.whl", ".tar.gz", ".zip"), k=30)
        ]
        page = make_page(*({"filename": name, "url": "x", "hashes": {}} for name in names))
        found = native(page, url=URL, name=FOO, index="I")
        assert found is not None
        assert_alike(found, by_python(page))


@pytest.mark.usefixtures("native")
def test_a_client_reads_and_keeps_pages_alike(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for version in ("1.0", "1.0.post1", "2.0rc1"):
        make_wheel(files, "foo", version, {"foo.py": ""})
    pages, kept, used = [], [], []
    with serve_index(files, etags=False, yanked={"foo-1.0-py3-none-any.whl": "bad"}) as server:
        for engine in ("python", "native"):
            cache = tmp_path / engine
            with IndexClient(
                IndexSettings(index_url=server.url),
                offline=False,
                reporter=Reporter(),
                cache=cache,
                engine=engine,
            ) as client:
                page = client.page(NormalizedName("foo"))
                assert page is not None
                pages.append(page)
            (file,) = (cache / "projects").iterdir()
            kept.append(file.read_bytes())
            with IndexClient(
                IndexSettings(index_url=server.url),
                offline=True,
                reporter=Reporter(),
                cache=cache,
                engine=engine,
            ) as client:
                assert client.page(NormalizedName("foo")) == page
            with IndexClient(
                IndexSettings(index_url=server.url),
                offline=False,
                reporter=Reporter(),
                engine=engine,
            ) as client:  # which keeps nothing
                found = client.page(NormalizedName("foo"))
                assert found == page
                used.append(getattr(found.releases, "packed", None) is not None)
    assert pages[0] == pages[1]
    assert kept[0] == kept[1]
    assert used == [False, True]


def test_rows_that_cannot_be_written_stay_in_memory(native: Parser, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    body = READ["everything"]
    kept = Page(url=URL, content_type=JSON, body=body)
    for folder, keep in ((tmp_path / "file", True), (tmp_path / "new", False), (None, True)):
        page = native(body, url=URL, name=FOO, index="I")
        assert page is not None
        found = PageCache(folder).save_project(URL, replace(kept, keep=keep), page)
        assert found is not None
        assert isinstance(packed(found).data, bytes)
        assert_alike(found, by_python(body))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_rows_that_were_written_are_read_from_there(native: Parser, tmp_path: Path) -> None:
    names = [f"foo_bar-{number}-py3-none-any.whl" for number in range(500)]
    body = make_page(*({"filename": name, "url": "x", "hashes": {}} for name in names))
    page = native(body, url=URL, name=FOO, index="I")
    kept = Page(url=URL, content_type=JSON, body=body)
    found = PageCache(tmp_path).save_project(URL, kept, page)
    assert found is not None
    assert isinstance(found.releases, Releases)
    assert found.releases.packed is None
    assert_alike(found, by_python(body))
    known = PageCache(tmp_path).load_project(URL, FOO, "I")
    assert known is not None
    assert known.project == found


POPULAR = Path(__file__).parents[1] / "locks" / "popular.txt"


@pytest.mark.network
def test_real_pages_are_read_alike(native: Parser) -> None:
    projects = POPULAR.read_text("utf-8").split()[::2]
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as pool:

        def fetch(name: str) -> httpx.Response:
            answer = client.get(f"{default_index()}{name}/", headers={"Accept": ACCEPT})
            return answer.raise_for_status()

        for name, answer in zip(projects, pool.map(fetch, projects), strict=True):
            place = {"url": str(answer.url), "name": NormalizedName(name)}
            found = native(answer.content, **place, index="I")
            assert found is not None, name
            assert found.files, name
            assert_alike(found, by_python(answer.content, **place))
