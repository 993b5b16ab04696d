"""Disks that are full or read-only: a message that says so, and a depot that stays whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, depot_at, entry_facts

from trail.depot.store import open_depots
from trail.errors import DepotError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trail.depot.store import Depot


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Write until not one more byte fits."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def staged_names(depot: Depot) -> list[str]:
    return [path.name for path in depot.layout.staging.iterdir() if path != depot.layout.locks]


def test_a_full_disk_is_named_and_leaves_nothing_behind(disk: Path) -> None:
    depot = depot_at(disk / "depot")
    kept = add_entry(depot, "kept")
    with pytest.raises(OSError, match="No space left"), depot.staging() as staging:
        (staging / "big").write_bytes(bytes(300 * 1024))
    assert staged_names(depot) == []
    identity, info = entry_facts("a")
    with depot.staging() as staging:
        (staging / "entry").mkdir()
        ballast = fill(disk)
        with pytest.raises(DepotError) as caught:
            depot.admit(staging / "entry", identity, info)
    assert (
        caught.value.message == f"cannot write `{depot.layout.entry(identity)}`: the disk is full"
    )
    assert caught.value.hint == "free some space, for instance with `trail depot gc`"
    assert depot.find(identity) is None
    # Removing works on a full disk, or `trail depot gc` could not help.
    depot.remove(kept.path)
    assert depot.find(kept.id) is None
    ballast.unlink()
    assert staged_names(depot) == []
    assert add_entry(depot, "a").info().filename == "a-1.0-py3-none-any.whl"


def test_a_disk_that_is_full_from_the_start_is_named(disk: Path) -> None:
    fill(disk)
    with pytest.raises(DepotError) as caught:
        _ = open_depots([disk / "depot"]).receiver
    assert caught.value.message == "there is no depot that can be written"
    assert caught.value.details == (("depot", f"{disk / 'depot'} (the disk is full)"),)


def test_a_disk_that_becomes_read_only_is_named_and_still_read(disk: Path) -> None:
    depot = depot_at(disk / "depot")
    entry = add_entry(depot, "a")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(DepotError) as caught:
        add_entry(depot, "b")
    assert caught.value.message.startswith(f"cannot make `{depot.layout.staging}/")
    assert caught.value.message.endswith("`: the file system is read-only")
    stack = open_depots([disk / "depot"])
    assert [depot.writable for depot in stack.depots] == [False]
    assert stack.find(entry.id) == entry


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX")
def test_a_limit_on_file_sizes_is_named(tmp_path: Path) -> None:
    """A fault in writing that any user can have, whatever the disk."""
    import resource  # noqa: PLC0415  # missing on Windows

    depot = depot_at(tmp_path / "depot")
    identity, info = entry_facts("a")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with depot.staging() as staging:
        (staging / "entry").mkdir()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(DepotError) as caught:
                depot.admit(staging / "entry", identity, info)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
    path = depot.layout.entry(identity)
    assert caught.value.message == f"cannot write `{path}`: a file would be larger than allowed"
    assert caught.value.hint == "see `ulimit -f`"
    assert not path.exists()
