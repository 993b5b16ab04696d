from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import Member, build_archive, wheel_members, zip64_extra
from tests.parity.archives import DATA, demo
from tests.parity.libraries import elf
from tests.parity.unpacking import Fault, Result, run_many

if TYPE_CHECKING:
    from pathlib import Path

    from trail.wheel.engine import Engine


def wheel() -> bytes:
    """Make a wheel that has some of everything."""
    files = demo(
        {
            "demo/é.py": "x = 1\n",
            "demo/lib.so": elf((29, b"$ORIGIN/../x")),
            "demo/random": random.Random(0).randbytes(300),
            f"{DATA}/scripts/tool": "#!python\n",
            f"{DATA}/data/share/x": "",
        },
        entry_points="[console_scripts]\ndemo = demo:main\n",
    )
    members = wheel_members(files)
    members[2] = replace(members[2], local_extra=zip64_extra(6, 8))
    members[4] = replace(members[4], method=0)
    return build_archive(
        [Member(name="demo/", mode=0o040755), *members], comment=b"comment", zip64={}
    )


def spoil(archive: bytes, dice: random.Random) -> bytes:
    """Do what a bad disk, a bad line or a bad person might."""
    data = bytearray(archive)
    match dice.randrange(6):
        case 0:  # flip a bit
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        case 1:  # set a byte to something special
            data[dice.randrange(len(data))] = dice.choice((0, 1, 8, 0x2F, 0x50, 0x7F, 0xFF))
        case 2:  # cut the end off
            del data[dice.randrange(len(data)) :]
        case 3:  # lose a piece
            start = dice.randrange(len(data))
            del data[start : start + dice.randrange(1, 64)]
        case 4:  # put a piece elsewhere
            start, target = dice.randrange(len(data)), dice.randrange(len(data))
            piece = data[start : start + dice.randrange(1, 64)]
            data[target : target + len(piece)] = piece
        case _:  # flip bits in the directory
            for _ in range(dice.randrange(1, 4)):
                data[dice.randrange(len(data) * 2 // 3, len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


def _contents(result: Result) -> dict[str, bytes]:
    return {path: content for path, (_, _, content) in result.tree.items()}


def _check(python: Engine, native: Engine, folder: Path, seeds: range) -> None:
    good = wheel()
    archives = [good, *(spoil(good, random.Random(seed)) for seed in seeds)]

    ours, theirs = (run_many(engine, archives, folder) for engine in (python, native))

    for seed, one, other in zip([-1, *seeds], ours, theirs, strict=True):
        assert one == other, f"seed {seed}"
        if not isinstance(one.said, Fault):
            # What is accepted is what was meant; only execute bits are not in RECORD.
            assert _contents(one) == _contents(ours[0]), f"seed {seed}"
    assert not isinstance(ours[0].said, Fault)
    assert len({one.said.code for one in ours if isinstance(one.said, Fault)}) > 10


def test_spoiled_wheels_are_judged_alike(python: Engine, native: Engine, tmp_path: Path) -> None:
    _check(python, native, tmp_path, range(400))


@pytest.mark.slow
def test_many_spoiled_wheels_are_judged_alike(
    python: Engine, native: Engine, tmp_path: Path
) -> None:
    for start in range(1000, 9000, 1000):
        _check(python, native, tmp_path, range(start, start + 1000))


def test_spoiled_wheels_leave_what_was_meant_or_nothing(python: Engine, tmp_path: Path) -> None:
    good = wheel()
    seeds = range(400, 500)
    results = run_many(
        python, [good, *(spoil(good, random.Random(seed)) for seed in seeds)], tmp_path
    )
    for seed, result in zip([-1, *seeds], results, strict=True):
        if not isinstance(result.said, Fault):
            assert _contents(result) == _contents(results[0]), f"seed {seed}"
