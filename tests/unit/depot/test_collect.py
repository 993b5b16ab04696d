from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, depot_at

from trail.depot.collect import (
    Item,
    Plan,
    Survey,
    collect,
    parse_manifest,
    plan,
    remove_users,
)
from trail.depot.collect import survey as look
from trail.depot.roots import Root, write_root
from trail.report import Reporter

if TYPE_CHECKING:
    from pathlib import Path

    from trail.depot.store import Depot, Entry

DAY = 24 * 3600.0
NOW = 1000 * DAY


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return depot_at(tmp_path / "depot")


def item(name: str, *, days: float = 10, prefix: str | None = None, uses: str = "") -> Item:
    return Item(name=name, used=NOW - days * DAY, prefix=prefix, entries=frozenset(uses.split()))


def add_prefix(depot: Depot, key: str, *entries: Entry) -> Path:
    with depot.staging() as staging:
        (staging / key).mkdir()
        content = {"layout": 1, "entries": [entry.id for entry in entries]}
        (staging / key / "trail.json").write_text(json.dumps(content))
        (staging / key / "trail.json").chmod(0o444)
        depot.publish(staging / key, depot.layout.prefix(key), key)
    return depot.layout.prefix(key)


def grow_old(depot: Depot, days: float = 10) -> None:
    then = NOW - days * DAY
    for path in depot.layout.root.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)


def test_what_a_root_or_its_prefix_uses_stays() -> None:
    found = Survey(
        roots=(item("r", prefix="p", uses="direct"),),
        prefixes=(item("p", uses="by-prefix"), item("q", uses="by-nobody")),
        entries=tuple(item(name) for name in ("direct", "by-prefix", "by-nobody", "alone")),
    )
    assert plan(found, now=NOW) == Plan(prefixes=("q",), entries=("alone", "by-nobody"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("days", "goes"), [(1.9, False), (2.1, True)])
def test_what_was_used_lately_stays(days: float, *, goes: bool) -> None:
    found = Survey(
        roots=(Item(name="r", used=NOW - days * DAY, gone=True),),
        prefixes=(item("p", days=days),),
        entries=(item("e", days=days),),
    )
    assert plan(found, now=NOW) == (
        Plan(roots=("r",), prefixes=("p",), entries=("e",)) if goes else Plan()  # type: ignore[arg-type]
    )


def test_a_young_prefix_keeps_old_entries() -> None:
    """A process has just made it, and not yet written its root."""
    found = Survey(prefixes=(item("p", days=0, uses="e"),), entries=(item("e"),))
    assert plan(found, now=NOW) == Plan()


def test_what_an_editable_project_was_built_with_stays_as_long_as_it_is_used() -> None:
    def found(uses: str) -> Survey:
        return Survey(
            roots=(item("r", prefix="p", uses=uses),),
            prefixes=(item("p", uses=uses), item("q", uses="ninja meson"), item("o", uses="ninja")),
            entries=tuple(item(name) for name in ("own", "ninja", "meson", "other")),
            builds=(
                Item(
                    name="own-1",
                    used=0,
                    entries=frozenset({"own"}),
                    requires=frozenset({"ninja", "meson"}),
                ),
            ),
        )

    used, left = plan(found("own"), now=NOW), plan(found("other"), now=NOW)
    assert (used.prefixes, used.entries, used.builds) == (("o",), ("other",), ())
    assert (left.prefixes, left.builds) == (("o", "q"), ("own-1",))
    assert left.entries == ("meson", "ninja", "own")


def test_builds_stay_as_long_as_what_they_became() -> None:
    found = Survey(
        roots=(item("r", uses="used"),),
        entries=(item("used"), item("unused"), item("young", days=0)),
        builds=(
            item("a", uses="used"),
            item("b", uses="unused"),
            item("c", uses="young"),
            item("d", uses="gone"),
            item("metadata"),
            item("e", days=0, uses="gone"),
        ),
        sources=(item("git-old"), item("git-new", days=0)),
    )
    what = plan(found, now=NOW)
    assert (what.builds, what.sources) == (("b", "d", "metadata"), ("git-old",))


def test_roots_go_with_their_project_or_with_time() -> None:
    found = Survey(
        roots=(
            item("used", days=89),
            item("forgotten", days=91),
            Item(name="tool", used=0, ages=False),
            Item(name="gone", used=NOW - 3 * DAY, gone=True),
        )
    )
    assert plan(found, now=NOW).roots == ("forgotten", "gone")


def test_an_impatient_user_gets_all_that_nobody_needs() -> None:
    found = Survey(
        roots=(item("r", days=0, uses="e"),), entries=(item("e", days=0), item("f", days=0.001))
    )
    assert plan(found, now=NOW, youngest=0).entries == ("f",)


def test_a_depot_is_surveyed_and_collected(depot: Depot, tmp_path: Path) -> None:
    used, direct, lost = (add_entry(depot, name) for name in ("used", "direct", "lost"))
    kept, stale = add_prefix(depot, "kept", used), add_prefix(depot, "stale", lost)
    root = Root(project=str(tmp_path), prefix=str(kept), entries=[direct.id])
    write_root(depot.layout.root_file("mine"), root)
    write_root(depot.layout.root_file("gone"), Root(project=str(tmp_path / "x")))
    depot.layout.root_file("damaged").write_bytes(b"trail-root 1\n")
    for key in ("kept", "stale"):
        (depot.layout.rewritten / key / "0123").mkdir(parents=True)
    grow_old(depot)
    what = plan(look(depot), now=NOW)
    assert what == Plan(roots=("damaged", "gone"), prefixes=("stale",), entries=(lost.id,))
    assert collect(depot, what, now=NOW, youngest=DAY, reporter=Reporter()) == 4
    assert [entry.id for entry in depot.entries()] == [direct.id, used.id]
    assert kept.exists()
    assert not stale.exists()
    assert [path.name for path in depot.layout.rewritten.iterdir()] == ["kept"]
    assert [path.name for path in depot.layout.roots.iterdir()] == ["mine"]
    assert plan(look(depot), now=NOW) == Plan()


def test_what_was_used_since_the_plan_was_made_stays(depot: Depot) -> None:
    entry, other = add_entry(depot, "a"), add_entry(depot, "b")
    grow_old(depot)
    what = plan(look(depot), now=NOW)
    assert what.entries == (entry.id, other.id)
    os.utime(depot.layout.entry_file(entry.id), (NOW, NOW))
    assert collect(depot, what, now=NOW, youngest=DAY, reporter=Reporter()) == 1
    assert [left.id for left in depot.entries()] == [entry.id]


def test_old_notes_about_what_is_gone_are_removed(tmp_path: Path) -> None:
    old = depot_at(tmp_path, boot="old-boot")
    gone, kept = add_entry(old, "a"), add_entry(old, "b")
    add_prefix(old, "key")
    old.remove(gone.path)
    depot = depot_at(tmp_path)
    for left in ({"a", "b", "key"}, {"b", "key"}):
        collect(depot, Plan(), now=NOW, youngest=0, reporter=Reporter())
        notes = depot.layout.unsynced.glob("*/*")
        assert {path.name.partition("+")[0] for path in notes} == left
        grow_old(depot)
    assert depot_at(tmp_path).is_suspect(kept.id)


def test_what_is_gone_already_is_no_error(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    what = Plan(roots=("r",), prefixes=("p",), entries=(entry.id,))
    depot.remove(entry.path)
    assert collect(depot, what, youngest=0, reporter=Reporter()) == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"layout": 2, "entries": []}', b'{"layout": 1}', b'{"layout": 1, "entries": 1}'],
)
def test_a_manifest_that_cannot_be_read_is_none(data: bytes) -> None:
    assert parse_manifest(data) is None


def test_prefixes_of_removed_entries_go_too(depot: Depot) -> None:
    a, b = add_entry(depot, "a"), add_entry(depot, "b")
    add_prefix(depot, "both", a, b)
    other = add_prefix(depot, "other", b)
    assert remove_users(depot, [a.id]) == 1
    assert list(depot.layout.prefixes.iterdir()) == [other]
    assert remove_users(depot, [a.id]) == 0


def test_answers_go_with_what_they_lead_to_or_with_time(depot: Depot) -> None:
    entry = add_entry(depot, "a")
    prefix = add_prefix(depot, "cp312-a", entry)

    def answer(name: str, *, prefix: Path, entries: list[str], days: float) -> None:
        root = Root(
            project="", prefix=str(prefix), entries=entries, depots=[str(depot.layout.root)]
        )
        write_root(depot.layout.answers / name, root)
        then = NOW - days * DAY
        os.utime(depot.layout.answers / name, (then, then))

    answer("kept", prefix=prefix, entries=[entry.id], days=10)
    answer("old", prefix=prefix, entries=[entry.id], days=91)
    answer("no-prefix", prefix=depot.layout.prefix("cp312-b"), entries=[entry.id], days=10)
    answer("no-entry", prefix=prefix, entries=["b/1.0/py3-none-any-0123456789ab"], days=10)
    (depot.layout.answers / "damaged").write_text("trail-root 1\n")
    collect(depot, Plan(), now=NOW, youngest=0.0, reporter=Reporter())
    assert [path.name for path in depot.layout.answers.iterdir()] == ["kept"]


def test_what_an_index_said_goes_with_time(depot: Depot) -> None:
    projects = depot.layout.index / "projects"
    metadata = depot.layout.index / "metadata" / "a"
    for folder in (projects, metadata):
        folder.mkdir(parents=True)
        for name, days in {"new": 89, "old": 91, ".new.part": 1, ".old.part": 3}.items():
            (folder / name).write_bytes(b"{}")
            os.utime(folder / name, (NOW - days * DAY,) * 2)
    collect(depot, Plan(), now=NOW, youngest=0.0, reporter=Reporter())
    for folder in (projects, metadata):
        assert sorted(path.name for path in folder.iterdir()) == [".new.part", "new"]
