from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from trail.errors import MetadataError
from trail.index.sdist import read_pkg_info

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = {
    "foo-1.0/pyproject.toml": b"",
    "foo-1.0/PKG-INFO": b"Name: foo\n",
    "foo-1.0/foo.egg-info/PKG-INFO": b"Name: egg\n",
    "PKG-INFO": b"Name: top\n",
}


def make_tar(folder: Path, files: Mapping[str, bytes], *links: str) -> Path:
    path = folder / "foo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name in links:
            member = tarfile.TarInfo(name)
            member.type = tarfile.SYMTYPE
            member.linkname = "/etc/passwd"
            archive.addfile(member)
    return path


def make_zip(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "foo-1.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_the_one_at_the_top_counts(tmp_path: Path) -> None:
    for path in (make_tar(tmp_path, FILES), make_zip(tmp_path, FILES)):
        assert read_pkg_info(path, path.name) == b"Name: foo\n"


def test_there_may_be_none(tmp_path: Path) -> None:
    files = {"foo-1.0/setup.py": b""}
    for path in (make_tar(tmp_path, files), make_zip(tmp_path, files)):
        assert read_pkg_info(path, path.name) is None


def test_several_are_refused(tmp_path: Path) -> None:
    files = {**FILES, "bar-1.0/PKG-INFO": b"Name: bar\n"}
    for path in (make_tar(tmp_path, files), make_zip(tmp_path, files)):
        with pytest.raises(MetadataError) as caught:
            read_pkg_info(path, path.name)
        assert caught.value.reason == "it has several PKG-INFO"


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path, {}, "foo-1.0/PKG-INFO")
    with pytest.raises(MetadataError) as caught:
        read_pkg_info(path, path.name)
    assert caught.value.reason == "`foo-1.0/PKG-INFO` is no regular file"


def test_damaged_archives(tmp_path: Path) -> None:
    for path in (make_tar(tmp_path, FILES), make_zip(tmp_path, FILES)):
        path.write_bytes(path.read_bytes()[:90])
        with pytest.raises(MetadataError) as caught:
            read_pkg_info(path, path.name)
        assert caught.value.reason == "the archive is damaged"
