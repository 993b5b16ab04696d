from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import child_environ

from trail.depot.boot import boot_id
from trail.depot.roots import (
    Input,
    Root,
    dump_root,
    is_current,
    is_settled,
    parse_root,
    read_input,
    read_root,
    root_name,
    take_input,
    touch_root,
    write_root,
)

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "a/1.0/py3-none-any-0123456789ab"
ROOT = Root(
    project="/home/me/project",
    request=("--extra", "x"),
    prefix="/depot/prefixes/cp312-abc",
    entries=(ENTRY,),
    inputs=(Input("/home/me/project/pylock.toml", 120, 1700000000000000000, "ab"),),
    depots=("/depot",),
    written=1700000009000000000,
)
TEXT = """\
trail-root 1
project\t/home/me/project
kind\tproject
prefix\t/depot/prefixes/cp312-abc
written\t1700000009000000000
request\t--extra
request\tx
depot\t/depot
entry\ta/1.0/py3-none-any-0123456789ab
input\t120 1700000000000000000 ab /home/me/project/pylock.toml
end\t9b6489cb
"""


def age(path: Path, seconds: float = 10) -> None:
    """Make a file look as if it was written a while ago."""
    then = time.time_ns() - int(seconds * 1e9)
    os.utime(path, ns=(then, then))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    lock = tmp_path / "pylock.toml"
    lock.write_bytes(b"one")
    age(lock)
    return lock


def root_of(tmp_path: Path, *inputs: Input) -> Root:
    """Write a root with these inputs and read it again."""
    path = tmp_path / "roots" / "root"
    write_root(path, Root(project=str(tmp_path), inputs=inputs))
    root = read_root(path)
    assert root is not None
    return root


def test_the_file_is_plain_lines() -> None:
    assert dump_root(ROOT).decode() == TEXT


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = write_root(tmp_path / "roots" / "root", ROOT)
    assert written.written > ROOT.written
    assert read_root(tmp_path / "roots" / "root") == written
    assert parse_root(dump_root(ROOT)) == ROOT


@pytest.mark.parametrize(
    "path", ["/a\tb", "/a\nb\r", "/a\\tb", "/a\\\\nb", "/\\", "/\udcff", "/ä 1", "/a\\\tb\\"]
)
def test_any_path_survives(path: str) -> None:
    root = Root(project=path, request=(path, ""), inputs=[Input(path, -1, 0, "")])
    assert parse_root(dump_root(root)) == root


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT[:-1].encode()[:80],
        TEXT.replace("--extra", "--other").encode(),
        TEXT.rpartition("end")[0].encode(),
        b"\0" * 100,
        TEXT.encode() + b"\0" * 4096,
    ],
)
def test_a_damaged_file_is_no_root(data: bytes) -> None:
    assert parse_root(data) is None


def test_a_file_of_a_later_trail_is_no_root() -> None:
    body = b"trail-root 2\nproject\t/p\n"
    assert parse_root(body + b"end\t%08x\n" % zlib.crc32(body)) is None


def test_keys_of_later_versions_are_skipped() -> None:
    body = TEXT.rpartition("end")[0].encode() + b"new\tvalue\n"
    assert parse_root(body + b"end\t%08x\n" % zlib.crc32(body)) == ROOT


def test_a_missing_file_is_no_root(tmp_path: Path) -> None:
    assert read_root(tmp_path / "missing") is None
    assert read_root(tmp_path) is None


def test_the_name_is_readable_and_tells_requests_apart() -> None:
    name = root_name("/home/me/my project", ("--extra", "x"))
    assert name == "my_project-eddf32c0cf27b90d"
    others = {
        root_name("/home/me/my project", ()),
        root_name("/home/me/my project", ("--extrax",)),
        root_name("/home/you/my project", ("--extra", "x")),
        root_name("/home/me/my project", ("x", "--extra")),
        name,
    }
    assert len(others) == 5
    assert root_name("/", ()).startswith("root-")
    assert len(root_name("/" + "n" * 300, ())) == 57


def test_a_root_is_current_until_an_input_changes(tmp_path: Path, lock: Path) -> None:
    root = root_of(tmp_path, read_input(str(lock)))
    assert is_current(root)
    assert is_settled(root)
    lock.write_bytes(b"two")
    assert not is_current(root)


def test_a_change_within_one_tick_of_the_clock_is_noticed(tmp_path: Path, lock: Path) -> None:
    age(lock, 0)
    before = lock.stat()
    root = root_of(tmp_path, read_input(str(lock)))
    assert is_current(root)
    assert not is_settled(root)
    lock.write_bytes(b"two")  # of the same size
    os.utime(lock, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert lock.stat().st_mtime_ns == before.st_mtime_ns
    assert not is_current(root)


def test_a_clock_that_runs_ahead_makes_no_difference(tmp_path: Path, lock: Path) -> None:
    age(lock, -3600)
    root = root_of(tmp_path, read_input(str(lock)))
    assert is_current(root)
    assert not is_settled(root)


def test_a_change_while_the_file_is_used_is_noticed(tmp_path: Path, lock: Path) -> None:
    """What counts is the content that was used, not what is there when the root is written."""
    taken, data = take_input(str(lock))
    assert data == b"one"
    before = lock.stat()
    lock.write_bytes(b"two")
    os.utime(lock, ns=(before.st_atime_ns, time.time_ns()))
    assert not is_current(root_of(tmp_path, taken))


def test_a_file_that_appears_or_vanishes_is_a_change(tmp_path: Path, lock: Path) -> None:
    missing = tmp_path / "uv.lock"
    taken, data = take_input(str(missing))
    assert (taken.size, data) == (-1, None)
    root = root_of(tmp_path, taken, read_input(str(lock)))
    assert is_current(root)
    assert is_settled(root)
    missing.touch()
    assert not is_current(root)
    missing.unlink()
    lock.unlink()
    assert not is_current(root)


def test_a_root_without_its_prefix_is_not_current(tmp_path: Path) -> None:
    prefix = tmp_path / "prefixes" / "key"
    root = Root(project="/p", prefix=str(prefix))
    assert not is_current(root)
    prefix.mkdir(parents=True)
    assert is_current(root)


@pytest.mark.parametrize(
    ("note", "current"),
    [
        ("cp312-abc", False),
        (ENTRY.replace("/", "+"), False),
        ("b+1.0+py3-none-any-0123456789ab", True),
    ],
)
def test_a_root_is_not_current_if_a_power_loss_may_have_hit_it(
    tmp_path: Path, note: str, *, current: bool
) -> None:
    prefix = tmp_path / "prefixes" / "cp312-abc"
    prefix.mkdir(parents=True)
    root = Root(project="/p", prefix=str(prefix), entries=[ENTRY], depots=[str(tmp_path)])
    ours = tmp_path / "unsynced" / (boot_id() or "none")
    ours.mkdir(parents=True)
    (ours / note).touch()
    assert is_current(root) == bool(boot_id())
    ours.rename(ours.with_name("old-boot"))
    assert is_current(root) == current


def test_a_use_is_noted_at_most_once_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "root"
    touch_root(str(path))
    assert not path.exists()
    path.touch()
    for seconds, noted in ((60, False), (7200, True)):
        age(path, seconds)
        before = path.stat().st_mtime
        touch_root(str(path))
        assert (path.stat().st_mtime > before) == noted


def test_reading_a_root_imports_nearly_nothing() -> None:
    """`trail run` pays for each import at every start."""
    code = (
        "import os, sys; before = set(sys.modules);"
        "from trail.depot.roots import *; read_root('/missing'); is_current(Root(project='/p'));"
        "print(*sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-S", "-c", code]
    result = subprocess.run(command, check=True, capture_output=True, env=child_environ())
    assert result.stdout.decode().split() == [
        "__future__",
        "trail",
        "trail.depot",
        "trail.depot.boot",
        "trail.depot.roots",
        "zlib",
    ]
