from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.prefixes import (
    Warnings,
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

from trail.depot.store import Depot, open_depots
from trail.errors import PrefixError
from trail.prefix.model import Prefix
from trail.prefix.vendor import read_runtime

WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture
def pythons() -> list[Path]:
    """Pythons of other versions that happen to be installed here."""
    return other_pythons()


def test_single_file_modules_packages_and_extensions_import(depot: Depot) -> None:
    prefix = make_prefix(
        depot,
        [
            add_entry(depot, "six", "1.0", {"six.py": "X = 1"}),
            add_entry(depot, "pkg", "2.0", {"pkg/__init__.py": "", "pkg/sub/mod.py": "Y = 2"}),
        ],
    )
    code = "import six, pkg.sub.mod as m; print(six.X, m.Y, six.__file__, m.__file__)"
    site = prefix.site_packages
    assert run_python(prefix, "-c", code) == f"1 2 {site}/six.py {site}/pkg/sub/mod.py"


@pytest.mark.parametrize("flags", [["-I"], ["-E"], ["-s"], ["-P"], ["-B"]])
def test_flags_of_the_interpreter_change_nothing(depot: Depot, flags: list[str]) -> None:
    prefix = make_prefix(depot, [add_entry(depot, "six", "1.0", {"six.py": "X = 1"})])
    assert run_python(prefix, *flags, "-c", "import six; print(six.X)") == "1"


def test_the_prefix_is_what_python_says_it_is(depot: Depot) -> None:
    prefix = make_prefix(depot, [add_entry(depot, "six", "1.0", {"six.py": "X = 1"})])
    code = (
        "import sys, sysconfig, site, json; print(json.dumps([sys.prefix, sys.executable,"
        "sys.base_prefix, sysconfig.get_path('purelib'), sysconfig.get_path('scripts'),"
        "sysconfig.get_path('data'), site.getsitepackages()[0]]))"  # Debian adds its own
    )
    found = json.loads(run_python(prefix, "-c", code))
    assert found == [
        str(prefix.path),
        str(prefix.python),
        sys.base_prefix,
        str(prefix.site_packages),
        str(prefix.scripts),
        str(prefix.path),
        str(prefix.site_packages),
    ]


def test_nothing_of_the_base_python_is_visible(depot: Depot) -> None:
    prefix = make_prefix(depot, [])
    code = "import importlib.util as u; print(u.find_spec('pytest'), u.find_spec('pip'))"
    assert run_python(prefix, "-c", code) == "None None"


def test_modules_run_and_child_processes_see_the_same(depot: Depot, tmp_path: Path) -> None:
    entry = add_entry(
        depot,
        "tool",
        "1.0",
        {"tool/__init__.py": "def square(x): return x * x", "tool/__main__.py": "print('ran')"},
    )
    prefix = make_prefix(depot, [entry])
    assert run_python(prefix, "-m", "tool") == "ran"
    script = tmp_path / "spawn.py"
    script.write_text(
        "import multiprocessing as m, subprocess, sys, tool\n"
        "if __name__ == '__main__':\n"
        "    with m.get_context('spawn').Pool(1) as pool: print(pool.map(tool.square, [3]))\n"
        "    subprocess.run([sys.executable, '-I', '-m', 'tool'], check=True, env={})\n"
    )
    assert run_python(prefix, "-u", script) == "[9]\nran"


def test_a_namespace_of_three_distributions_five_levels_deep(depot: Depot, tmp_path: Path) -> None:
    entries = [
        add_entry(depot, f"ns-{x}", "1.0", {f"n1/n2/n3/n4/n5/{x}.py": f"V = '{x}'"}) for x in "abc"
    ]
    own = tmp_path / "own" / "n1" / "n2" / "local.py"
    own.parent.mkdir(parents=True)
    own.write_text("V = 'local'")
    prefix = make_prefix(depot, entries)
    code = (
        "from n1.n2.n3.n4.n5 import a, b, c; from n1.n2 import local;print(a.V, b.V, c.V, local.V)"
    )
    # A portion on another sys.path entry is part of the namespace too.
    assert run_python(prefix, "-c", code, PYTHONPATH=str(tmp_path / "own")) == "a b c local"


def test_a_shared_regular_package_finds_its_data_files(depot: Depot) -> None:
    init = (
        "from pathlib import Path\n"
        "def read(n): return Path(__file__).resolve().parent.joinpath(n)\n"
    )
    prefix = make_prefix(
        depot,
        [
            add_entry(depot, "qt", "1.0", {"Qt/__init__.py": init}),
            add_entry(depot, "qt-lib", "1.0", {"Qt/lib/data.txt": "data"}),
        ],
    )
    # Also after links are resolved, and for code that walks its own tree.
    code = (
        "import Qt, os; p = Qt.read('lib/data.txt'); print(p.read_text(),"
        "sorted(n for _, _, ns in os.walk(os.path.dirname(Qt.__file__)) for n in ns))"
    )
    assert run_python(prefix, "-B", "-c", code) == "data ['__init__.py', 'data.txt']"
    file = prefix.site_packages / "Qt" / "lib" / "data.txt"
    assert file.stat().st_nlink == 2


def test_metadata_and_resources(depot: Depot) -> None:
    entry = add_entry(
        depot,
        "lib",
        "3.1",
        {"lib/__init__.py": "def main(): print('main')", "lib/data/x.txt": "resource"},
        scripts={"lib-run": "lib:main"},
    )
    prefix = make_prefix(depot, [entry])
    code = (
        "import importlib.metadata as m, importlib.resources as r;"
        "d = m.distribution('lib'); print(d.version, [e.name for e in d.entry_points],"
        "[str(f) for f in d.files if f.name == 'lib-run'],"
        "all(f.locate().exists() for f in d.files),"
        "m.packages_distributions(), r.files('lib').joinpath('data/x.txt').read_text())"
    )
    assert run_python(prefix, "-c", code) == (
        "3.1 ['lib-run'] ['../../../bin/lib-run'] True {'lib': ['lib']} resource"
    )


def test_entry_point_scripts_run(depot: Depot) -> None:
    entry = add_entry(
        depot,
        "app",
        "1.0",
        {
            "app.py": "import sys\nclass C:\n"
            "  def go():\n    print(sys.argv, sys.prefix)\n    return 7"
        },
        scripts={"app": "app:C.go"},
    )
    prefix = make_prefix(depot, [entry])
    script = prefix.scripts / "app"
    result = subprocess.run([script, "x"], capture_output=True, text=True, check=False, env={})
    assert (result.stdout, result.returncode) == (f"{[str(script), 'x']} {prefix.path}\n", 7)


@pytest.mark.parametrize("name", ["with space", "l" * 130])
def test_scripts_run_from_long_paths_and_paths_with_spaces(tmp_path: Path, name: str) -> None:
    depot = open_depots([tmp_path / name]).receiver
    entry = add_entry(
        depot,
        "app",
        "1.0",
        {"app.py": "import sys\ndef main(): print(sys.argv[1:])"},
        scripts={"app": "app:main"},
        data={"bin/old": "#!python -W error\nimport app; app.main()"},
    )
    prefix = make_prefix(depot, [entry])
    for script in ("app", "old"):
        command = [str(prefix.scripts / script), "a b", "c"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert output == "['a b', 'c']\n"


def test_scripts_of_wheels_get_the_prefixes_python(depot: Depot) -> None:
    entry = add_entry(
        depot,
        "old",
        "1.0",
        {"old.py": ""},
        data={
            "bin/plain": "#!python\nimport sys; print(sys.prefix)",
            "bin/window": "#!pythonw\r\nimport sys; print(sys.prefix)",
            "bin/shell": "#!/bin/sh\necho shell",
        },
    )
    prefix = make_prefix(depot, [entry])

    def run(name: str) -> str:
        return subprocess.run(
            [prefix.scripts / name], capture_output=True, text=True, check=True
        ).stdout.strip()

    assert [run(name) for name in ("plain", "window", "shell")] == [
        str(prefix.path),
        str(prefix.path),
        "shell",
    ]
    assert (prefix.scripts / "shell").is_symlink()


def test_data_files_lie_in_the_prefix(depot: Depot) -> None:
    a = add_entry(
        depot,
        "a",
        "1.0",
        {"a.py": ""},
        data={"share/x/a": "A", "include/a/a.h": "H", "top.txt": "T"},
    )
    b = add_entry(depot, "b", "1.0", {"b.py": ""}, data={"share/x/b": "B", "lib/b.so": "L"})
    prefix = make_prefix(depot, [a, b])
    minor = this_python().minor
    read = {
        path: (prefix.path / path).read_text()
        for path in (
            "share/x/a",
            "share/x/b",
            "lib/b.so",
            f"include/site/python{minor}/a/a.h",
            "top.txt",
        )
    }
    assert list(read.values()) == ["A", "B", "L", "H", "T"]


def test_pth_files_run_and_editable_roots_are_on_the_path(depot: Depot, tmp_path: Path) -> None:
    entry = add_entry(depot, "p", "1.0", {"p.pth": "import sys; sys.from_pth = 1\n"})
    root = tmp_path / "project" / "src"
    root.mkdir(parents=True)
    (root / "mine.py").write_text("V = 'mine'")
    prefix = make_prefix(depot, [entry], editable_roots=(root,))
    code = "import sys, mine; print(sys.from_pth, mine.V)"
    assert run_python(prefix, "-c", code) == "1 mine"
    assert make_prefix(depot, [entry]).key != prefix.key


def test_pip_installs_nothing(depot: Depot) -> None:
    prefix = make_prefix(depot, [])
    assert "[install]\ndry-run = true\n" in (prefix.path / "pip.conf").read_text()


def modes(folder: Path) -> list[Path]:
    """Give what could be written below a folder, links aside."""
    found = [Path(root) for root, _, _ in os.walk(folder)]
    found += [Path(root, name) for root, _, names in os.walk(folder) for name in names]
    return [path for path in found if not path.is_symlink() and path.stat().st_mode & WRITE]


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy"])
def test_a_prefix_is_read_only_and_so_are_its_entries(depot: Depot, mode: str) -> None:
    entry = add_entry(
        depot,
        "a",
        "1.0",
        {"a/__init__.py": "X = 1", "a/d/x.txt": ""},
        scripts={"a": "a:main"},
        data={"bin/b": "#!python\n", "share/s": ""},
    )
    prefix = make_prefix(depot, [entry], link_mode=mode)
    assert modes(prefix.path) == []
    assert modes(entry.path) == []
    assert run_python(prefix, "-B", "-c", "import a; print(a.X)") == "1"


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_whole_modes_make_real_files(depot: Depot, mode: str) -> None:
    entry = add_entry(depot, "a", "1.0", {"a/__init__.py": "", "a/d/x.txt": "x"})
    prefix = make_prefix(depot, [entry], link_mode=mode)
    file = prefix.site_packages / "a" / "d" / "x.txt"
    assert file.resolve() == file
    assert file.stat().st_nlink == (2 if mode == "hardlink" else 1)
    assert file.read_text() == "x"


def test_an_unknown_link_mode_is_refused(depot: Depot) -> None:
    with pytest.raises(PrefixError) as caught:
        make_prefix(depot, [], link_mode="magic")
    assert str(caught.value) == "unknown link mode `magic`"
    assert caught.value.hint == "use auto, hardlink, copy"


def test_one_prefix_for_one_request(depot: Depot) -> None:
    a = add_entry(depot, "a", "1.0", {"a.py": ""})
    b = add_entry(depot, "b", "1.0", {"b.py": ""})
    first, again = make_prefix(depot, [a, b]), make_prefix(depot, [b, a])
    assert (first.created, again.created) == (True, False)
    assert first.path == again.path
    keys = {make_prefix(depot, entries).key for entries in ([a], [b], [], [a, b])}
    keys |= {make_prefix(depot, [a], link_mode=mode).key for mode in ("hardlink", "copy")}
    assert len(keys) == 6
    assert all(key.startswith(f"cp{sys.version_info[0]}{sys.version_info[1]}-") for key in keys)


def test_a_prefix_says_what_it_is_made_of(depot: Depot, tmp_path: Path) -> None:
    entry = add_entry(depot, "a", "1.0", {"a.py": ""})
    prefix = make_prefix(depot, [entry], editable_roots=(tmp_path,))
    said = json.loads((prefix.path / "trail.json").read_text())
    assert said == {
        "layout": 1,
        "key": prefix.key,
        "python": {
            "executable": str(this_python().base),
            "version": this_python().version,
            "identity": this_python().identity,
            "cache-tag": this_python().cache_tag,
        },
        "link-mode": "auto",
        "editable-roots": [str(tmp_path)],
        "entries": [entry.id],
        "joined": [],
        "depots": ["../.."],
        "runtime": read_runtime().digest,
        "code-archives": False,
    }
    lines = (prefix.path / "pyvenv.cfg").read_text().splitlines()
    assert lines == [
        f"home = {this_python().base.parent}",
        "include-system-site-packages = false",
        f"version = {this_python().version}",
        f"python-version = {this_python().minor}",
        f"executable = {this_python().base}",
    ]


def test_a_conflict_is_reported_with_both_names(depot: Depot) -> None:
    a = add_entry(depot, "a", "1.0", {"x/__init__.py": "V = 'a'"}, requires=["b >=1; extra == 'q'"])
    b = add_entry(depot, "b", "1.0", {"x/__init__.py": "V = 'b'"})
    warnings = Warnings()
    prefix = make_prefix(depot, [a, b], reporter=warnings)
    assert run_python(prefix, "-c", "import x; print(x.V)") == "a"
    assert [message[:18] for message in warnings.messages] == ["`b` and `a` both b"]


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("same", "same", 0),
        ("__path__ = __import__('pkgutil').extend_path(__path__, __name__)", None, 0),
        ("one", "other", 1),
    ],
)
def test_old_namespace_packages_are_no_conflict(
    depot: Depot, one: str, other: str | None, count: int
) -> None:
    other = other or "__import__('pkg_resources').declare_namespace(__name__)"
    a = add_entry(depot, "a", "1.0", {"x/__init__.py": one})
    b = add_entry(depot, "b", "1.0", {"x/__init__.py": other})
    warnings = Warnings()
    make_prefix(depot, [a, b], reporter=warnings)
    assert len(warnings.messages) == count


def test_a_depot_can_be_moved(tmp_path: Path) -> None:
    depot = open_depots([tmp_path / "depot"]).receiver
    entry = add_entry(depot, "a", "1.0", {"a/__init__.py": "X = 1"}, scripts={"s": "a:f"})
    before = make_prefix(depot, [entry])
    (tmp_path / "depot").rename(tmp_path / "moved")
    site = tmp_path / "moved" / before.site_packages.relative_to(tmp_path / "depot")
    python = tmp_path / "moved" / before.python.relative_to(tmp_path / "depot")
    command = [str(python), "-c", "import a; print(a.__file__)"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output == f"{site}/a/__init__.py\n"
    # Scripts name their Python with its whole path, so a moved depot has another prefix.
    moved = open_depots([tmp_path / "moved"]).receiver
    found = moved.find(entry.id)
    assert found is not None
    assert make_prefix(moved, [found]).key != before.key


def test_a_prefix_in_one_depot_of_entries_in_another(tmp_path: Path) -> None:
    shared = open_depots([tmp_path / "shared"]).receiver
    entry = add_entry(
        shared,
        "a",
        "1.0",
        {"a/__init__.py": "X = 1"},
        data={"bin/t": "#!/bin/sh\necho t"},
    )
    twin = add_entry(shared, "b", "1.0", {"ns/b.py": "X = 2"})
    mine = open_depots([tmp_path / "mine"]).receiver
    own = add_entry(mine, "c", "1.0", {"ns/c.py": "X = 3"})
    prefix = make_prefix(mine, [entry, twin, own])
    code = "import a, ns.b, ns.c; print(a.X, ns.b.X, ns.c.X)"
    assert run_python(prefix, "-c", code) == "1 2 3"
    assert (prefix.site_packages / "a").readlink().is_absolute()
    assert not (prefix.site_packages / "ns" / "c.py").readlink().is_absolute()
    assert make_prefix(shared, [entry, twin]).path.is_relative_to(tmp_path / "shared")


def build(root: str, ids: list[str], results: multiprocessing.Queue[tuple[str, bool]]) -> None:
    depot = open_depots([Path(root)]).receiver
    entries = [entry for entry in depot.entries() if entry.id in ids]
    prefix = make_prefix(depot, entries)
    results.put((str(prefix.path), prefix.created))


def test_two_processes_may_make_the_same_prefix_at_once(depot: Depot) -> None:
    entries = [
        add_entry(depot, f"p{number}", "1.0", {f"p{number}.py": f"X = {number}"})
        for number in range(30)
    ]
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (str(depot.layout.root), [entry.id for entry in entries], results)
    processes = [context.Process(target=build, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len({path for path, _ in found}) == 1
    prefix = make_prefix(depot, entries)
    assert not prefix.created
    assert run_python(prefix, "-c", "import p0, p29; print(p29.X)") == "29"
    assert [path.name for path in depot.layout.staging.iterdir()] == ["locks"]


def test_a_prefix_that_a_power_loss_may_have_hurt_is_made_again(depot: Depot) -> None:
    entry = add_entry(depot, "a", "1.0", {"a.py": "X = 1"}, scripts={"a": "a:main"})
    prefix = make_prefix(depot, [entry])
    (prefix.scripts / "a").chmod(0o755)
    (prefix.scripts / "a").write_bytes(b"")
    # The same depot after a restart: today's notes are under another boot id now.
    later = open_depots([depot.layout.root], boot="another-boot").receiver
    again = make_prefix(later, [entry])
    assert again == Prefix(
        key=prefix.key,
        path=prefix.path,
        python=prefix.python,
        scripts=prefix.scripts,
        site_packages=prefix.site_packages,
        created=True,
    )
    assert (prefix.scripts / "a").read_bytes().startswith(b"#!")
    assert not make_prefix(later, [entry]).created


def test_a_distribution_twice_is_an_error(depot: Depot) -> None:
    entries = [
        add_entry(depot, "b", "2.0", {"b.py": ""}),
        add_entry(depot, "a", "1.0", {"a.py": ""}),
        add_entry(depot, "b", "1.0", {"b.py": ""}),
    ]
    with pytest.raises(PrefixError) as caught:
        make_prefix(depot, entries)
    assert str(caught.value) == "`b` is selected twice"
    assert caught.value.details == (("versions", "1.0, 2.0"),)


def test_bytecode_folders_are_links_that_lead_somewhere(depot: Depot) -> None:
    entry = add_entry(depot, "a", "1.0", {"a/__init__.py": "", "a/b/__init__.py": ""})
    prefix = make_prefix(depot, [entry], link_mode="hardlink")
    for folder in ("a/__pycache__", "a/b/__pycache__"):
        link = prefix.site_packages / folder
        assert link.is_symlink()
        assert list(link.iterdir()) == []
    assert modes(entry.path) == []
    # Neither link counts as a file.
    shutil.copytree(prefix.site_packages / "a", depot.layout.root.parent / "copy")


def test_other_pythons(depot: Depot, pythons: list[Path]) -> None:
    """Each has its own prefix of the same entries."""
    entries = [
        add_entry(depot, "six", "1.0", {"six.py": "X = 1"}),
        add_entry(depot, "n-a", "1.0", {"ns/a/__init__.py": "X = 1"}, scripts={"a": "ns.a:f"}),
        add_entry(depot, "n-b", "1.0", {"ns/b/__init__.py": "X = 2"}),
    ]
    for executable in pythons:
        python = this_python(str(executable))
        prefix = make_prefix(depot, entries, python=python)
        code = "import sys, six, ns.a, ns.b; print(sys.prefix, six.X, ns.a.X + ns.b.X)"
        assert run_python(prefix, "-c", code) == f"{prefix.path} 1 3"
        assert prefix.site_packages.parent.name == f"python{python.minor}"
