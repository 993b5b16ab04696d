from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import Member, build_archive, deflate

from trail.wheel.archive import Archive, read_contents
from trail.wheel.faults import Fault
from trail.wheel.frame import TAIL, Frame, parse_frame

if TYPE_CHECKING:
    from pathlib import Path


def test_the_frame_needs_only_the_tail() -> None:
    archive = build_archive([Member(name="x", content=bytes(200_000), method=0)], zip64={})
    frame = parse_frame(archive[-TAIL:], len(archive))
    assert frame == Frame(offset=200_031, size=47, entries=1)
    assert frame == parse_frame(archive, len(archive))


def test_a_member_is_unpacked_block_by_block(tmp_path: Path) -> None:
    content = bytes(10 << 20) + b"end"
    path = tmp_path / "archive"
    path.write_bytes(build_archive([Member(name="x", content=content)]))
    with Archive(path) as archive:
        contents = read_contents(archive, max_unpacked=1 << 30)
        blocks = list(archive.blocks(contents.members[0], contents.starts[0]))
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) <= 1 << 20


def test_a_stream_that_goes_on_for_ever_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    body = deflate(bytes(64 << 20))
    path.write_bytes(build_archive([Member(name="x", content=b"abc", body=body)]))
    with Archive(path) as archive:
        contents = read_contents(archive, max_unpacked=1 << 30)
        blocks = archive.blocks(contents.members[0], contents.starts[0])
        with pytest.raises(Fault) as caught:
            next(blocks)
    assert caught.value.code == "zip-stream"


def test_an_archive_that_becomes_shorter(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(build_archive([Member(name="x", content=b"abc" * 100, method=0)]))
    with Archive(path) as archive:
        contents = read_contents(archive, max_unpacked=1 << 30)
        path.write_bytes(b"PK")
        with pytest.raises(OSError, match="Input/output error"):
            list(archive.blocks(contents.members[0], contents.starts[0]))


def test_folders_are_members(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(build_archive([Member(name="x/", mode=0o040755), Member(name="x/y")]))
    with Archive(path) as archive:
        folder, file = read_contents(archive, max_unpacked=0).members
    assert folder.folder
    assert not file.folder
    assert replace(file, executable=True) != file
