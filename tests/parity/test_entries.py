"""Both readers of `entry.json`: the same facts, or the Python parser is asked."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.depots import add_entry
from tests.parity.conftest import native_engine

from trail.depot.entry import EntryInfo, Origin, dump_info, facts_of, parse_info
from trail.depot.store import Stack, check_all, open_depots
from trail.depot.unpacked import read_facts
from trail.errors import DepotError
from trail.model import EntryPoint, Escape, Facts, Kind, Mismatch, NormalizedName, Sha256, TopLevel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trail.wheel.engine import Reader

TEXTS = ("", "a", "a_b/x.so", "ä", "漢字", "\U0001f600", "\0\x1f\x7f", '"\\/', "A" * 300)


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The native one."""
    found = native_engine().reader
    assert found is not None
    return found


def make_info(random: random.Random) -> EntryInfo:
    """Make a content of any values that are allowed; without mismatches, which are left."""

    def text() -> str:
        return random.choice(TEXTS)

    def texts() -> tuple[str, ...]:
        return tuple(text() for _ in range(random.randrange(4)))

    def some(make: Callable[[], Any]) -> tuple[Any, ...]:
        return tuple(make() for _ in range(random.randrange(4)))

    def digest() -> Sha256:
        return Sha256(f"{random.getrandbits(256):064x}")

    return EntryInfo(
        facts=Facts(
            name=NormalizedName(text()),
            version=text(),
            dist_info=text(),
            root_is_purelib=random.random() < 0.5,
            files=random.choice((0, 1, 2**31, 2**64 - 1)),
            size=random.choice((0, 7, 2**63)),
            record=digest(),
            top_level=some(
                lambda: TopLevel(path=text(), name=text(), kind=random.choice(tuple(Kind)))
            ),
            startup=texts(),
            scripts=some(lambda: EntryPoint(name=text(), value=text(), gui=random.random() < 0.5)),
            schemes=texts(),
            metadata=texts(),
            root_files=texts(),
            escapes=some(
                lambda: Escape(
                    library=text(),
                    runpath=text(),
                    tag=random.choice(("DT_RPATH", "DT_RUNPATH", "LC_RPATH")),
                )
            ),
        ),
        origin=Origin(
            kind=random.choice(("index", "path", "url", "vcs")),
            url=random.choice((None, text())),
            index=random.choice((None, text())),
            path=random.choice((None, text())),
            revision=random.choice((None, text())),
            hashes=random.choice(((), (("sha256", digest()),))),
        ),
        filename=f"{text()}-1-py3-none-any.whl",
        sha256=digest(),
        size=random.randrange(2**40),
        built=random.random() < 0.5,
    )


def read(reader: Reader, folder: Path, contents: list[bytes]) -> list[tuple[Sha256, Facts] | None]:
    """Read files with these contents."""
    paths = []
    for number, data in enumerate(contents):
        path = folder / str(number)
        path.write_bytes(data)
        paths.append(str(path))
    return [
        None if known is None else (Sha256(known.sha256), facts_of(known))
        for known in reader(paths)
    ]


def by_python(data: bytes) -> tuple[Sha256, Facts] | None:
    try:
        info = parse_info(data, "entry.json")
    except DepotError:
        return None
    return info.sha256, info.facts


def test_what_is_written_is_read_alike(reader: Reader, tmp_path: Path) -> None:
    chance = random.Random(1)
    contents = [dump_info(make_info(chance)) for _ in range(200)]
    # As another program may write it: not escaped, and with what nobody knows.
    contents += [
        json.dumps({**json.loads(data), "more": [{"x": 1.5e3}]}, ensure_ascii=False).encode()
        for data in contents
    ]
    assert read(reader, tmp_path, contents) == [by_python(data) for data in contents]


def places(tree: Any) -> list[tuple[Any, Any]]:
    """List each container of a tree with each of its keys."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    found = []
    for key in keys:
        found.append((tree, key))
        if isinstance(tree[key], dict | list):
            found += places(tree[key])
    return found


def test_what_is_changed_is_never_read_otherwise(reader: Reader, tmp_path: Path) -> None:
    chance = random.Random(2)
    values: tuple[Any, ...] = (
        None,
        True,
        False,
        0,
        1,
        -1,
        1.0,
        1e300,
        2**64,
        "",
        "x",
        "0" * 64,
        [],
        [1],
        {},
        {"a": 1},
    )
    contents = []
    for _ in range(2000):
        tree = json.loads(dump_info(make_info(chance)))
        for _ in range(chance.randrange(1, 3)):
            container, key = chance.choice(places(tree))
            if chance.random() < 0.3:
                del container[key]
            else:
                container[key] = copy.deepcopy(chance.choice(values))
        contents.append(json.dumps(tree).encode())
    found = read(reader, tmp_path, contents)
    assert sum(one is None for one in found) > 1000
    for data, one in zip(contents, found, strict=True):
        if one is not None:
            assert one == by_python(data)


def test_damaged_bytes_are_never_read_otherwise(reader: Reader, tmp_path: Path) -> None:
    chance = random.Random(3)
    contents = []
    for _ in range(2000):
        changed = bytearray(dump_info(make_info(chance)))
        place = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                del changed[place:]
            case 1:
                changed[place] = chance.randrange(256)
            case _:
                changed[place:place] = chance.choice(
                    (b"\xff", b"\\ud800", b"NaN", b'"', b",", b" ")
                )
        contents.append(bytes(changed))
    found = read(reader, tmp_path, contents)
    assert sum(one is None for one in found) > 500
    for data, one in zip(contents, found, strict=True):
        if one is not None:
            assert one == by_python(data)


GOOD = dump_info(make_info(random.Random(4)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        GOOD + b"x",
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD.replace(b'"layout": 1', b'"layout": 0'),
        GOOD.replace(b'"layout": 1', b'"layout": 2'),
        GOOD.replace(b'"layout": 1', b'"more": NaN, "layout": 1'),
        GOOD.replace(b'"layout": 1', b'"more": "\xff", "layout": 1'),
        GOOD.replace(b'"layout": 1', b'"sha256": 7, "layout": 1'),
        GOOD.replace(b'"facts": {', b'"facts": {\n  "version": "0",', 1),
        GOOD + b" " * (1 << 16),
        dump_info(
            replace(
                make_info(random.Random(4)),
                facts=replace(
                    make_info(random.Random(4)).facts,
                    mismatches=(Mismatch(path="x", rule="r", expected=None, actual=None),),
                ),
            )
        ),
    ],
)
def test_what_is_left_to_python(reader: Reader, tmp_path: Path, data: bytes) -> None:
    assert data != GOOD
    assert read(reader, tmp_path, [data, GOOD]) == [None, by_python(GOOD)]


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace(b'"layout": 1', b'"more": "\\ud800", "layout": 1'),
        GOOD.replace(b'"layout": 1', b'"more": ' + b"[" * 200 + b"]" * 200 + b', "layout": 1'),
        GOOD.replace(b'"layout": 1', b'"layout": 1, "more": {"layout": 2}'),
    ],
)
def test_what_nobody_knows_is_not_looked_into(reader: Reader, tmp_path: Path, data: bytes) -> None:
    assert data != GOOD
    assert read(reader, tmp_path, [data]) == [by_python(data)] == [by_python(GOOD)]


def test_faults_are_worded_by_the_python_parser(reader: Reader, tmp_path: Path) -> None:
    stack = open_depots([tmp_path / "depot"])
    entries = [add_entry(stack.receiver, name) for name in ("a", "b", "c")]
    fresh = list(stack.entries())
    damaged, missing = (fresh[number].path / "entry.json" for number in (1, 2))
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes().replace(b'"size"', b'"sice"'))
    missing.parent.chmod(0o755)
    missing.unlink()
    read_facts(fresh, reader)
    assert fresh[0].facts == entries[0].info().facts
    assert fresh[0].sha256 == entries[0].info().sha256
    with pytest.raises(DepotError, match=r"^cannot use `.*`: `facts\.size` is wrong$"):
        _ = fresh[1].facts
    with pytest.raises(DepotError, match=r"^cannot read `"):
        _ = fresh[2].sha256


@pytest.mark.parametrize("native", [True, False])
def test_all_digits_of_many_are_compared(reader: Reader, tmp_path: Path, native: bool) -> None:
    stack: Stack = open_depots([tmp_path / "depot"])
    for name in ("a", "b"):
        add_entry(stack.receiver, name)
    one, other = stack.entries()
    other_sha256 = Sha256(other.info().sha256[:12] + "f" * 52)
    fresh = list(stack.entries())
    used = reader if native else None
    assert check_all([(fresh[0], one.sha256), (fresh[1], other.sha256)], used) == tuple(fresh)
    fresh = list(stack.entries())
    with pytest.raises(DepotError, match=f"^the depot has another wheel as `{other.id}`$"):
        check_all([(fresh[0], one.sha256), (fresh[1], other_sha256)], used)
