from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.index.core_metadata import CoreMetadata, NeedsBuild
from trail.index.metadata_cache import MetadataCache
from trail.index.page import IndexFile
from trail.model import NormalizedName

if TYPE_CHECKING:
    from pathlib import Path

FILE = IndexFile(
    name=NormalizedName("foo"),
    version="1.0",
    filename="foo-1.0-py3-none-any.whl",
    url="https://files.example/foo-1.0-py3-none-any.whl",
    hashes=(("sha256", "ab"),),
)
KNOWN = CoreMetadata(
    name=NormalizedName("foo"),
    version="1.0",
    requires_dist=("bar>=1", "baz ; extra == 'x'"),
    requires_python=">=3.8",
    extras=(NormalizedName("x"),),
    metadata_version="2.4",
    dynamic=("license",),
)


@pytest.mark.parametrize("known", [KNOWN, NeedsBuild(reason="it has no PKG-INFO")])
def test_metadata_comes_back(tmp_path: Path, known: CoreMetadata | NeedsBuild) -> None:
    cache = MetadataCache(tmp_path)
    assert cache.load(FILE) is None
    cache.save(FILE, known)
    assert MetadataCache(tmp_path).load(FILE) == known


def test_it_is_of_this_file_and_no_other(tmp_path: Path) -> None:
    cache = MetadataCache(tmp_path)
    cache.save(FILE, KNOWN)
    other = "https://elsewhere.example/foo-1.0-py3-none-any.whl"
    assert cache.load(FILE._replace(url=other)) is None
    assert cache.load(FILE._replace(hashes=(("sha256", "cd"),))) is None
    assert cache.load(FILE._replace(index="https://other.example/")) == KNOWN


def test_a_file_without_a_hash_may_change(tmp_path: Path) -> None:
    cache = MetadataCache(tmp_path)
    cache.save(FILE._replace(hashes=()), KNOWN)
    assert list(tmp_path.iterdir()) == []
    assert cache.load(FILE._replace(hashes=())) is None


def test_what_a_page_calls_a_hash_names_no_file_elsewhere(tmp_path: Path) -> None:
    cache = MetadataCache(tmp_path / "index")
    odd = FILE._replace(hashes=(("sha256", "../../../ab"),))
    cache.save(odd, KNOWN)
    assert list(tmp_path.iterdir()) == []
    assert cache.load(odd) is None


def test_without_a_folder_nothing_is_kept() -> None:
    cache = MetadataCache(None)
    cache.save(FILE, KNOWN)
    assert cache.load(FILE) is None


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b'{"format": 1, "fi', b"\xff"])
def test_damaged_files_count_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = MetadataCache(tmp_path)
    cache.save(FILE, KNOWN)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(damage)
    assert cache.load(FILE) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = MetadataCache(tmp_path / "file")
    cache.save(FILE, KNOWN)
    assert cache.load(FILE) is None
