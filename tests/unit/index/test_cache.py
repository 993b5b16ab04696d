from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.index.cache import Page, PageCache

if TYPE_CHECKING:
    from pathlib import Path

PAGE = Page(
    url="https://host.example/moved/",
    content_type="text/html",
    body=b"line\nline\n\xff",
    etag='"x"',
    modified=None,
    fetched=1000.5,
    max_age=600.0,
)
URL = "https://host.example/foo/"


def test_a_page_comes_back(tmp_path: Path) -> None:
    cache = PageCache(tmp_path / "index")
    assert cache.load(URL) is None
    cache.save(URL, PAGE)
    assert cache.load(URL) == PAGE
    assert cache.load("https://host.example/bar/") is None


def test_without_a_folder_nothing_is_kept() -> None:
    cache = PageCache(None)
    cache.save(URL, PAGE)
    assert cache.load(URL) is None


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"nonsense", b"[]\nbody", b"\xff\n"])
def test_damaged_files_count_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = PageCache(tmp_path)
    cache.save(URL, PAGE)
    (file,) = (tmp_path / "pages").iterdir()
    file.write_bytes(damage)
    assert cache.load(URL) is None


def test_a_cut_off_body_counts_as_absent(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save(URL, PAGE)
    (file,) = (tmp_path / "pages").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert cache.load(URL) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = PageCache(tmp_path / "file")
    cache.save(URL, PAGE)
    assert cache.load(URL) is None


@pytest.mark.parametrize(
    ("now", "fresh"), [(1000.5, True), (1600.0, True), (1600.5, False), (999.0, False)]
)
def test_how_long_a_page_is_fresh(now: float, fresh: bool) -> None:
    assert PAGE.fresh(now) is fresh
