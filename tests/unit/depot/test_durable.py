from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, child_environ, depot_at

from trail.depot import durable
from trail.depot.boot import boot_id, foreign_boots

if TYPE_CHECKING:
    from trail.depot.folder import Depot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "depot"


def notes(depot: Depot) -> list[str]:
    return sorted(f"{path.parent.name}/{path.name}" for path in depot.layout.unsynced.glob("*/*"))


def damage(depot: Depot, name: str) -> None:
    """Do what a power loss does: the name is there, the bytes are not."""
    file = next(depot.layout.installed.glob(f"{name}/*/*/lib/python/site-packages/*/data.txt"))
    file.chmod(0o644)
    file.write_bytes(b"")
    file.chmod(0o444)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no boot id")
def test_the_boot_id_is_the_kernels() -> None:
    assert boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_an_entry_leaves_a_note_until_it_is_flushed(root: Path) -> None:
    depot = depot_at(root)
    entry = add_entry(depot, "a")
    assert notes(depot) == ["this-boot/" + entry.id.replace("/", "+")]
    assert depot.settle() == 1
    assert notes(depot) == []
    assert list(depot.layout.unsynced.iterdir()) == []
    assert depot.settle() == 0


def test_the_note_is_older_than_the_name(root: Path) -> None:
    """Killed in between: a note about nothing, which does no harm."""
    depot = depot_at(root)
    durable.leave_note(depot.layout, "old-boot", "a/1.0/py3-none-any-0123456789ab")
    after = depot_at(root)
    assert after.find("a/1.0/py3-none-any-0123456789ab") is None  # type: ignore[arg-type]
    assert add_entry(after, "b").info().facts.name == "b"


def test_notes_of_this_boot_make_nobody_suspicious(root: Path) -> None:
    entry = add_entry(depot_at(root), "a")
    damage(depot_at(root), "a")
    depot = depot_at(root)
    assert depot.suspects == frozenset()
    assert depot.find(entry.id) is not None


def test_an_intact_entry_of_another_boot_is_verified_once(root: Path) -> None:
    entry = add_entry(depot_at(root, boot="old-boot"), "a")
    depot = depot_at(root)
    assert depot.is_suspect(entry.id)
    assert depot.find(entry.id) is not None
    assert not depot.is_suspect(entry.id)
    assert notes(depot) == []
    assert depot_at(root).suspects == frozenset()
    assert foreign_boots(depot.layout.unsynced, "this-boot") == []


def test_an_entry_that_lost_its_bytes_is_not_found_and_comes_anew(root: Path) -> None:
    entry = add_entry(depot_at(root, boot="old-boot"), "a")
    damage(depot_at(root), "a")
    depot = depot_at(root)
    assert depot.find(entry.id) is None
    assert not entry.path.exists()
    assert notes(depot) == []
    add_entry(depot, "a")
    assert depot.find(entry.id) is not None


def test_other_entries_stay_suspect(root: Path) -> None:
    old = depot_at(root, boot="old-boot")
    first, second = add_entry(old, "a"), add_entry(old, "b")
    depot = depot_at(root)
    assert depot.find(first.id) is not None
    assert depot.is_suspect(second.id)


def test_a_damaged_suspect_in_a_depot_that_is_read_only_is_left_out(root: Path) -> None:
    entry = add_entry(depot_at(root, boot="old-boot"), "a")
    damage(depot_at(root), "a")
    depot = depot_at(root)
    reader = type(depot)(depot.layout, writable=False, boot=depot.boot, suspects=depot.suspects)
    assert reader.find(entry.id) is None
    assert entry.path.exists()


def test_a_prefix_leaves_a_note_as_well(root: Path) -> None:
    old = depot_at(root, boot="old-boot")
    with old.staging() as staging:
        (staging / "p").mkdir()
        old.publish(staging / "p", old.layout.prefix("cp312-abc"), "cp312-abc")
    depot = depot_at(root)
    assert depot.is_suspect("cp312-abc")
    depot.trust("cp312-abc")
    assert not depot.is_suspect("cp312-abc")


def test_what_appears_while_the_disk_is_flushed_stays_noted(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = depot_at(root)
    add_entry(depot, "a")
    flush = durable._sync

    def flush_slowly(folder: Path) -> None:
        flush(folder)
        add_entry(depot, "b")

    monkeypatch.setattr(durable, "_sync", flush_slowly)
    assert depot.settle() == 1
    assert [note.partition("+")[0] for note in notes(depot)] == ["this-boot/b"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs strace's kernel")
def test_settling_flushes_the_file_system_once(root: Path, tmp_path: Path) -> None:
    depot = depot_at(root)
    add_entry(depot, "a")
    add_entry(depot, "b")
    log = tmp_path / "log"
    code = (
        "from pathlib import Path; from tests.helpers.depots import depot_at;"
        f"depot_at(Path({str(root)!r})).settle()"
    )
    command = ["strace", "-f", "-e", "trace=syncfs,sync,fsync", "-o", str(log)]
    try:
        subprocess.run([*command, sys.executable, "-c", code], check=True, env=child_environ())
    except FileNotFoundError:
        pytest.skip("strace is not installed")
    calls = [line for line in log.read_text().splitlines() if "sync" in line]
    assert len(calls) == 1
    assert "syncfs(" in calls[0]
    assert notes(depot) == []


def test_without_a_boot_id_everything_is_flushed_before_the_rename(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = depot_at(root, boot="")
    flushed: list[int] = []
    fsync = os.fsync

    def remember(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", remember)
    entry = add_entry(depot, "a")
    assert notes(depot) == []
    assert {path.stat().st_ino for path in (entry.path, *entry.path.rglob("*"))} <= set(flushed)
    assert depot.settle() == 0


def test_a_depot_without_notes_has_no_foreign_boots(root: Path) -> None:
    assert foreign_boots(root / "unsynced", "this-boot") == []
