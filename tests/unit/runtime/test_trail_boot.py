from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.prefixes import (
    Python,
    add_entry,
    make_prefix,
    other_pythons,
    run_python,
    this_python,
)

import trail
from trail.depot.store import Depot, Entry, open_depots
from trail.prefix.bytecode import compile_entries, compile_prefix
from trail.prefix.model import Strictness

RUNTIME = Path(trail.__file__).parent / "runtime"
PYTHONS = [Path(sys.executable), *other_pythons()]


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture(params=PYTHONS, ids=lambda path: path.parts[-3])
def python(request: pytest.FixtureRequest) -> Python:
    return this_python(str(request.param))


def test_it_imports_nothing_but_the_standard_library() -> None:
    known = {*sys.stdlib_module_names, *(file.stem for file in RUNTIME.glob("_trail_*.py"))}
    for file in RUNTIME.glob("_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= known
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                assert str(node.module).partition(".")[0] in known


def test_it_is_there_with_any_flag(depot: Depot, python: Python) -> None:
    prefix = make_prefix(depot, [], python=python)
    code = "import sys; print(sys.path_hooks[0].__module__, type(sys.meta_path[-1]).__name__)"
    for flags in ([], ["-I"], ["-E"], ["-s"], ["-B"]):
        assert run_python(prefix, *flags, "-c", code) == "_trail_boot Explainer"
    assert run_python(prefix, "-S", "-c", code) == "zipimport type"


@pytest.mark.parametrize("strict", [False, True])
def test_the_start_file_of_later_pythons_does_the_same(
    depot: Depot, tmp_path: Path, strict: bool
) -> None:
    """PEP 829: each line names a callable, as pkgutil.resolve_name reads it; no arguments."""
    strictness = Strictness(root=tmp_path, declared=frozenset()) if strict else None
    plain = make_prefix(depot, [], strict=strictness)
    later = replace(this_python(), minor="3.18", identity="later")
    prefix = make_prefix(depot, [], strict=strictness, python=later)
    assert not (prefix.site_packages / "0_trail.pth").exists()
    code = (
        "import pathlib, pkgutil, sys\n"
        f"sys.path.append({str(prefix.site_packages)!r})\n"
        f"for line in pathlib.Path({str(prefix.site_packages / '0_trail.start')!r}).open():\n"
        "    pkgutil.resolve_name(line.strip())()\n"
        "print(sys.path_hooks[0].__module__, type(sys.meta_path[-1]).__name__, type(__import__))"
    )
    by_start = run_python(prefix, "-S", "-c", code)
    by_pth = run_python(plain, "-c", code.splitlines()[0] + "\n" + code.splitlines()[-1])
    assert by_start == by_pth
    assert by_start.startswith("_trail_boot Explainer")


def test_where_pth_files_are_run_there_is_no_start_file(depot: Depot) -> None:
    """Python 3.15 would take it instead, last of all, and import pkgutil for it."""
    python = replace(this_python(), minor="3.15", identity="later")
    site = make_prefix(depot, [], python=python).site_packages
    assert (site / "0_trail.pth").exists()
    assert not (site / "0_trail.start").exists()


def test_it_is_there_before_other_start_up_files_run(depot: Depot, python: Python) -> None:
    files = {"a.pth": "import a_start\n", "a_start.py": "LOADER = type(__loader__).__name__\n"}
    prefix = make_prefix(depot, [add_entry(depot, "a", "1.0", files)], python=python)
    assert run_python(prefix, "-c", "import a_start; print(a_start.LOADER)") == "PrefixLoader"


def test_it_imports_few_modules_and_none_that_is_not_there_already(
    depot: Depot, python: Python
) -> None:
    prefix = make_prefix(depot, [], python=python)
    code = "import sys; print(*sorted(sys.modules))"
    with_hook = set(run_python(prefix, "-c", code).split())
    hook = prefix.site_packages / "0_trail.pth"
    assert hook.read_text() == "import _trail_boot; _trail_boot.install()\n"
    prefix.site_packages.chmod(0o755)
    hook.chmod(0o644)
    hook.write_text("import sys\n")
    without = set(run_python(prefix, "-c", code).split())
    assert with_hook - without == {"_trail_boot"}


def test_everything_is_found_as_without_it(depot: Depot, python: Python) -> None:
    """Packages, modules, portions, odd names; what is found first is found first."""
    entries = [
        add_entry(
            depot,
            "many",
            "1.0",
            {
                "pkg/__init__.py": "",
                "pkg/sub/__init__.py": "",
                "pkg/sub/0001_initial.py": "",
                "pkg.py": "",
                "both/x.txt": "",
                "both.py": "",
                "alone/deep/mod.py": "",
                "85cae__mypyc.py": "",
                "UPPER.py": "",
                "file_without_ending": "",
            },
        ),
        add_entry(depot, "n-a", "1.0", {"ns/a/__init__.py": "", "ns/one.py": ""}),
        add_entry(depot, "n-b", "1.0", {"ns/b/__init__.py": "", "ns/empty/x.txt": ""}),
    ]
    prefix = make_prefix(depot, entries, python=python)
    names = (
        "pkg pkg.sub pkg.sub.0001_initial pkg.none both alone alone.deep alone.deep.mod "
        "85cae__mypyc upper UPPER file_without_ending ns ns.a ns.b ns.one ns.empty ns.none none"
    )
    code = (
        "import importlib.util as u, sys, importlib.machinery as m\n"
        "for name in sys.argv[1:]:\n"
        "  s = u.find_spec(name)\n"
        "  print(name, s and (s.origin, s.cached, s.has_location, s.parent,"
        "    list(s.submodule_search_locations or ()),"
        "    isinstance(s.loader, m.SourceFileLoader)))\n"
    )
    with_hook = run_python(prefix, "-c", code, *names.split())
    plain = f"import sys; sys.path_hooks.pop(0); sys.path_importer_cache.clear()\n{code}"
    assert with_hook == run_python(prefix, "-c", plain, *names.split())
    nothing = [line.split()[0] for line in with_hook.splitlines() if line.endswith(" None")]
    assert nothing == ["pkg.none", "upper", "file_without_ending", "ns.none", "none"]


def test_portions_of_other_folders_and_local_modules_come_as_ever(
    depot: Depot, tmp_path: Path
) -> None:
    entry = add_entry(depot, "n", "1.0", {"ns/a.py": "V = 1", "yaml.py": "V = 'package'"})
    prefix = make_prefix(depot, [entry])
    (tmp_path / "ns").mkdir()
    (tmp_path / "ns" / "b.py").write_text("V = 2")
    (tmp_path / "yaml.py").write_text("V = 'local'")
    script = tmp_path / "script.py"
    script.write_text("import ns.a, ns.b, yaml; print(ns.a.V, ns.b.V, yaml.V)")
    assert run_python(prefix, script) == "1 2 local"


def test_packages_are_walked_and_resources_found(depot: Depot, python: Python) -> None:
    files = {"pkg/__init__.py": "", "pkg/a.py": "", "pkg/sub/__init__.py": "", "pkg/x.txt": "data"}
    prefix = make_prefix(depot, [add_entry(depot, "p", "1.0", files)], python=python)
    code = (
        "import pkgutil, pkg, inspect; print([m.name for m in pkgutil.walk_packages(pkg.__path__)],"
        "pkgutil.get_data('pkg', 'x.txt'), pkg.__loader__.get_source('pkg') == '')"
    )
    assert run_python(prefix, "-c", code) == "['a', 'sub'] b'data' True"


def test_bytecode_is_used_without_a_look_at_the_source(depot: Depot, python: Python) -> None:
    entry = add_entry(depot, "p", "1.0", {"pkg/__init__.py": "def f(): raise ValueError"})
    prefix = make_prefix(depot, [entry], python=python)
    compile_entries(python.executable, python.cache_tag, [entry])
    code = (
        "import os, sys; asked = []\n"
        "import _frozen_importlib_external as e\n"
        "stat = e._path_stat\n"
        "e._path_stat = lambda path: (asked.append(path), stat(path))[1]\n"
        "import pkg\n"
        "print([p for p in asked if 'site-packages' in str(p)], pkg.f.__code__.co_filename)"
    )
    file = prefix.site_packages / "pkg" / "__init__.py"
    assert run_python(prefix, "-c", code) == f"[] {file}"


def test_bytecode_of_any_length_is_read(depot: Depot, python: Python) -> None:
    text = "".join(map(chr, range(0x4E00, 0x9E00))) * 4  # 245,760 bytes in UTF-8
    entry = add_entry(depot, "p", "1.0", {"long.py": f"V = {text!r}"})
    prefix = make_prefix(depot, [entry], python=python)
    compile_entries(python.executable, python.cache_tag, [entry])
    code = (
        "import _trail_boot as b; parts = []; read = b.read\n"
        "b.read = lambda *words: (parts.append(read(*words)), parts[-1])[1]\n"
        "import long; print(len(long.V), len(parts) > 3, parts[-1])"
    )
    assert run_python(prefix, "-c", code) == f"{len(text)} True b''"


def test_nothing_is_written_even_by_the_superuser(depot: Depot, python: Python) -> None:
    entry = add_entry(depot, "p", "1.0", {"pkg/__init__.py": "", "pkg/m.py": "", "one.py": ""})
    prefix = make_prefix(depot, [entry], python=python)
    for folder in [prefix.path, entry.path]:
        for root, _, _ in os.walk(folder):
            Path(root).chmod(0o755)
    assert run_python(prefix, "-c", "import pkg.m, one") == ""
    assert list(entry.path.rglob("*.pyc")) == []
    written = [path for path in prefix.path.rglob("*.pyc") if not path.is_symlink()]
    # The hook itself is found before it can keep anybody from writing.
    assert [path.name for path in written] in ([], [f"_trail_boot.{python.cache_tag}.pyc"])


def test_bytecode_goes_where_the_user_wants_all_of_it(depot: Depot, tmp_path: Path) -> None:
    entry = add_entry(depot, "p", "1.0", {"one.py": ""})
    prefix = make_prefix(depot, [entry])
    cache = tmp_path / "cache"
    run_python(prefix, "-c", "import one", PYTHONPYCACHEPREFIX=str(cache))
    assert [path.name for path in cache.rglob("one.*")] == [f"one.{this_python().cache_tag}.pyc"]


def test_the_projects_own_bytecode_is_written(depot: Depot, tmp_path: Path) -> None:
    prefix = make_prefix(depot, [])
    (tmp_path / "mine.py").write_text("")
    run_python(prefix, "-c", "import mine", PYTHONPATH=str(tmp_path))
    assert len(list((tmp_path / "__pycache__").iterdir())) == 1


def test_damaged_and_foreign_bytecode_is_passed_over(depot: Depot, python: Python) -> None:
    entry = add_entry(
        depot, "p", "1.0", {"pkg/__init__.py": "V = 1", "pkg/m.py": "V = 2", "pkg/cut.py": "V = 3"}
    )
    prefix = make_prefix(depot, [entry], python=python)
    compile_entries(python.executable, python.cache_tag, [entry])
    for name, content in (("__init__", b""), ("m", b"nonsense, and enough of it")):
        file = (
            entry.path / f"lib/python/site-packages/pkg/__pycache__/{name}.{python.cache_tag}.pyc"
        )
        file.chmod(0o644)
        file.write_bytes(content)
    assert run_python(prefix, "-c", "import pkg.m; print(pkg.V, pkg.m.V)") == "1 2"


def test_it_is_itself_compiled_with_the_prefix(depot: Depot, python: Python) -> None:
    prefix = make_prefix(depot, [], python=python)
    compile_prefix(depot, prefix.key)
    code = "import _trail_boot as b, os; print(b.__file__, os.path.exists(b.__spec__.cached))"
    assert run_python(prefix, "-c", code) == f"{prefix.site_packages}/_trail_boot.py True"


def test_without_its_file_python_still_starts(depot: Depot) -> None:
    prefix = make_prefix(depot, [add_entry(depot, "p", "1.0", {"one.py": "V = 1"})])
    prefix.site_packages.chmod(0o755)
    (prefix.site_packages / "_trail_boot.py").unlink()
    assert run_python(prefix, "-c", "import one; print(one.V)") == "1"


def test_in_a_running_python_of_another_place(depot: Depot, tmp_path: Path) -> None:
    """Two prefixes in one process, as notebooks have it."""
    one = make_prefix(depot, [add_entry(depot, "p", "1.0", {"one.py": "V = 1"})])
    two = make_prefix(depot, [add_entry(depot, "q", "1.0", {"two.py": "V = 2"})])
    code = (
        "import site, sys, _trail_boot as b\n"
        f"site.addsitedir({str(two.site_packages)!r}); b.install({str(two.site_packages)!r})\n"
        "import one, two; print(one.V, two.V, type(two.__spec__.loader).__module__)"
    )
    assert run_python(one, "-c", code) == "1 2 _trail_boot"
    assert tmp_path.is_dir()


def test_new_files_are_seen_after_caches_are_dropped(depot: Depot) -> None:
    prefix = make_prefix(depot, [])
    prefix.site_packages.chmod(0o755)
    code = (
        "import importlib, pathlib, sys\n"
        "try: import late\n"
        "except ImportError: print('not there')\n"
        f"pathlib.Path({str(prefix.site_packages)!r}, 'late.py').write_text('V = 1')\n"
        "importlib.invalidate_caches()\n"
        "import late; print(late.V)"
    )
    assert run_python(prefix, "-c", code) == "not there\n1"


def test_coverage_is_told_what_is_no_project_code(tmp_path: Path, python: Python) -> None:
    shared = open_depots([tmp_path / "shared"]).receiver
    depot = open_depots([tmp_path / "depot"]).receiver
    entries = [
        add_entry(shared, "coverage", "7.0", {"coverage/__init__.py": ""}),
        add_entry(depot, "p", "1.0", {"one.py": ""}),
    ]
    prefix = make_prefix(depot, entries, python=python)
    code = (
        "import sysconfig, json, coverage\n"
        "names = [n for n in sysconfig.get_scheme_names() if 'trail' in n]\n"
        "print(json.dumps([[n, sysconfig.get_paths(n)['purelib']] for n in names]))\n"
    )
    assert json.loads(run_python(prefix, "-c", code)) == [
        ["posix_trail_0", str(tmp_path / "depot" / "installed")],
        ["posix_trail_1", str(tmp_path / "shared" / "installed")],
        ["posix_trail_2", str(tmp_path / "depot" / "joined")],
    ]
    code = "import sysconfig, one; print('posix_trail_0' in sysconfig.get_scheme_names())"
    assert run_python(prefix, "-c", code) == "False"


REWRITE = """\
def get_cache_dir(file_path):
    return file_path.parent / "__pycache__"
"""
ASK = """\
import pathlib, sys
from _pytest.assertion.rewrite import get_cache_dir as get
print(type(get(pathlib.Path(sys.prefix))) is type(pathlib.Path()))
for path in sys.argv[1:]:
    print(get(pathlib.Path(sys.prefix, path)))
sys.pycache_prefix = "/x"
print(get(pathlib.Path(sys.prefix, sys.argv[1])))
"""


def add_pytest(depot: Depot) -> Entry:
    files = dict.fromkeys(("_pytest/__init__.py", "_pytest/assertion/__init__.py"), "")
    return add_entry(depot, "pytest", "8", {**files, "_pytest/assertion/rewrite.py": REWRITE})


def ask_pytest(prefix: Path, *paths: Path) -> list[str]:
    command = [str(prefix / "bin" / "python"), "-c", ASK, *map(str, paths)]
    return subprocess.check_output(command, text=True).splitlines()


def test_pytest_is_told_where_to_keep_what_it_rewrites(
    depot: Depot, tmp_path: Path, python: Python
) -> None:
    prefix = make_prefix(depot, [add_pytest(depot)], python=python)
    site = prefix.site_packages.relative_to(prefix.path)
    paths = site / "six.py", site / "a" / "b" / "c.py", tmp_path / "mine" / "test_a.py"

    same_type, top, deep, own, wanted = ask_pytest(prefix.path, *paths)

    assert same_type == "True"
    assert Path(top).parent == depot.layout.rewritten / prefix.key
    assert Path(deep) == Path(top, "a", "b")
    assert Path(own) == tmp_path / "mine" / "__pycache__"
    assert Path(wanted) == prefix.site_packages / "__pycache__"


def test_pytest_keeps_code_apart_that_was_found_by_another_path(
    depot: Depot, tmp_path: Path
) -> None:
    prefix = make_prefix(depot, [add_pytest(depot)])
    link = tmp_path / ".venv"
    link.symlink_to(prefix.path)
    module = prefix.site_packages.relative_to(prefix.path) / "six.py"

    found, by_link = (Path(ask_pytest(path, module)[1]) for path in (prefix.path, link))

    assert found != by_link
    assert found.parent == by_link.parent == depot.layout.rewritten / prefix.key


def test_pytest_is_left_alone_in_a_copy_of_a_prefix(depot: Depot, tmp_path: Path) -> None:
    prefix = make_prefix(depot, [add_pytest(depot)], link_mode="copy")
    place = tmp_path / "elsewhere" / "prefixes" / "key"
    shutil.copytree(prefix.path, place, symlinks=True)
    module = prefix.site_packages.relative_to(prefix.path) / "six.py"

    assert ask_pytest(place, module)[1] == str(place / module.parent / "__pycache__")
