from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from tests.helpers.depots import add_entry, as_nobody, depot_at, entry_facts

from trail.depot.store import open_depots
from trail.errors import DepotError
from trail.model import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users can reach (pytest's own are closed to them)."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        yield place


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def test_a_depot_is_made_where_none_is(tmp_path: Path) -> None:
    stack = open_depots([tmp_path / "not" / "there"])
    assert stack.receiver.layout.root == tmp_path / "not" / "there"
    assert (tmp_path / "not" / "there" / "depot.json").read_text() == '{"layout": 1}\n'
    tag = (tmp_path / "not" / "there" / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


@pytest.mark.parametrize("name", [".depot.json.0123456789abcdef", "lost+found"])
def test_a_depot_is_made_in_a_folder_that_is_as_good_as_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert open_depots([tmp_path]).receiver.layout.root == tmp_path


def test_an_open_depot_is_opened_again(tmp_path: Path) -> None:
    entry = add_entry(open_depots([tmp_path]).receiver, "a")
    assert open_depots([tmp_path]).find(entry.id) == entry


def test_a_folder_with_other_things_is_not_made_a_depot(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DepotError) as caught:
        open_depots([tmp_path])
    assert caught.value.message == f"`{tmp_path}` is not a depot, and not empty"
    assert caught.value.details == (("missing", "depot.json"), ("has", "thesis.txt"))
    assert caught.value.hint == "set TRAIL_DEPOT to an empty folder, or one that does not exist"
    assert tree(tmp_path) == {"thesis.txt": b""}


def test_the_depot_of_a_later_trail_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "depot.json").write_text('{"layout": 2, "new": true}')
    before = tree(tmp_path)
    with pytest.raises(DepotError) as caught:
        open_depots([tmp_path])
    assert caught.value.message == f"cannot use the depot `{tmp_path}`: a later trail made it"
    assert caught.value.details == (("layout", "2"), ("known", "1"))
    assert caught.value.hint == "upgrade trail, or set TRAIL_DEPOT to another folder"
    assert tree(tmp_path) == before


@pytest.mark.parametrize("data", ["", "{", "[]", "{}", '{"layout": "1"}', '{"layout": 0}'])
def test_a_damaged_depot_file_is_named(tmp_path: Path, data: str) -> None:
    (tmp_path / "depot.json").write_text(data)
    with pytest.raises(DepotError) as caught:
        open_depots([tmp_path])
    assert caught.value.message == (
        f"cannot open the depot `{tmp_path}`: its depot.json is damaged"
    )
    assert caught.value.hint == "move the folder away; all of it can be made again"


def test_a_file_is_no_depot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DepotError) as caught:
        open_depots([tmp_path / "file"])
    assert caught.value.message == (
        f"cannot open the depot `{tmp_path / 'file'}`: a part of the path is not a folder"
    )
    assert caught.value.details == (("file", str(tmp_path / "file" / "depot.json")),)


def test_a_relative_path_is_no_depot() -> None:
    with pytest.raises(DepotError) as caught:
        open_depots([Path("depot")])
    assert caught.value.message == "the depot's path `depot` is not absolute"


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    root = tmp_path / ("d" * 300)
    with pytest.raises(DepotError) as caught:
        open_depots([root])
    assert caught.value.message == f"cannot open the depot `{root}`: the path is too long"
    assert caught.value.hint == "set TRAIL_DEPOT to a shorter path"


def test_depots_are_searched_in_order_and_the_first_receives(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    in_other = add_entry(depot_at(other), "a")
    stack = open_depots([one, other])
    assert stack.receiver.layout.root == one
    assert stack.find(in_other.id) == in_other
    in_one = add_entry(stack.receiver, "a")
    found = stack.find(in_one.id)
    assert found is not None
    assert found.path == in_one.path != in_other.path
    assert [entry.path for entry in stack.entries()] == [in_one.path, in_other.path]


def test_a_second_depot_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    stack = open_depots([tmp_path / "one", tmp_path / "other"])
    assert [depot.layout.root.name for depot in stack.depots] == ["one"]
    assert not (tmp_path / "other").exists()


def test_a_depot_that_cannot_be_written_is_read(place: Path) -> None:
    entry = add_entry(depot_at(place / "shared"), "a")
    (place / "mine").mkdir()
    if os.geteuid() == 0:
        os.chown(place / "mine", 65534, 65534)
    (place / "shared").chmod(0o555)
    with as_nobody():
        stack = open_depots([place / "shared", place / "mine"])
        assert [depot.writable for depot in stack.depots] == [False, True]
        assert stack.receiver.layout.root == place / "mine"
        assert stack.find(entry.id) == entry
        assert add_entry(stack.receiver, "b").depot == stack.receiver
    (place / "shared").chmod(0o755)


def test_that_no_depot_can_be_written_is_said_when_one_is_needed(place: Path) -> None:
    depot_at(place / "shared")
    for path in (place / "shared", place):
        path.chmod(0o555)
    with as_nobody():
        stack = open_depots([place / "shared", place / "new"])
        assert stack.find(entry_facts("a")[0]) is None
        with pytest.raises(DepotError) as caught:
            _ = stack.receiver
    for path in (place, place / "shared"):
        path.chmod(0o755)
    assert caught.value.message == "there is no depot that can be written"
    assert caught.value.details == (
        ("depot", f"{place / 'shared'} (read-only)"),
        ("depot", f"{place / 'new'} (permission denied)"),
    )
    assert caught.value.hint == "put a folder that you can write first: TRAIL_DEPOT=~/.trail"


def test_permission_that_is_missing_deep_inside_is_named(place: Path) -> None:
    depot = depot_at(place / "depot")
    depot.layout.staging.mkdir()
    depot.layout.locks.mkdir()
    for path in (depot.layout.locks, depot.layout.staging):
        path.chmod(0o555)
    with as_nobody(), pytest.raises(DepotError) as caught:
        add_entry(depot, "a")
    message = caught.value.message
    assert message.startswith(f"cannot make `{depot.layout.staging}/")
    assert message.endswith("`: permission denied")
    assert caught.value.hint == "put a folder that you can write first: TRAIL_DEPOT=~/.trail"


def test_all_digits_of_the_hash_are_compared_where_they_are_known(tmp_path: Path) -> None:
    stack = open_depots([tmp_path])
    entry = add_entry(stack.receiver, "a")
    digest = entry.info().sha256
    assert stack.find(entry.id, digest) == entry
    other = Sha256(digest[:12] + "f" * 52)
    with pytest.raises(DepotError) as caught:
        stack.find(entry.id, other)
    assert caught.value.message == f"the depot has another wheel as `{entry.id}`"
    assert caught.value.details == (
        ("expected", f"sha256={other}"),
        ("actual", f"sha256={digest}"),
    )
