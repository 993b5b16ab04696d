"""A prefix is the same whether its links are made at once or one by one."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import Warnings, add_entry, install_wheel, make_prefix, run_python
from tests.helpers.trees import Node, tree
from tests.helpers.wheels import make_wheel

from trail.depot.store import Depot, open_depots
from trail.depot.usage import list_folder
from trail.errors import DepotError
from trail.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trail.depot.store import Entry
    from trail.wheel.engine import Engine


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"]).receiver


@pytest.fixture
def entries(depot: Depot, tmp_path: Path) -> list[Entry]:
    """Each rule of a plan has an entry here."""
    licensed = make_wheel(
        tmp_path,
        "licensed",
        "1.0",
        {
            "licensed.py": "X = 1",
            "licensed-1.0.dist-info/licenses/LICENSE": "free",
            "licensed-1.0.dist-info/licenses/deep/er/NOTICE": "as in beer",
            "licensed-1.0.dist-info/sboms/a.json": "{}",
        },
    )
    return [
        install_wheel(depot, licensed),
        add_entry(depot, "six", "1.0", {"six.py": "X = 1", "zig.so": b"\x7fELF"}),
        add_entry(depot, "a", "1.0", {"ns/a/__init__.py": "X = 1"}, scripts={"run": "ns.a:f"}),
        add_entry(depot, "b", "1.0", {"ns/b.py": "X = 2", "b_hook.pth": "import sys"}),
        add_entry(
            depot,
            "qt",
            "1.0",
            {
                "Qt/__init__.py": "",
                "Qt/sub/__init__.py": "X = 3",
                "Qt/sub/data/deep/x.txt": "x",
                "Qt/sub/more/code/y.py": "Y = 4",
            },
        ),
        add_entry(depot, "qt-lib", "1.0", {"Qt/lib/x.so": b"\x7fELF", "Qt/lib/deep/y.txt": "y"}),
        add_entry(
            depot,
            "tools",
            "1.0",
            {"tools/__init__.py": ""},
            data={
                "bin/py": "#!python -E\nprint('py')",
                "bin/sh": "#!/bin/sh\necho sh",
                "share/man/man1/tools.1": "man",
                "etc/tools.conf": "conf",
                "include/tools/tools.h": "h",
                "lib/libtools.so": b"\x7fELF",
                "top.txt": "at the top",
            },
        ),
        add_entry(depot, "more", "1.0", {"more.txt": ""}, data={"share/man/man1/more.1": "man"}),
    ]


def made(depot: Depot, entries: Iterable[Entry], engine: Engine, mode: str) -> dict[str, Node]:
    """Make a prefix, look at it, run it, and remove it, so that it can be made again."""
    prefix = make_prefix(depot, entries, engine=engine, link_mode=mode, editable_roots=(Path("/"),))
    assert prefix.created
    found = tree(prefix.path)
    found |= {f"joined/{path}": node for path, node in tree(depot.layout.joined).items()}
    # Not for root, whom no mode keeps from writing it: no bytecode.
    code = "import licensed, six, ns.a, ns.b, Qt.sub, tools; print(ns.a.X, ns.b.X, Qt.sub.X)"
    assert run_python(prefix, "-B", "-c", code) == "1 2 3"
    depot.remove(prefix.path)
    for path in list_folder(depot.layout.joined):
        depot.remove(path)
    return found


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy"])
def test_a_prefix_is_made_alike(
    depot: Depot, entries: list[Entry], python: Engine, native: Engine, mode: str
) -> None:
    ours, theirs = (made(depot, entries, engine, mode) for engine in (python, native))
    assert ours == theirs
    kinds = Counter(kind for kind, _, _ in ours.values())
    assert (kinds["hardlink"] == 0) == (mode == "copy")
    assert {bits for kind, bits, _ in ours.values() if kind == "folder"} == {0o555}
    assert {bits for kind, bits, _ in ours.values() if "link" not in kind} == {0o444, 0o555}


SHARED = (
    "ns/{0}/__init__.py",
    "ns/{0}.py",
    "ns/{0}.txt",
    "ns/deep/{0}.py",
    "ns/deep/{0}/x.txt",
    "ns/sub/__init__.py",
    "ns/same.py",
    "reg/{0}.py",
    "reg/__init__.py",
    "reg/sub/{0}/x.py",
    "odd/__init__.so",
    "odd/{0}.py",
    "both.py",
    "both/{0}.py",
    "both.pth",
)
OWN = (
    "{0}/__init__.py",
    "{0}_module.py",
    "{0}_space/x.py",
    "{0}.libs/lib.so",
    "{0}.txt",
    "{0}.pth",
    "{0}-nspkg.pth",
    "{0}_native.so",
    "{0}-1.0.dist-info/licenses/LICENSE",
    "{0}-1.0.dist-info/sboms/deep/a.json",
    "{0}-1.0.dist-info/code/x.py",
)


def some_wheel(folder: Path, name: str, chance: random.Random) -> Path:
    """Make a wheel of any of these files."""
    files = {path.format(name): f"# {name}" for path in OWN if chance.random() < 0.3}
    shared = chance.sample(SHARED, chance.randrange(4))
    # The same in each wheel, or another in each.
    files |= {path.format(name): chance.choice(("", f"# {name}")) for path in shared}
    if "both/" in "".join(files) and "both.py" in files:
        del files["both.py"]
    data = {"share/x/{0}.txt": "x", "scripts/{0}-run": "#!python\n", "data/{0}.cfg": ""}
    return make_wheel(
        folder,
        name,
        "1.0",
        files or {f"{name}.py": ""},
        data={
            ("data/" if "share" in path else "") + path.format(name): text
            for path, text in data.items()
            if chance.random() < 0.1
        },
        requires=chance.sample(["d0", "d1", "d2", "d3"], 1) if chance.random() < 0.4 else (),
        entry_points="[console_scripts]\nrun = x:y\n" if chance.random() < 0.2 else None,
    )


@pytest.mark.parametrize("seed", range(40))
def test_any_wheels_make_the_same_prefix(
    depot: Depot, python: Engine, native: Engine, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    installed = [
        install_wheel(depot, some_wheel(tmp_path, f"d{number}", chance)) for number in range(8)
    ]
    results = []
    for engine in (python, native):
        warnings = Warnings()
        entries = [entry for entry in depot.entries() if entry in installed]
        prefix = make_prefix(depot, entries, engine=engine, reporter=warnings)
        joined = {path.name: tree(path) for path in list_folder(depot.layout.joined)}
        results.append((tree(prefix.path), joined, warnings.messages))
        depot.remove(prefix.path)
        if chance.random() < 0.5:  # otherwise the other engine finds what was joined
            for path in list_folder(depot.layout.joined):
                depot.remove(path)
    assert results[0] == results[1]


@pytest.mark.parametrize("umask", [0o077, 0o002, 0])
def test_the_umask_changes_nothing(
    depot: Depot, entries: list[Entry], engine: Engine, umask: int
) -> None:
    usual = made(depot, entries, engine, "auto")
    before = os.umask(umask)
    try:
        assert made(depot, entries, engine, "auto") == usual
    finally:
        os.umask(before)


def test_what_another_file_system_has_is_copied(engine: Engine, tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # another file system than that of tests, mostly
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs two file systems")
    mine = open_depots([tmp_path / "mine"]).receiver
    other = open_depots([memory / f"trail-{os.getpid()}-{engine.name}"]).receiver
    try:
        entries = [
            add_entry(mine, "a", "1.0", {"a.py": "X = 1"}),
            add_entry(mine, "c", "1.0", {"c/__init__.py": "X = 3"}),
            add_entry(other, "b", "1.0", {"b.py": "X = 2"}),
            add_entry(other, "c-more", "1.0", {"c/more/d.py": "X = 4", "c/more/e/f.txt": "f"}),
        ]
        prefix = make_prefix(mine, entries, engine=engine)
        found = tree(prefix.site_packages)
        joined = tree((prefix.site_packages / "c").resolve())
    finally:
        remove_tree(other.layout.root)
    assert found["a-1.0.dist-info/METADATA"][:2] == ("hardlink", 0o444)
    assert found["b-1.0.dist-info/METADATA"][:2] == ("file", 0o444)
    assert found["b-1.0.dist-info"] == ("folder", 0o555, "")
    assert found["c"][:2] == ("link", 0)
    assert joined["__init__.py"][:2] == ("hardlink", 0o444)
    assert joined["more/e/f.txt"] == ("file", 0o444, b"f")
    assert joined["more/__pycache__"][:2] == ("link", 0)
    for folder in ("more", "more/e"):
        assert joined[folder] == ("folder", 0o555, "")


@pytest.mark.parametrize("noted", [True, False])
def test_an_entry_that_lost_a_file_is_an_error(
    depot: Depot, engine: Engine, tmp_path: Path, noted: bool
) -> None:
    if noted:
        entry = install_wheel(depot, make_wheel(tmp_path, "a", "1.0", {"a.py": "X = 1"}))
    else:
        entry = add_entry(depot, "a", "1.0", {"a.py": "X = 1"})
    metadata = entry.path / "lib/python/site-packages/a-1.0.dist-info/METADATA"
    metadata.parent.chmod(0o755)
    metadata.unlink()
    with pytest.raises(DepotError) as caught:
        make_prefix(depot, [entry], engine=engine)
    assert caught.value.message.startswith(f"cannot make the prefix `{depot.layout.prefixes}")
    assert caught.value.message.endswith(": no such file or directory")
    assert caught.value.details == (("file", str(metadata)),)
    assert list(depot.layout.prefixes.glob("*")) == []
    assert [path.name for path in depot.layout.staging.iterdir()] == ["locks"]


def test_what_is_half_made_is_removed(depot: Depot, engine: Engine, tmp_path: Path) -> None:
    good = [
        install_wheel(depot, make_wheel(tmp_path, f"good{number}", "1.0", {"x.txt": ""}))
        for number in range(20)
    ]
    bad = add_entry(depot, "zzz", "1.0", {"zzz.py": "X = 1"})
    file = bad.path / "entry.json"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b'"startup"', b'"stardown"'))
    with pytest.raises(DepotError, match=r"`facts\.startup` is wrong$"):
        make_prefix(depot, [*good, *list(depot.entries())[-1:]], engine=engine)
    assert list(depot.layout.prefixes.glob("*")) == []
    assert [path.name for path in depot.layout.staging.iterdir()] == ["locks"]
