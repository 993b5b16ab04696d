from __future__ import annotations

import importlib.util
import multiprocessing
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.helpers.prefixes import (
    Python,
    add_entry,
    install_wheel,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)
from tests.helpers.wheels import make_wheel

import trail
from trail.depot.store import Depot, Entry, open_depots
from trail.depot.verify import verify_entry
from trail.prefix.background import start_compiling
from trail.prefix.bytecode import Compiled, compile_entries, compile_prefix, is_compiled

PYTHON = this_python()
TAG = PYTHON.cache_tag
SOURCE = "def fail():\n    raise ValueError\n"


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture
def entry(depot: Depot) -> Entry:
    return add_entry(depot, "a", "1.0", {"a/__init__.py": SOURCE, "a/b/c.py": "", "m.py": SOURCE})


def compile_all(*entries: Entry, python: Python = PYTHON, processes: int = 1) -> Compiled:
    return compile_entries(python.executable, python.cache_tag, entries, processes=processes)


def bytecode(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.pyc")}


def test_every_source_gets_bytecode_that_trusts_the_source(entry: Entry) -> None:
    assert not is_compiled(entry, TAG)
    assert compile_all(entry) == Compiled(entries=(entry.id,), files=3)
    assert is_compiled(entry, TAG)
    site = entry.path / "lib/python/site-packages"
    found = bytecode(site)
    assert set(found) == {
        f"a/__pycache__/__init__.{TAG}.pyc",
        f"a/b/__pycache__/c.{TAG}.pyc",
        f"__pycache__/m.{TAG}.pyc",
    }
    source_hash = importlib.util.source_hash(SOURCE.encode())
    head = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + source_hash
    assert found[f"__pycache__/m.{TAG}.pyc"].read_bytes()[:16] == head


def test_the_entry_stays_read_only_and_verifies(depot: Depot, tmp_path: Path) -> None:
    files = {"a/__init__.py": SOURCE, "a/b/c.py": "", "m.py": SOURCE}
    entry = install_wheel(depot, make_wheel(tmp_path, "a", "1.0", files))
    assert compile_all(entry).files == 3
    paths = [entry.path, *entry.path.rglob("*")]
    assert [path for path in paths if path.stat().st_mode & stat.S_IWUSR] == []
    assert verify_entry(entry) == ()


def test_a_second_time_does_nothing(entry: Entry) -> None:
    compile_all(entry)
    assert compile_all(entry) == Compiled()


def test_what_an_interrupted_job_left_is_used_and_what_it_cut_is_not(entry: Entry) -> None:
    compile_all(entry)
    site = entry.path / "lib/python/site-packages"
    whole, cut = (
        bytecode(site)[f"__pycache__/m.{TAG}.pyc"],
        bytecode(site)[f"a/b/__pycache__/c.{TAG}.pyc"],
    )
    before = whole.stat().st_ino
    cut.chmod(0o644)
    cut.write_bytes(cut.read_bytes()[:20])
    cut.chmod(0o444)
    entry.depot.layout.compiled(f"{TAG}/{entry.id}").unlink()
    assert compile_all(entry) == Compiled(entries=(entry.id,), files=3)
    assert whole.stat().st_ino == before
    assert cut.stat().st_size > 20


def test_an_entry_that_came_anew_is_compiled_anew(depot: Depot, entry: Entry) -> None:
    compile_all(entry)
    depot.remove(entry.path)
    mark = depot.layout.compiled(f"{TAG}/{entry.id}")
    os.utime(mark, (time.time() - 60, time.time() - 60))
    again = add_entry(depot, "a", "1.0", {"a/__init__.py": SOURCE, "a/b/c.py": "", "m.py": SOURCE})
    assert again.id == entry.id
    assert not is_compiled(again, TAG)
    assert compile_all(again).entries == (entry.id,)


def test_files_of_no_python_of_today_are_passed_over(depot: Depot) -> None:
    entry = add_entry(
        depot,
        "old",
        "1.0",
        {
            "old/py2.py": "print 'hello'",
            "old/template.py": "import {{ name }}",
            "old/nul.py": b"\0",
            "old/coded.py": b"# coding: nonsense\n",
            "old/fine.py": "X = 1",
        },
    )
    assert compile_all(entry) == Compiled(entries=(entry.id,), files=1, failed=4)


def test_several_entries_and_processes(depot: Depot) -> None:
    entries = [
        add_entry(depot, f"p{number}", "1.0", {f"p{number}.py": "X = 1"}) for number in range(9)
    ]
    result = compile_all(*entries, processes=2)
    assert result == Compiled(entries=tuple(entry.id for entry in entries), files=9)


def test_a_depot_that_cannot_be_written_is_left_alone(tmp_path: Path, entry: Entry) -> None:
    closed = Depot(entry.depot.layout, writable=False)
    found = closed.find(entry.id)
    assert found is not None
    assert compile_all(found) == Compiled(left=(entry.id,))
    assert bytecode(tmp_path) == {}


def test_a_python_that_does_not_run_leaves_everything(tmp_path: Path, entry: Entry) -> None:
    result = compile_entries(tmp_path / "none", TAG, [entry])
    assert result == Compiled(left=(entry.id,))


def test_an_entry_that_somebody_else_compiles_is_left_to_them(entry: Entry) -> None:
    with entry.depot.guard(f"compile {entry.id}"):
        assert compile_all(entry) == Compiled(left=(entry.id,))


def work(root: str, results: multiprocessing.Queue[int]) -> None:
    depot = open_depots([Path(root)]).receiver
    results.put(compile_all(*depot.entries()).files)


def test_two_processes_share_the_work(depot: Depot) -> None:
    for number in range(20):
        add_entry(depot, f"p{number}", "1.0", {f"p{number}/x{index}.py": "" for index in range(5)})
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (str(depot.layout.root), results)
    processes = [context.Process(target=work, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    counts = [results.get() for _ in processes]
    for process in processes:
        process.join()
    assert sum(counts) == 100
    assert len(bytecode(depot.layout.installed)) == 100


def test_several_pythons_share_an_entry(entry: Entry) -> None:
    pythons = [PYTHON, *(this_python(str(path)) for path in other_pythons())]
    for python in pythons:
        assert compile_all(entry, python=python).files == 3
        prefix = make_prefix(entry.depot, [entry], python=python)
        code = "import m, a; print(m.__spec__.cached, m.fail.__code__.co_filename)"
        cached, filename = run_python(prefix, "-c", code).split()
        assert Path(cached).resolve().is_relative_to(entry.path)
        assert filename == str(prefix.site_packages / "m.py")
    assert len(bytecode(entry.path)) == 3 * len(pythons)


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy"])
def test_a_program_uses_the_bytecode_and_shows_the_prefix(entry: Entry, mode: str) -> None:
    # Made before the bytecode: its links lead nowhere yet.
    prefix = make_prefix(entry.depot, [entry], link_mode=mode)
    assert run_python(prefix, "-B", "-c", "import a.b.c, m") == ""
    compile_all(entry)
    code = (
        "import sys, traceback, importlib._bootstrap_external as b\n"
        "def refuse(*a, **k): raise AssertionError('compiled')\n"
        "b.SourceLoader.source_to_code = refuse\n"
        "import a.b.c, m\n"
        "try: m.fail()\n"
        "except ValueError as e: print(traceback.format_tb(e.__traceback__)[-1].splitlines()[0])\n"
        "try: a.fail()\n"
        "except ValueError as e: print(traceback.format_tb(e.__traceback__)[-1].splitlines()[0])\n"
    )
    assert run_python(prefix, "-c", code).splitlines() == [
        f'  File "{prefix.site_packages}/m.py", line 2, in fail',
        f'  File "{prefix.site_packages}/a/__init__.py", line 2, in fail',
    ]


def test_a_prefix_is_compiled_and_marked(entry: Entry) -> None:
    prefix = make_prefix(entry.depot, [entry])
    assert compile_prefix(entry.depot, prefix.key).files == 3
    assert compile_prefix(entry.depot, prefix.key) == Compiled()
    assert start_compiling(str(prefix.path)) is False


def test_compiling_goes_on_in_the_background(entry: Entry) -> None:
    prefix = make_prefix(entry.depot, [entry])
    code = (
        "import os, sys; from trail.prefix.background import start_compiling\n"
        "print(start_compiling(sys.argv[1]))\n"
        # No child of ours, so that what this process becomes has none to wait for.
        "try: os.waitpid(-1, os.WNOHANG)\n"
        "except ChildProcessError: print('alone')\n"
    )
    command = [sys.executable, "-c", code, str(prefix.path)]
    environ = os.environ | {"PYTHONPATH": str(Path(trail.__file__).parents[1])}
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert output.stdout.split() == ["True", "alone"]
    mark = entry.depot.layout.compiled(prefix.key)
    end = time.monotonic() + 30
    while not mark.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert is_compiled(entry, TAG)
