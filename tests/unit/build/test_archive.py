"""Source archives: what is unpacked, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from trail.build.archive import unpack_source
from trail.errors import BuildError, WheelError

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mtime = 1_600_000_000
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


def make_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


def unpack(tmp_path: Path, archive: Path, *, max_unpacked: int = MIB) -> Path:
    target = tmp_path / "out"
    target.mkdir()
    return unpack_source(archive, archive.name, target, max_unpacked=max_unpacked)


def test_sdist_is_unpacked_with_execute_bits_and_times(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "pkg-1.0.tar.gz",
        folder("pkg-1.0"),
        member("pkg-1.0/configure", b"#!/bin/sh\n", mode=0o4777),
        member("pkg-1.0/old.py", b"x = 1\n", mode=0o600, mtime=0),
        folder("pkg-1.0"),
    )
    tree = unpack(tmp_path, archive)
    assert tree == tmp_path / "out" / "pkg-1.0"
    assert (tree / "old.py").read_bytes() == b"x = 1\n"
    assert (tree / "configure").stat().st_mode & 0o7777 == 0o755
    assert not (tree / "old.py").stat().st_mode & 0o111
    assert (tree / "configure").stat().st_mtime == 1_600_000_000
    assert (tree / "old.py").stat().st_mtime == 315_619_200


def test_links_inside_are_kept_and_hard_links_become_files(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "pkg-1.0.tar.gz",
        link("pkg-1.0/src/same.py", "../code.py"),
        member("pkg-1.0/code.py", b"x = 1\n"),
        link("pkg-1.0/again.py", "pkg-1.0/code.py", tarfile.LNKTYPE),
    )
    tree = unpack(tmp_path, archive)
    assert str((tree / "src" / "same.py").readlink()) == "../code.py"
    assert (tree / "src" / "same.py").read_bytes() == b"x = 1\n"
    (tree / "again.py").write_bytes(b"x = 2\n")
    assert (tree / "code.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize("name", ["../evil", "/evil", "pkg-1.0/../../evil", "a\\b", "a//b", "C:x"])
def test_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", member(name, b"x"))
    with pytest.raises(BuildError) as caught:
        unpack(tmp_path, archive)
    assert str(caught.value) == (
        "refused `pkg-1.0.tar.gz`: a member has an unsafe name; nothing of it was built"
    )
    assert caught.value.details == (("member", ascii(name)[1:-1]),)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../x", "../pkg-1.0/../../x", "sub/../../../x", "", "../../../etc", "a\\b"],
)
def test_link_out_of_the_archive_is_refused(tmp_path: Path, target: str) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", link("pkg-1.0/evil", target))
    with pytest.raises(BuildError, match="a link leads out of the archive"):
        unpack(tmp_path, archive)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "pkg-1.0.tar.gz", link("pkg-1.0/sub", "other"), member("pkg-1.0/sub/x", b"x")
    )
    with pytest.raises(BuildError, match="two members have names that mean the same file"):
        unpack(tmp_path, archive)


def test_links_that_lead_through_each_other_cannot_climb_out(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "pkg-1.0.tar.gz",
        link("pkg-1.0/one/two/up", "../../flat"),
        link("pkg-1.0/evil", "one/two/up/../../x"),
    )
    with pytest.raises(BuildError, match="a link leads out of the archive"):
        unpack(tmp_path, archive)


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE]
)
def test_only_files_folders_and_links(tmp_path: Path, kind: bytes) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", member("pkg-1.0/x", type=kind))
    if kind == tarfile.CONTTYPE:  # an old name for a regular file
        assert (unpack(tmp_path, archive) / "x").read_bytes() == b""
        return
    with pytest.raises(BuildError, match="a member is neither file, folder nor link"):
        unpack(tmp_path, archive)


def test_hard_link_to_what_is_not_in_the_archive_is_refused(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", link("pkg-1.0/x", "../secret", tarfile.LNKTYPE))
    (tmp_path / "secret").write_text("x")
    with pytest.raises(BuildError, match="a link leads to no file before it in the archive"):
        unpack(tmp_path, archive)


@pytest.mark.parametrize("second", ["pkg-1.0/a.py", "pkg-1.0/A.py"])
def test_two_names_for_one_file_are_refused(tmp_path: Path, second: str) -> None:
    archive = make_tar(
        tmp_path / "pkg-1.0.tar.gz", member("pkg-1.0/a.py", b"1"), member(second, b"2")
    )
    with pytest.raises(BuildError, match="two members have names that mean the same file"):
        unpack(tmp_path, archive)


def test_size_is_limited_before_anything_is_read(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", member("pkg-1.0/zeros", bytes(MIB + 1)))
    with pytest.raises(BuildError, match="it unpacks to more than the allowed size"):
        unpack(tmp_path, archive)
    assert list((tmp_path / "out").rglob("zeros")) == []


def test_header_that_would_take_all_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 1 << 40
    path = tmp_path / "pkg-1.0.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(BuildError) as caught:
        unpack(tmp_path, path)
    assert str(caught.value) == "cannot unpack `pkg-1.0.tar.gz`: the archive is damaged"
    assert caught.value.details == (("problem", "a header claims 1099511627776 bytes"),)


@pytest.mark.parametrize("cut", [10, 200, -9])
def test_archive_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    archive = make_tar(tmp_path / "pkg-1.0.tar.gz", member("pkg-1.0/x", os.urandom(100_000)))
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(BuildError, match="the archive is damaged"):
        unpack(tmp_path, archive)


def test_zip_obeys_the_rules_of_wheels(tmp_path: Path) -> None:
    path = tmp_path / "pkg-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pkg-1.0/setup.py", "x = 1\n")
    assert (unpack(tmp_path, path) / "setup.py").read_text() == "x = 1\n"
    bad = tmp_path / "bad-1.0.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../evil", "x")
    (tmp_path / "other").mkdir()
    with pytest.raises(WheelError) as caught:
        unpack_source(bad, bad.name, tmp_path / "other", max_unpacked=MIB)
    assert caught.value.fault == "zip-name"


def test_flat_archive_is_its_own_tree(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "x.tgz", member("./setup.py", b""), member("./pkg.py", b""))
    assert unpack(tmp_path, archive) == tmp_path / "out"


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"`x\.rar` is not an archive of sources"):
        unpack_source(tmp_path / "x.rar", "x.rar", tmp_path, max_unpacked=MIB)
