"""METADATA of wheels that are not unpacked: with and without the native engine, the same."""

from __future__ import annotations

import random

import pytest
from tests.parity.bad_wheels import BAD
from tests.parity.conftest import native_engine
from tests.parity.good_wheels import GOOD
from tests.parity.test_fuzz import spoil, wheel

from trail.index.zipped import read_wheel_metadata
from trail.model import NormalizedName
from trail.wheel.directory import parse_directory
from trail.wheel.faults import Fault
from trail.wheel.frame import parse_frame

DEMO = NormalizedName("demo")


class Bytes:
    """An archive in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


def read(archive: bytes, *, native: bool) -> bytes | tuple[str | None, ...]:
    try:
        return read_wheel_metadata(Bytes(archive), name=DEMO, version="1.0", native=native)
    except Fault as fault:
        return fault.code, fault.member, fault.expected, fault.actual


@pytest.fixture(autouse=True)
def _native() -> None:
    native_engine()


@pytest.mark.parametrize("archive", [good.archive for good in GOOD], ids=[g.title for g in GOOD])
def test_the_native_engine_finds_metadata(archive: bytes) -> None:
    from trail.index._native import find_metadata  # noqa: PLC0415  # may not be there

    frame = parse_frame(archive, len(archive))
    directory = archive[frame.offset : frame.offset + frame.size]
    found = find_metadata(directory, frame, name=DEMO, version="1.0")
    assert found is not None
    members = parse_directory(directory, entries=frame.entries, max_unpacked=1 << 62)
    (expected,) = (one for one in members if one.name.upper().endswith(".DIST-INFO/METADATA"))
    after = [one.offset for one in members if one.offset > expected.offset]
    assert found == (expected, min((*after, frame.offset)))


def test_wheels_are_judged_alike() -> None:
    archives = [*(good.archive for good in GOOD), *(bad.archive for bad in BAD)]
    whole = wheel()
    archives += [spoil(whole, random.Random(seed)) for seed in range(2000)]
    results = [[read(archive, native=native) for native in (False, True)] for archive in archives]
    assert all(one == other for one, other in results)
    codes = {one[0] for one, _ in results if isinstance(one, tuple)}
    assert len(codes) > 15
