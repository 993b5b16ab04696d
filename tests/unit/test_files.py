from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from trail.files import hash_file, make_read_only, remove_tree, write_atomic, write_cached

if TYPE_CHECKING:
    from pathlib import Path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("flush", [True, False])
def test_write_atomic_replaces_the_file_and_leaves_nothing_else(
    tmp_path: Path, *, flush: bool
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old, and longer")
    write_atomic(file, b"new", flush=flush)
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_write_cached_makes_folders_and_replaces_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "file"
    write_cached(str(file), b"old, and longer")
    write_cached(str(file), b"n", b"", b"ew", modified=1_000_000.5)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mtime == 1_000_000.5
    assert list(file.parent.iterdir()) == [file]


def test_write_cached_keeps_the_old_file_after_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.mkdir()
    (file / "x").touch()
    with pytest.raises(OSError, match="irectory"):
        write_cached(str(file), b"new")
    assert list(tmp_path.iterdir()) == [file]


def test_write_atomic_keeps_the_old_file_and_removes_its_own_after_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "in-the-way"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]


def test_write_atomic_asks_the_umask_who_may_read(tmp_path: Path) -> None:
    previous = os.umask(0o022)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(previous)
    assert mode_of(tmp_path / "file") == 0o644


def test_write_atomic_keeps_the_mode_of_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    file.chmod(0o640)
    write_atomic(file, b"new")
    assert mode_of(file) == 0o640


def test_write_atomic_keeps_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_write_atomic_writes_a_file_with_the_longest_name(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    write_atomic(file, b"new")
    assert file.read_bytes() == b"new"


def test_hash_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(tmp_path / "file") == expected


def test_make_read_only_leaves_links_and_execute_bits_alone(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "tool").touch()
    (folder / "below" / "tool").chmod(0o755)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (folder / "link").symlink_to(outside)
    make_read_only(folder)
    assert mode_of(folder) == mode_of(folder / "below") == 0o555
    assert mode_of(folder / "below" / "tool") == 0o555
    assert mode_of(outside) == 0o644
    remove_tree(folder)


@pytest.mark.parametrize("mode", [0o555, 0o444, 0o000])
def test_remove_tree_removes_folders_that_permit_nothing(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "folder"
    (folder / "a" / "b").mkdir(parents=True)
    for path in (folder / "a" / "b" / "file", folder / "file"):
        path.touch()
        path.chmod(0)
    for path in (folder / "a" / "b", folder / "a", folder):
        path.chmod(mode)
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []


def test_remove_tree_does_not_follow_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    outside.chmod(0o555)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside, target_is_directory=True)
    (folder / "broken").symlink_to("nowhere")
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == [outside]
    assert mode_of(outside) == 0o555
    assert (outside / "file").exists()


def test_remove_tree_removes_a_link_or_a_file_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    remove_tree(tmp_path / "link")
    assert (tmp_path / "file").exists()
    remove_tree(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_remove_tree_accepts_a_missing_folder(tmp_path: Path) -> None:
    remove_tree(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
