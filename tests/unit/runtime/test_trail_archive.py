from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import (
    Python,
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

from trail.depot.collect import Plan, collect
from trail.depot.store import open_depots
from trail.prefix.bytecode import compile_entries, compile_prefix
from trail.report import Reporter

if TYPE_CHECKING:
    from trail.depot.store import Depot, Entry
    from trail.prefix.model import Prefix

PYTHONS = [Path(sys.executable), *other_pythons()]
# Prints what is opened and listed in site-packages and in archives.
WATCH = """\
import sys
seen = []
def watch(event, words):
    path = str(words[0]) if event in {"open", "os.listdir"} else ""
    for place in ("/archives/", "/site-packages/"):
        if place in path:
            seen.append((event, path.rpartition(place)[2]))
            break
sys.addaudithook(watch)
"""


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture(params=PYTHONS, ids=lambda path: path.parts[-3])
def python(request: pytest.FixtureRequest) -> Python:
    return this_python(str(request.param))


@pytest.fixture
def able(python: Python) -> Python:
    """A Python that can use archives."""
    if int(python.minor.partition(".")[2]) < 13:
        pytest.skip("archives are for Python 3.13 and later")
    return python


def add_package(depot: Depot) -> Entry:
    return add_entry(
        depot,
        "p",
        "1.0",
        {
            "pkg/__init__.py": "V = 1\n",
            "pkg/sub/__init__.py": "def f():\n    return 2\n",
            "pkg/sub/deep/mod.py": "V = 3\n",
            "pkg/data/x.txt": "x",
        },
    )


def prepared(depot: Depot, entries: list[Entry], python: Python) -> Prefix:
    prefix = make_prefix(depot, entries, python=python, code_archives=True)
    compile_prefix(depot, prefix.key)
    return prefix


def archive_of(depot: Depot, entry: Entry, python: Python) -> Path:
    return depot.layout.archive(python.cache_tag, entry.id)


def test_nothing_else_is_opened_or_listed(depot: Depot, able: Python) -> None:
    entry = add_package(depot)
    prefix = prepared(depot, [entry], able)
    code = f"{WATCH}import pkg, pkg.sub.deep.mod as m; print(pkg.V, pkg.sub.f(), m.V, *seen)"

    found = run_python(prefix, "-c", code)

    assert found == f"1 2 3 ('open', '{able.cache_tag}/{entry.id}')"


def test_code_has_the_path_of_the_prefix(depot: Depot, able: Python) -> None:
    prefix = prepared(depot, [add_package(depot)], able)
    code = "import pkg.sub as s; print(s.f.__code__.co_filename, s.__file__, s.__spec__.cached)"

    name, file, cached = run_python(prefix, "-c", code).split()

    assert name == file == str(prefix.site_packages / "pkg" / "sub" / "__init__.py")
    assert Path(cached).exists()


def test_everything_is_found_as_without_archives(depot: Depot, python: Python) -> None:
    entries = [
        add_package(depot),
        add_entry(depot, "n-a", "1.0", {"ns/x/a/__init__.py": "", "ns/one.py": "", "top.py": ""}),
        add_entry(depot, "n-b", "1.0", {"ns/x/b/c/d.py": "", "ns/empty/x.txt": ""}),
        add_entry(depot, "r-a", "1.0", {"reg/__init__.py": "", "reg/a.py": ""}),
        add_entry(depot, "r-b", "1.0", {"reg/b.py": ""}),
    ]
    names = (
        "pkg pkg.sub pkg.sub.deep pkg.sub.deep.mod pkg.none pkg.data pkg.data.x pkg.__pycache__ "
        "ns ns.x ns.x.a ns.x.b ns.x.b.c ns.x.b.c.d ns.one ns.empty top reg reg.a reg.b none"
    )
    code = (
        "import importlib.util as u, sys\n"
        "for name in sys.argv[1:]:\n"
        "  s = u.find_spec(name)\n"
        "  print(name, s and (s.origin, s.cached, list(s.submodule_search_locations or ()),"
        "    type(s.loader).__name__))\n"
        "  if s and s.loader and s.origin: __import__(name)\n"
    )
    plain = make_prefix(depot, entries, python=python)

    with_archives = run_python(prepared(depot, entries, python), "-c", code, *names.split())

    without = run_python(plain, "-c", code, *names.split())
    key = next(path.name for path in depot.layout.prefixes.iterdir() if path.name != plain.key)
    assert with_archives.replace(key, plain.key) == without


def test_a_damaged_archive_is_passed_over(depot: Depot, able: Python) -> None:
    entry = add_package(depot)
    prefix = prepared(depot, [entry], able)
    archive = archive_of(depot, entry, able)
    whole = archive.read_bytes()
    code = "import pkg, pkg.sub.deep.mod as m; print(pkg.V, pkg.sub.f(), m.V)"
    for damaged in (
        b"",
        whole[:10],
        b"\0" * len(whole),
        whole[:8] + b"\0\0\0\0" + whole[12:],
        whole[:16] + b"\0" * (len(whole) - 16),
        whole[: len(whole) // 2],
        whole[:-150] + b"\0" * 150,
    ):
        archive.unlink()
        archive.write_bytes(damaged)
        assert run_python(prefix, "-c", code) == "1 2 3"


def test_other_ways_to_start_do_without(depot: Depot, able: Python, tmp_path: Path) -> None:
    prefix = prepared(depot, [add_package(depot)], able)
    code = (
        f"{WATCH}import pkg; print(any('archives' in path or path[:2] == 'cp' for _, path in seen))"
    )

    assert run_python(prefix, "-O", "-c", code) == "False"
    assert run_python(prefix, "--check-hash-based-pycs", "always", "-c", code) == "False"
    assert run_python(prefix, "-c", code, PYTHONPYCACHEPREFIX=str(tmp_path / "cache")) == "False"


def test_no_descriptor_stays_open(depot: Depot, able: Python) -> None:
    prefix = prepared(depot, [add_package(depot)], able)
    code = (
        "import os; before = os.listdir('/dev/fd'); import pkg.sub\n"
        "print(os.listdir('/dev/fd') == before)"
    )

    assert run_python(prefix, "-c", code) == "True"


def test_a_prefix_without_the_setting_has_none(depot: Depot, python: Python) -> None:
    entry = add_package(depot)
    plain = make_prefix(depot, [entry], python=python)
    compile_prefix(depot, plain.key)

    assert not depot.layout.archives.exists()
    assert not (plain.site_packages / "_trail_archive.py").exists()

    wanted = prepared(depot, [entry], python)
    start = (wanted.site_packages / "0_trail.pth").read_text().splitlines()

    assert wanted.key != plain.key
    assert json.loads((wanted.path / "trail.json").read_bytes())["code-archives"] is True
    assert start[1:] == ["import _trail_archive; _trail_archive.install()"]
    assert archive_of(depot, entry, python).is_file()  # though it was compiled before


def test_an_archive_is_made_once_and_anew_where_it_is_gone(depot: Depot) -> None:
    python, entry = this_python(), add_package(depot)

    def compiled() -> tuple[str, ...]:
        made = compile_entries(python.executable, python.cache_tag, [entry], archives=True)
        return made.entries

    assert compiled() == (entry.id,)
    assert compiled() == ()
    archive_of(depot, entry, python).unlink()
    assert compiled() == (entry.id,)
    assert [path.name for path in archive_of(depot, entry, python).parent.iterdir()] == [
        entry.id.rpartition("/")[2]
    ]


def test_an_archive_goes_with_its_entry(depot: Depot) -> None:
    python, kept, gone = (
        this_python(),
        add_package(depot),
        add_entry(depot, "q", "1", {"q.py": ""}),
    )
    compile_entries(python.executable, python.cache_tag, [kept, gone], archives=True)

    collect(depot, Plan(entries=(gone.id,)), youngest=-1, reporter=Reporter())

    folders = [path.name for path in (depot.layout.archives / python.cache_tag).iterdir()]
    assert folders == ["p"]


def test_children_have_it_too(depot: Depot, able: Python) -> None:
    prefix = prepared(depot, [add_package(depot)], able)
    code = (
        "import subprocess, sys\n"
        "child = 'import pkg, _trail_boot; print(type(_trail_boot._archives).__name__)'\n"
        "print(subprocess.check_output([sys.executable, '-I', '-c', child], text=True).strip())"
    )
    done = subprocess.run(
        [prefix.python, "-c", code], capture_output=True, text=True, check=True, env={}
    )

    assert done.stdout == "Archives\n"
