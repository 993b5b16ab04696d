from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, child_environ, depot_at, entry_facts, stage_entry

from trail.depot.folder import Depot
from trail.errors import DepotError
from trail.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Stages an entry in the depot argv[1] and waits for ever.
STAGER = """
import sys, time
from pathlib import Path
from tests.helpers.depots import depot_at, stage_entry
with depot_at(Path(sys.argv[1])).staging() as staging:
    stage_entry(staging / "entry", "a")
    print(staging.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return depot_at(tmp_path / "depot")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leftovers(depot: Depot) -> list[str]:
    """What is in staging, lock files included."""
    found = depot.layout.staging.rglob("*")
    return sorted(path.name for path in found if path != depot.layout.locks)


def test_an_entry_is_found_with_what_was_known_of_it(depot: Depot) -> None:
    identity, info = entry_facts("a-b", "1.0+cpu")
    assert depot.find(identity) is None
    entry = add_entry(depot, "a-b", "1.0+cpu")
    found = depot.find(identity)
    assert found is not None
    assert found == entry
    assert found.path == depot.layout.installed / identity
    assert found.info().sha256 == info.sha256
    assert found.info().facts.name == "a-b"


def test_an_entry_is_read_only_and_the_folders_above_are_not(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    assert mode_of(entry.path) == 0o555
    assert mode_of(depot.layout.entry_file(entry.id)) == 0o444
    for path in entry.path.rglob("*"):
        assert mode_of(path) & 0o222 == 0
    assert mode_of(entry.path.parent) & stat.S_IWUSR


def test_nothing_is_left_in_staging(depot: Depot) -> None:
    add_entry(depot, "a")
    assert leftovers(depot) == []


def test_who_is_second_keeps_what_the_first_made(depot: Depot) -> None:
    first = add_entry(depot, "a")
    (before,) = (file.stat().st_ino for file in first.path.rglob("data.txt"))
    second = add_entry(depot, "a")
    (after,) = (file.stat().st_ino for file in second.path.rglob("data.txt"))
    assert (second, before) == (first, after)
    assert leftovers(depot) == []


def test_another_wheel_with_the_same_digits_is_refused(depot: Depot) -> None:
    common = "0123456789ab"
    with depot.staging() as staging:
        identity, info = stage_entry(staging / "e", "a", digest=common + "1" * 52)
        depot.admit(staging / "e", identity, info)
        other, info = stage_entry(staging / "e", "a", digest=common + "2" * 52)
        assert other == identity
        with pytest.raises(DepotError) as caught:
            depot.admit(staging / "e", other, info)
    assert caught.value.message == (
        "the depot has another wheel as `a/1.0/py3-none-any-0123456789ab`"
    )
    assert caught.value.details == (
        ("expected", f"sha256={common}{'2' * 52}"),
        ("actual", f"sha256={common}{'1' * 52}"),
    )


def test_an_entry_is_admitted_while_its_empty_folder_is_being_removed(depot: Depot) -> None:
    identity, _ = entry_facts("a")
    depot.layout.entry(identity).mkdir(parents=True)  # empty: what a removal leaves for a moment
    assert add_entry(depot, "a").info().filename == "a-1.0-py3-none-any.whl"


def test_a_staged_folder_that_is_read_only_already_is_admitted(depot: Depot) -> None:
    with depot.staging() as staging:
        (staging / "p").mkdir()
        (staging / "p").chmod(0o555)
        assert depot.publish(staging / "p", depot.layout.prefix("key"), "key")
    assert mode_of(depot.layout.prefix("key")) == 0o555


def test_publish_leaves_both_alone_if_the_name_is_taken(depot: Depot) -> None:
    for content in ("first", "second"):
        with depot.staging() as staging:
            (staging / "p").mkdir()
            (staging / "p" / "file").write_text(content)
            ours = depot.publish(staging / "p", depot.layout.prefix("key"), "key")
            assert ours == (content == "first")
            assert (staging / "p").exists() == (content == "second")
    assert (depot.layout.prefix("key") / "file").read_text() == "first"


def test_a_file_in_the_place_of_a_folder_is_named(depot: Depot) -> None:
    depot.layout.installed.mkdir()
    (depot.layout.installed / "a").touch()
    with pytest.raises(DepotError) as caught:
        add_entry(depot, "a")
    path = depot.layout.entry(entry_facts("a")[0])
    assert caught.value.message == f"cannot write `{path}`: a part of the path is not a folder"
    assert caught.value.hint == "move the file of that name away"
    assert depot.find(entry_facts("a")[0]) is None


def test_staging_is_removed_after_an_exception(depot: Depot) -> None:
    def fail(staging: Path) -> None:
        stage_entry(staging / "entry", "a")
        raise RuntimeError

    with pytest.raises(RuntimeError), depot.staging() as staging:
        fail(staging)
    assert leftovers(depot) == []


def test_staging_folders_are_fresh_and_on_the_same_file_system(depot: Depot) -> None:
    with depot.staging() as one, depot.staging() as other:
        assert one != other
        assert list(one.iterdir()) == []
        assert one.stat().st_dev == depot.layout.root.stat().st_dev


@pytest.fixture
def stager(depot: Depot) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has staged something; the line that it prints names the folder."""
    command = [sys.executable, "-c", STAGER, str(depot.layout.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=child_environ()) as process:
        try:
            yield process
        finally:
            process.kill()


def test_only_what_dead_processes_left_is_cleaned(
    depot: Depot, stager: subprocess.Popen[bytes]
) -> None:
    assert stager.stdout is not None
    theirs = depot.layout.staged(stager.stdout.readline().decode().strip())
    with depot.staging() as ours:
        assert depot.clean_staging() == 0
        assert ours.exists()
    assert (theirs / "entry").exists()
    stager.kill()
    stager.wait()
    assert depot.clean_staging() == 1
    assert leftovers(depot) == []


def test_lock_files_of_dead_processes_are_cleaned(depot: Depot) -> None:
    with depot.guard("alive"):
        depot.layout.lock("dead").touch()
        assert depot.clean_staging() == 0
        assert leftovers(depot) == ["alive.lock"]


def test_cleaning_a_depot_without_staging_does_nothing(depot: Depot) -> None:
    assert depot.clean_staging() == 0
    assert not depot.layout.staging.exists()


def test_a_guard_keeps_others_out_of_one_subject(depot: Depot) -> None:
    with depot.guard("a/1.0/x") as mine:
        assert mine
        with depot.guard("a/1.0/x", wait=False) as theirs:
            assert not theirs
        with depot.guard("a/1.0/y", wait=False) as other:
            assert other
    with depot.guard("a/1.0/x", wait=False) as again:
        assert again


def test_an_error_in_the_body_of_a_guard_is_not_the_depots(depot: Depot) -> None:
    with pytest.raises(FileNotFoundError, match="of the body"), depot.guard("a"):
        raise FileNotFoundError("of the body")


def test_removal_takes_the_empty_folders_above(depot: Depot) -> None:
    one, other = add_entry(depot, "a", "1.0"), add_entry(depot, "a", "2.0")
    depot.remove(one.path)
    assert depot.find(one.id) is None
    assert depot.find(other.id) is not None
    assert not one.path.parent.exists()
    depot.remove(other.path)
    assert list(depot.layout.installed.iterdir()) == []
    assert leftovers(depot) == []


def test_removing_what_is_not_there_is_no_error(depot: Depot) -> None:
    depot.remove(depot.layout.prefix("key"))
    assert leftovers(depot) == []


def test_a_folder_that_cannot_be_read_is_named(depot: Depot) -> None:
    installed = depot.layout.installed
    installed.symlink_to(installed)
    with pytest.raises(DepotError) as caught:
        list(depot.entries())
    assert str(caught.value) == (
        f"cannot read `{installed}`: the path leads through a ring of links"
    )


def test_entries_are_listed_in_order_and_strangers_are_not(depot: Depot) -> None:
    assert list(depot.entries()) == []
    ids = [add_entry(depot, name, version).id for name, version in (("b", "1"), ("a", "2"))]
    (depot.layout.installed / "a" / "stray").touch()
    (depot.layout.installed / "c" / "1.0" / "no-digits").mkdir(parents=True)
    assert [entry.id for entry in depot.entries()] == sorted(ids)


def test_a_use_is_noted_once_a_day(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    file = depot.layout.entry_file(entry.id)
    for age, noted in ((3600, False), (25 * 3600, True)):
        then = int(time.time()) - age
        os.utime(file, (then, then))
        assert depot.find(entry.id) is not None
        assert (file.stat().st_mtime > then) == noted


def test_a_depot_that_is_read_only_is_not_touched(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    file = depot.layout.entry_file(entry.id)
    os.utime(file, (1, 1))
    assert Depot(depot.layout, writable=False).find(entry.id) is not None
    assert file.stat().st_mtime == 1


def test_an_intact_entry_is_not_removed_by_mistake(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    assert not depot.quarantine(entry)
    assert depot.find(entry.id) is not None


def test_a_damaged_entry_is_removed_and_can_come_back(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    data = next(entry.path.rglob("data.txt"))
    data.chmod(0o644)
    data.write_bytes(b"changed")
    assert depot.quarantine(entry)
    assert depot.find(entry.id) is None
    assert leftovers(depot) == []
    assert not depot.quarantine(add_entry(depot, "a"))


def test_facts_are_read_once(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    assert entry.info() is entry.info()


def test_an_entry_without_facts_is_named(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    remove_tree(entry.path)
    with pytest.raises(DepotError) as caught:
        entry.info()
    file = entry.path / "entry.json"
    assert caught.value.message == f"cannot read `{file}`: no such file or directory"
