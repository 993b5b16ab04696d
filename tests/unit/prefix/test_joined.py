"""Shared packages that are joined in the depot, and linked by all prefixes that have them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import add_entry, make_prefix, run_python
from tests.helpers.trees import tree

from trail.depot.collect import OLDEST, Plan, collect, plan, remove_users, survey
from trail.depot.roots import Root, write_root
from trail.depot.store import Depot, Entry, open_depots
from trail.depot.usage import list_folder
from trail.prefix.model import Strictness
from trail.report import Reporter

if TYPE_CHECKING:
    from trail.prefix.model import Prefix

DAY = 24 * 3600


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return open_depots([tmp_path / "depot"], boot="this-boot").receiver


@pytest.fixture
def pair(depot: Depot) -> list[Entry]:
    """A package that two distributions share."""
    return [
        add_entry(depot, "qt", "1.0", {"Qt/__init__.py": "", "Qt/sub/__init__.py": "X = 3"}),
        add_entry(depot, "qt-lib", "1.0", {"Qt/lib/x.so": b"\x7fELF", "Qt/more.py": "Y = 4"}),
    ]


def joined(depot: Depot) -> list[str]:
    return [path.name for path in list_folder(depot.layout.joined)]


def manifest(prefix: Prefix) -> list[str]:
    keys = json.loads((prefix.path / "trail.json").read_text())["joined"]
    assert isinstance(keys, list)
    return keys


def test_it_is_made_once_for_all_prefixes(depot: Depot, pair: list[Entry]) -> None:
    first = make_prefix(depot, pair)
    (key,) = joined(depot)
    assert key.startswith("Qt-")
    assert manifest(first) == [key]
    link = first.site_packages / "Qt"
    site = first.site_packages.relative_to(first.path)
    assert link.readlink() == Path(*[".."] * (len(site.parts) + 2), "joined", key, site, "Qt")
    made = tree(link.resolve())
    file = pair[1].path / "lib/python/site-packages/Qt/lib/x.so"
    assert made["lib/x.so"] == ("hardlink", 0o444, file.stat().st_ino)
    assert {bits for kind, bits, _ in made.values() if kind == "folder"} == {0o555}
    assert depot.layout.joined_folder(key).stat().st_mode & 0o777 == 0o555
    inode = file.stat().st_nlink

    other = add_entry(depot, "other", "1.0", {"other.py": ""})
    second = make_prefix(depot, [*pair, other])
    assert second.key != first.key
    assert joined(depot) == [key]
    assert tree(link.resolve()) == made
    assert file.stat().st_nlink == inode
    for prefix in (first, second):
        code = "import Qt.sub, Qt.more; print(Qt.sub.X, Qt.more.Y, Qt.__file__)"
        assert run_python(prefix, "-B", "-c", code) == f"3 4 {prefix.site_packages}/Qt/__init__.py"


def test_bytecode_that_comes_later_is_found(depot: Depot, pair: list[Entry]) -> None:
    prefix = make_prefix(depot, pair)
    folder = (prefix.site_packages / "Qt").resolve()
    sources = [entry.path / "lib/python/site-packages/Qt" for entry in pair]
    assert (folder / "sub/__pycache__").resolve() == sources[0] / "sub/__pycache__"
    names = {path.name: path.resolve() for path in (folder / "__pycache__").iterdir()}
    assert {path.parent for path in names.values()} == {one / "__pycache__" for one in sources}


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_other_modes_join_in_the_prefix(depot: Depot, pair: list[Entry], mode: str) -> None:
    prefix = make_prefix(depot, pair, link_mode=mode)
    assert joined(depot) == manifest(prefix) == []
    assert not (prefix.site_packages / "Qt").is_symlink()


def test_another_version_or_another_winner_is_another_one(depot: Depot) -> None:
    old = add_entry(depot, "a", "1.0", {"Qt/__init__.py": "", "Qt/x.py": "X = 'a'"})
    new = add_entry(depot, "a", "1.1", {"Qt/__init__.py": "", "Qt/x.py": "X = 'new a'"})
    b = add_entry(depot, "b", "1.0", {"Qt/x.py": "X = 'b'"}, requires=["between"])
    between = add_entry(depot, "between", "1.0", {"between.py": ""}, requires=["a"])
    backwards = add_entry(depot, "between", "2.0", {"between.py": ""})
    found = []
    for entries in ([old, b], [new, b], [old, b, backwards], [old, b, between]):
        prefix = make_prefix(depot, entries)
        found.append((manifest(prefix), run_python(prefix, "-Bc", "import Qt.x; print(Qt.x.X)")))
    assert found[0] == found[2] == found[3]
    assert found[0][0] != found[1][0]
    needs_b = add_entry(
        depot, "a", "1.2", {"Qt/__init__.py": "", "Qt/x.py": "X = 'a'"}, requires=["x"]
    )
    there = add_entry(depot, "x", "1.0", {"x.py": ""}, requires=["b"])
    without = make_prefix(depot, [needs_b, b])
    through = make_prefix(depot, [needs_b, b, there])
    assert manifest(without) != manifest(through)
    assert run_python(without, "-Bc", "import Qt.x; print(Qt.x.X)") == "b"
    assert run_python(through, "-Bc", "import Qt.x; print(Qt.x.X)") == "a"


def test_entries_of_another_depot_are_linked_from_the_own(tmp_path: Path, depot: Depot) -> None:
    shared = open_depots([tmp_path / "shared"]).receiver
    entries = [
        add_entry(shared, "qt", "1.0", {"Qt/__init__.py": "X = 1"}),
        add_entry(depot, "qt-lib", "1.0", {"Qt/lib.py": "Y = 2"}),
    ]
    prefix = make_prefix(depot, entries)
    assert joined(shared) == []
    assert len(joined(depot)) == 1
    assert run_python(prefix, "-Bc", "import Qt.lib; print(Qt.X, Qt.lib.Y)") == "1 2"


def test_strict_mode_knows_what_is_in_one_that_is_there(
    depot: Depot, pair: list[Entry], tmp_path: Path
) -> None:
    strict = Strictness(root=tmp_path, declared=frozenset())
    first = make_prefix(depot, pair, strict=strict)
    other = add_entry(depot, "other", "1.0", {"other.py": ""})
    second = make_prefix(depot, [*pair, other], strict=strict)
    tables = [
        (prefix.site_packages / "_trail_strict.txt").read_text().splitlines()
        for prefix in (first, second)
    ]
    assert tables[0] == [str(tmp_path), "Qt\tqt, qt-lib\t"]
    assert tables[1] == [*tables[0], "other\tother\t"]


def test_after_a_power_loss_it_is_made_anew(depot: Depot, pair: list[Entry]) -> None:
    make_prefix(depot, pair)
    (key,) = joined(depot)
    hurt = depot.layout.joined_folder(key)
    hurt.chmod(0o755)
    (hurt / "hurt").touch()
    later = open_depots([depot.layout.root], boot="another-boot").receiver
    make_prefix(later, pair)
    assert joined(depot) == [key]
    assert not (hurt / "hurt").exists()
    again = open_depots([depot.layout.root], boot="another-boot").receiver
    assert not again.is_suspect(key)


def test_a_use_is_noted_once_a_day(depot: Depot, pair: list[Entry]) -> None:
    make_prefix(depot, pair)
    (key,) = joined(depot)
    file = depot.layout.joined_file(key)
    then = time.time() - 3 * DAY
    os.utime(file, (then, then))
    make_prefix(depot, [*pair, add_entry(depot, "other", "1.0", {"other.py": ""})])
    assert file.stat().st_mtime > then + 2 * DAY


def test_it_stays_as_long_as_a_prefix_links_it(
    depot: Depot, pair: list[Entry], tmp_path: Path
) -> None:
    kept = make_prefix(depot, pair)
    write_root(depot.layout.root_file("mine"), Root(project=str(tmp_path), prefix=str(kept.path)))
    newer = add_entry(depot, "qt", "2.0", {"Qt/__init__.py": "V = 2"})
    stale = make_prefix(depot, [newer, pair[1]])
    now = time.time() + 5 * DAY
    what = plan(survey(depot), now=now)
    assert what == Plan(prefixes=(stale.key,), joined=tuple(manifest(stale)), entries=(newer.id,))
    assert collect(depot, what, now=now, youngest=DAY, reporter=Reporter()) == 3
    assert joined(depot) == manifest(kept)
    assert run_python(kept, "-Bc", "import Qt.sub; print(Qt.sub.X)") == "3"
    assert plan(survey(depot), now=now) == Plan()
    late = time.time() + 2 * OLDEST
    gone = plan(survey(depot), now=late)
    assert gone.joined == tuple(joined(depot))
    # A process that used it meanwhile wins.
    os.utime(depot.layout.joined_file(gone.joined[0]), (late, late))
    collect(depot, Plan(joined=gone.joined), now=late, youngest=DAY, reporter=Reporter())
    assert joined(depot) == list(gone.joined)


def test_one_that_is_used_no_more_keeps_its_entries_while_it_is_young(
    depot: Depot, pair: list[Entry]
) -> None:
    prefix = make_prefix(depot, pair)
    depot.remove(prefix.path)
    old = time.time() - 10 * DAY
    for entry in pair:
        os.utime(depot.layout.entry_file(entry.id), (old, old))
    assert plan(survey(depot), now=time.time()) == Plan()


def test_it_goes_with_a_damaged_entry(depot: Depot, pair: list[Entry]) -> None:
    prefix = make_prefix(depot, pair)
    assert remove_users(depot, [pair[1].id]) == 1
    assert not prefix.path.exists()
    assert joined(depot) == []
