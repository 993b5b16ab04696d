from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, depot_at, stage_entry

from trail.depot.entry import dump_info
from trail.depot.verify import Problem, Trouble, verify_entries, verify_entry
from trail.model import Mismatch, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trail.depot.store import Depot, Entry

SITE = "lib/python/site-packages"


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return depot_at(tmp_path / "depot")


@pytest.fixture
def entry(depot: Depot) -> Entry:
    return add_entry(depot, "a", files={"__init__.py": b"1\n", "b.c.py": b"2\n", "data": b"3\n"})


def open_up(path: Path) -> Path:
    """Give write permission on a file's folder and on the file, and return it."""
    path.parent.chmod(0o755)
    if path.exists() and not path.is_symlink():
        path.chmod(0o644)
    return path


def close(entry: Entry) -> None:
    for path in (entry.path, *entry.path.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)


def test_an_entry_is_as_it_was_installed(entry: Entry) -> None:
    assert verify_entry(entry) == ()


def test_changed_bytes_are_found(entry: Entry) -> None:
    open_up(entry.path / SITE / "a" / "data").write_bytes(b"4\n")
    close(entry)
    (problem,) = verify_entry(entry)
    assert problem == Problem(
        path=f"{SITE}/a/data",
        what=Trouble.CHANGED,
        expected="sha256=1121cfccd5913f0a63fec40a6ffd44ea64f9dc135c66634ba001d10bcf4302a2",
        actual="sha256=7de1555df0c2700329e815b93b32c571c3ea54dc967b89e81ab73b9972b72d1d",
    )
    assert problem.serious


def test_a_file_that_is_cut_short_is_found_without_hashing(entry: Entry) -> None:
    open_up(entry.path / SITE / "a" / "data").write_bytes(b"")
    close(entry)
    assert verify_entry(entry) == (
        Problem(path=f"{SITE}/a/data", what=Trouble.CHANGED, expected="2 bytes", actual="0 bytes"),
    )


def test_missing_and_extra_files_are_found(entry: Entry) -> None:
    open_up(entry.path / SITE / "a" / "data").unlink()
    (entry.path / SITE / "a" / "evil.py").touch()
    close(entry)
    assert verify_entry(entry) == (
        Problem(path=f"{SITE}/a/data", what=Trouble.MISSING),
        Problem(path=f"{SITE}/a/evil.py", what=Trouble.EXTRA),
    )


def test_a_link_in_the_place_of_a_file_is_found(entry: Entry, tmp_path: Path) -> None:
    file = open_up(entry.path / SITE / "a" / "data")
    file.unlink()
    (tmp_path / "same").write_bytes(b"3\n")
    file.symlink_to(tmp_path / "same")
    close(entry)
    assert verify_entry(entry) == (
        Problem(path=f"{SITE}/a/data", what=Trouble.KIND, expected="file", actual="link"),
    )


def test_a_link_to_a_folder_is_found_and_not_followed(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    open_up(entry.path / SITE / "link").symlink_to(tmp_path / "outside")
    close(entry)
    assert verify_entry(entry) == (Problem(path=f"{SITE}/link", what=Trouble.EXTRA),)


def test_bytecode_of_installed_sources_is_allowed(entry: Entry) -> None:
    cache = entry.path / SITE / "a" / "__pycache__"
    open_up(cache).mkdir()
    for name in ("__init__.cpython-312", "__init__.cpython-312.opt-1", "b.c.cpython-312"):
        (cache / f"{name}.pyc").touch()
    close(entry)
    assert verify_entry(entry) == ()


@pytest.mark.parametrize(
    "path",
    ["a/__pycache__/other.cpython-312.pyc", "a/__pycache__/__init__.py", "a/__init__.pyc"],
)
def test_other_bytecode_is_extra(entry: Entry, path: str) -> None:
    file = entry.path / SITE / path
    file.parent.parent.chmod(0o755)
    file.parent.mkdir(exist_ok=True)
    open_up(file).touch()
    close(entry)
    assert verify_entry(entry) == (Problem(path=f"{SITE}/{path}", what=Trouble.EXTRA),)


def test_a_changed_record_is_found_and_not_believed(entry: Entry) -> None:
    record = entry.path / SITE / "a-1.0.dist-info" / "RECORD"
    before = record.read_bytes()
    open_up(record).write_bytes(before + b"a/evil.py,,\n")
    close(entry)
    (problem,) = verify_entry(entry)
    assert (problem.path, problem.what) == (f"{SITE}/a-1.0.dist-info/RECORD", Trouble.CHANGED)


def test_a_compiler_at_work_or_killed_is_no_damage(entry: Entry) -> None:
    cache = entry.path / SITE / "a" / "__pycache__"
    open_up(cache)
    cache.mkdir()
    (cache / "__init__.cpython-312.pyc.139872").write_bytes(b"")
    cache.parent.chmod(0o555)
    assert verify_entry(entry) == ()


def test_write_permission_is_a_note(entry: Entry) -> None:
    open_up(entry.path / SITE / "a" / "data")
    found = verify_entry(entry)
    assert found == (
        Problem(path=f"{SITE}/a/", what=Trouble.WRITABLE),
        Problem(path=f"{SITE}/a/data", what=Trouble.WRITABLE),
    )
    assert not any(problem.serious for problem in found)


def test_a_kill_between_the_rename_and_its_end_is_a_note(entry: Entry) -> None:
    entry.path.chmod(0o755)
    assert verify_entry(entry) == (Problem(path=".", what=Trouble.WRITABLE),)


def test_waived_mismatches_are_notes(depot: Depot) -> None:
    with depot.staging() as staging:
        identity, info = stage_entry(staging / "e", "a")
        wrong = Mismatch(path="a/x", rule="record-hash", expected="sha256=1", actual="sha256=2")
        facts = dataclasses.replace(info.facts, mismatches=(wrong,))
        entry = depot.admit(staging / "e", identity, dataclasses.replace(info, facts=facts))
    (problem,) = verify_entry(entry)
    assert problem == Problem(
        path="a/x", what=Trouble.WAIVED, expected="sha256=1", actual="sha256=2"
    )
    assert not problem.serious


def test_a_damaged_entry_file_is_a_problem(depot: Depot, entry: Entry) -> None:
    open_up(depot.layout.entry_file(entry.id)).write_bytes(b"{")
    (problem,) = verify_entry(type(entry)(entry.id, entry.path, depot))
    assert (problem.path, problem.what) == ("entry.json", Trouble.UNREADABLE)
    assert problem.serious


def test_the_entry_file_of_another_entry_is_a_problem(depot: Depot, entry: Entry) -> None:
    info = dataclasses.replace(entry.info(), sha256=Sha256("f" * 64))
    open_up(depot.layout.entry_file(entry.id)).write_bytes(dump_info(info))
    close(entry)
    assert verify_entry(type(entry)(entry.id, entry.path, depot)) == (
        Problem(
            path="entry.json",
            what=Trouble.CHANGED,
            expected="a/1.0/py3-none-any-ffffffffffff",
            actual=entry.id,
        ),
    )


def test_an_entry_that_vanishes_is_a_problem(depot: Depot, entry: Entry) -> None:
    depot.remove(entry.path)
    (problem,) = verify_entry(entry)
    assert problem.what == Trouble.UNREADABLE


def test_many_entries_are_verified_in_order(depot: Depot) -> None:
    entries = [add_entry(depot, f"e{number:02}") for number in range(20)]
    open_up(entries[7].path / SITE / "e07" / "data.txt").write_bytes(b"")
    close(entries[7])
    found = list(verify_entries(depot.entries(), threads=3))
    assert [entry for entry, _ in found] == entries
    assert [entry.id for entry, problems in found if problems] == [entries[7].id]


def test_verifying_can_be_given_up(depot: Depot) -> None:
    entries = [add_entry(depot, f"e{number}") for number in range(9)]
    taken = []

    def take() -> Iterator[Entry]:
        for entry in entries:
            taken.append(entry)
            yield entry

    verification = verify_entries(take(), threads=1)
    next(verification)
    verification.close()
    assert len(taken) < len(entries)
