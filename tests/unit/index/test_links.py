from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.errors import FetchError
from trail.index.links import by_project, local_path, read_local_links

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_offers_its_files(tmp_path: Path) -> None:
    for name in ("A_b-1.0-py3-none-any.whl", "a-b-0.9.tar.gz", "c-2.zip", "notes.txt"):
        (tmp_path / name).write_bytes(b"123")
    (tmp_path / "d-1.0.tar.gz").mkdir()
    found = by_project(read_local_links(tmp_path))
    assert {name: [file.version for file in files] for name, files in found.items()} == {
        "a-b": ["1.0", "0.9"],
        "c": ["2"],
    }
    wheel = found[next(iter(found))][0]
    assert wheel.url == (tmp_path / "A_b-1.0-py3-none-any.whl").as_uri()
    assert (wheel.size, wheel.hashes, wheel.index) == (3, (), str(tmp_path))


def test_a_page_on_disk_offers_its_links(tmp_path: Path) -> None:
    page = tmp_path / "links.html"
    page.write_text("<a href='a-1.0-py3-none-any.whl#sha256=ab'>a</a>")
    (file,) = read_local_links(page)
    assert file.url == (tmp_path / "a-1.0-py3-none-any.whl").as_uri()
    assert file.hashes == (("sha256", "ab"),)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        read_local_links(tmp_path / "missing")
    assert str(caught.value) == f"cannot read the links in `{tmp_path / 'missing'}`"
    assert caught.value.details == (("reason", "No such file or directory"),)


def test_paths_and_addresses(tmp_path: Path) -> None:
    spaced = tmp_path / "a b"
    assert local_path(str(spaced)) == spaced
    assert local_path(spaced.as_uri()) == spaced
    assert local_path("https://host.example/a") is None
