from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from trail.errors import FetchError
from trail.index.cache import KeptPage, Page, PageCache
from trail.index.simple import parse_page
from trail.model import NormalizedName

if TYPE_CHECKING:
    from pathlib import Path

    from trail.index.page import ProjectPage

URL = "https://host.example/foo/"
INDEX = "https://host.example/"
FOO = NormalizedName("foo")
PAGE = Page(
    url="https://host.example/moved/",
    content_type="text/html",
    body=b"line\nline\n\xff",
    sha256="ab",
    etag='"x"',
    modified=None,
    fetched=1000.5,
    max_age=600.0,
)


def project(*versions: str) -> ProjectPage:
    files = [
        {
            "filename": f"foo-{version}-py3-none-any.whl",
            "url": f"https://files.example/foo-{version}-py3-none-any.whl",
            "hashes": {"sha256": "ab"},
            "size": 7,
            "requires-python": ">=3.8",
            "yanked": "b\u00fcd",
            "core-metadata": {"sha256": "cd"},
            "upload-time": "2026-01-02T03:04:05.678901Z",
        }
        for version in versions
    ]
    page = {
        "meta": {"api-version": "1.4"},
        "files": files,
        "project-status": {"status": "archived", "reason": "d\u00f6ne"},
    }
    return parse_page(
        json.dumps(page).encode(),
        content_type="application/json",
        url=URL,
        name=FOO,
        index=INDEX,
    )


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


# --- pages of links, as they came


def test_a_page_comes_back(tmp_path: Path) -> None:
    cache = PageCache(tmp_path / "index")
    assert cache.load(URL) is None
    cache.save(URL, PAGE)
    assert cache.load(URL) == PAGE
    assert cache.load("https://host.example/bar/") is None


def test_a_page_is_confirmed(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.confirm(URL, 5.0)
    assert list(tmp_path.iterdir()) == []
    cache.save(URL, PAGE)
    cache.confirm(URL, 2000.25)
    assert cache.load(URL) == replace(PAGE, fetched=2000.25)


def test_without_a_folder_nothing_is_kept() -> None:
    cache = PageCache(None)
    cache.save(URL, PAGE)
    cache.save_project(URL, PAGE, project("1.0"))
    cache.confirm(URL, 1.0)
    assert cache.load(URL) is None
    assert cache.load_project(URL, FOO, INDEX) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}\n",
        b"nonsense",
        b"[]\nbody",
        b"\xff\n",
        b'{"format": 3, "asked": "https://host.example/foo/", "size": 1}\nx',
        b'{"format": 3, "asked": "https://host.example/foo/", "size": 1, "page": {"u": 1}}\nx',
    ],
)
def test_damaged_files_count_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = PageCache(tmp_path)
    cache.save(URL, PAGE)
    only_file(tmp_path).write_bytes(damage)
    assert cache.load(URL) is None
    only_file(tmp_path).unlink()
    cache.save_project(URL, PAGE, project("1.0"))
    only_file(tmp_path).write_bytes(damage)
    assert cache.load_project(URL, FOO, INDEX) is None


def test_a_file_that_lost_its_end_counts_as_absent(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save(URL, PAGE)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.load(URL) is None


def test_a_file_of_another_format_counts_as_absent(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save(URL, PAGE)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format": 3', b'"format": 1'))
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


# --- pages of projects, parsed


def test_a_project_comes_back(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    given = project("1.0", "1.10", "1.9")
    cache.save_project(URL, PAGE, given)
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept == KeptPage(page=replace(PAGE, body=b""), project=given)
    assert kept is not None
    assert kept.project is not None
    assert [*kept.project.releases] == ["1.10", "1.9", "1.0"]
    assert kept.project.of("1.9") == given.of("1.9")
    assert len(given.of("1.9")) == 1


def test_a_project_without_files_comes_back(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save_project(URL, PAGE, project())
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
    assert kept.project == project()


def test_a_newer_page_may_come_from_another_process(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    # So many that the old ones are not among what is read at once.
    many = [f"4.{number}" for number in range(2000)]
    cache.save_project(URL, PAGE, project("1.0", "2.0", *many))
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
    newer = project("2.0", "3.0", "3.1")
    cache.save_project(URL, PAGE, newer)
    assert len(kept.project.of("4.1999")) == 1
    assert kept.project.of("2.0") == newer.of("2.0")
    with pytest.raises(FetchError) as caught:
        kept.project.of("1.0")
    assert str(caught.value) == (
        "another process replaced the kept page of `foo`, which has no 1.0 any more"
    )
    assert cache.load_project(URL, FOO, INDEX) is not None


def test_a_confirmed_page_is_still_the_same(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save_project(URL, PAGE, project("1.0"))
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
    cache.confirm(URL, 3000.0)
    assert len(kept.project.of("1.0")) == 1


def test_a_page_of_very_many_versions(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    versions = [f"1.{number}" for number in range(9000)]
    cache.save_project(URL, PAGE, project(*versions))
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
    assert [*kept.project.releases] == versions[::-1]
    assert kept.project.of("1.77")[0].filename == "foo-1.77-py3-none-any.whl"


def test_only_the_files_of_the_wanted_version_are_read(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.save_project(URL, PAGE, project("1.0", "2.0"))
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"foo-1.0-py3", b'foo"1.0-py3'))
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
    assert len(kept.project.of("2.0")) == 1
    with pytest.raises(FetchError) as caught:
        kept.project.of("1.0")
    assert str(caught.value) == "the kept page of `foo` was damaged and has been removed"
    assert caught.value.details == (("file", str(path)),)
    assert caught.value.hint == "run the command again"
    assert cache.load_project(URL, FOO, INDEX) is None


def test_a_page_that_is_not_there_is_kept(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    absent = replace(PAGE, body=b"", sha256="", absent=True)
    cache.save_project(URL, absent, None)
    assert cache.load_project(URL, FOO, INDEX) == KeptPage(page=absent, project=None)
    cache.save_project(URL, PAGE, project("1.0"))
    kept = cache.load_project(URL, FOO, INDEX)
    assert kept is not None
    assert kept.project is not None
