"""Wheels that were built: kept, made once, verified like others."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from packaging.tags import Tag, sys_tags
from tests.helpers.wheels import make_wheel

from trail.build.backend import Recipe
from trail.build.cache import BuildCache, Made, Subject, key_of
from trail.depot.store import Origin, Stack, open_depots
from trail.errors import BuildError, WheelError
from trail.files import remove_tree
from trail.model import NormalizedName
from trail.wheel._python import PythonEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAGS = tuple(sys_tags())
SUBJECT = Subject(
    label="six 1.0",
    digest="sha256 abc",
    origin=Origin(kind="path", path="/somewhere/six-1.0.tar.gz"),
    name=NormalizedName("six"),
    version="1.0",
)
KEY = key_of(SUBJECT, Recipe(), TAGS[0])


def stack(tmp_path: Path) -> Stack:
    return open_depots([tmp_path / "depot"], boot="")


def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(stack(tmp_path), PythonEngine(""), TAGS, max_unpacked=1 << 30)


def maker(calls: list[Path], name: str = "six", **more: str) -> Callable[[Path], Made]:
    def make(staging: Path) -> Made:
        calls.append(staging)
        wheel = make_wheel(staging / "made", name, "1.0", {"six.py": "x = 1\n"}, **more)  # type: ignore[arg-type]  # texts only
        return Made(path=wheel, entries=("setuptools/80.0/py3-none-any-0123456789ab",))

    return make


def never(_: Path) -> Made:
    raise AssertionError("it was built before")


def test_build_becomes_an_entry_and_is_not_made_again(tmp_path: Path) -> None:
    calls: list[Path] = []
    entry = cache(tmp_path).ensure(SUBJECT, KEY, maker(calls))
    info = entry.info()
    assert (info.built, info.origin) == (True, SUBJECT.origin)
    assert (info.facts.name, info.facts.version) == ("six", "1.0")
    assert cache(tmp_path).ensure(SUBJECT, KEY, never) == entry
    record = json.loads((tmp_path / "depot" / "builds" / KEY / "build.json").read_text())
    assert record["requires"] == ["setuptools/80.0/py3-none-any-0123456789ab"]
    assert record["sha256"] == info.sha256
    assert not calls[0].exists()


def test_entry_that_is_gone_is_unpacked_from_the_kept_wheel(tmp_path: Path) -> None:
    first = cache(tmp_path).ensure(SUBJECT, KEY, maker([]))
    stack(tmp_path).receiver.remove(first.path)
    assert cache(tmp_path).ensure(SUBJECT, KEY, never).id == first.id


def test_kept_wheel_that_was_changed_is_built_anew(tmp_path: Path) -> None:
    first = cache(tmp_path).ensure(SUBJECT, KEY, maker([]))
    stack(tmp_path).receiver.remove(first.path)
    (wheel,) = (tmp_path / "depot" / "builds" / KEY).glob("*.whl")
    wheel.chmod(0o600)
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    calls: list[Path] = []
    assert cache(tmp_path).ensure(SUBJECT, KEY, maker(calls)).id == first.id
    assert len(calls) == 1


@pytest.mark.parametrize("text", ["", "{", '{"layout": 2}', '{"layout": 1}'])
def test_record_that_cannot_be_used_is_replaced(tmp_path: Path, text: str) -> None:
    cache(tmp_path).ensure(SUBJECT, KEY, maker([]))
    record = tmp_path / "depot" / "builds" / KEY / "build.json"
    record.chmod(0o600)
    record.write_text(text)
    calls: list[Path] = []
    cache(tmp_path).ensure(SUBJECT, KEY, maker(calls))
    assert len(calls) == 1
    cache(tmp_path).ensure(SUBJECT, KEY, never)


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(staging: Path) -> Made:
        (staging / "half").write_text("x")
        raise BuildError("no luck")

    with pytest.raises(BuildError, match="no luck"):
        cache(tmp_path).ensure(SUBJECT, KEY, fail)
    depot = tmp_path / "depot"
    assert [path for path in (depot / "staging").iterdir() if path.name != "locks"] == []
    assert not (depot / "builds").exists()
    assert not (depot / "installed").exists()


def test_two_builds_of_one_source_are_made_in_the_same_place(tmp_path: Path) -> None:
    places = []

    def make(staging: Path) -> Made:
        places.append(staging)
        return maker([])(staging)

    for _ in range(2):
        cache(tmp_path).ensure(SUBJECT, KEY, make)
        remove_tree(tmp_path / "depot" / "builds")
        remove_tree(tmp_path / "depot" / "installed")
        # What a process left there that was killed does not get into the next build.
        (places[0] / "left").mkdir(parents=True)
    assert places == [tmp_path / "depot" / "staging" / f"build-{KEY}"] * 2


def test_build_that_another_process_is_at_is_made_elsewhere(tmp_path: Path) -> None:
    depot = open_depots([tmp_path / "depot"], boot="").receiver
    places = []

    def make(staging: Path) -> Made:
        places.append(staging.name)
        return maker([])(staging)

    with depot.guard(f"build {KEY}"):
        cache(tmp_path).ensure(SUBJECT, KEY, make, wait=False)
    assert places != [f"build-{KEY}"]


def test_wheel_of_another_distribution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        cache(tmp_path).ensure(SUBJECT, KEY, maker([], "seven"))
    assert str(caught.value) == "`six 1.0` was built into a wheel of another name"
    assert caught.value.details == (
        ("expected", "six"),
        ("actual", "seven"),
        ("wheel", "seven-1.0-py3-none-any.whl"),
    )


def test_wheel_for_another_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="a wheel that does not fit this Python"):
        cache(tmp_path).ensure(SUBJECT, KEY, maker([], tag="cp27-cp27m-win32"))


def test_wheel_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    def make(staging: Path) -> Made:
        wheel = maker([])(staging).path
        with wheel.open("ab") as file:
            file.write(b"more")
        return Made(path=wheel)

    with pytest.raises(WheelError) as caught:
        cache(tmp_path).ensure(SUBJECT, KEY, make)
    assert caught.value.fault == "zip-trailing-data"
    assert not (tmp_path / "depot" / "builds").exists()


def test_metadata_is_kept(tmp_path: Path) -> None:
    def make(staging: Path) -> Made:
        path = staging / "METADATA"
        path.write_bytes(b"Name: six\n")
        return Made(path=path)

    key = key_of(SUBJECT, Recipe(), TAGS[0], kind="metadata")
    assert cache(tmp_path).metadata(SUBJECT, key, make) == b"Name: six\n"
    assert cache(tmp_path).metadata(SUBJECT, key, never) == b"Name: six\n"


def test_what_a_build_is_known_by() -> None:
    tag = Tag("cp312", "cp312", "linux_x86_64")
    keys = {
        key_of(SUBJECT, Recipe(), tag),
        key_of(SUBJECT, Recipe(), TAGS[0]),
        key_of(SUBJECT, Recipe(), tag, kind="metadata"),
        key_of(SUBJECT, Recipe(config_settings={"a": "b"}), tag),
        key_of(SUBJECT, Recipe(requires=("a",)), tag),
        key_of(SUBJECT, Recipe(environ={"a": "b"}), tag),
    }
    assert len(keys) == 6
    assert all(key.startswith("six-") for key in keys)


def test_build_in_another_depot_of_the_stack_is_used(tmp_path: Path) -> None:
    entry = cache(tmp_path).ensure(SUBJECT, KEY, maker([]))
    shutil.copytree(tmp_path / "depot", tmp_path / "shared")
    shutil.rmtree(tmp_path / "depot" / "builds")
    paths = [tmp_path / "mine", tmp_path / "shared"]
    found = BuildCache(
        open_depots(paths, boot=""), PythonEngine(""), TAGS, max_unpacked=1 << 30
    ).find(SUBJECT, KEY)
    assert found is not None
    assert found.path == tmp_path / "shared" / entry.path.relative_to(tmp_path / "depot")
