from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.helpers.wheels import make_wheel

from trail.index.zipped import read_wheel_metadata, tail_size
from trail.model import NormalizedName
from trail.wheel.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

FOO = NormalizedName("foo")


class Bytes:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads: list[tuple[int, int]] = []

    @property
    def length(self) -> int:
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        assert offset >= 0
        assert offset + size <= len(self.data)
        self.reads.append((offset, size))
        return self.data[offset : offset + size]


def read(data: bytes, version: str = "1.0") -> bytes:
    return read_wheel_metadata(Bytes(data), name=FOO, version=version)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    noise = {f"foo/file{number}.py": f"x = {number}" for number in range(500)}
    return make_wheel(tmp_path, "foo", "1.0", noise, requires=["bar>=1"])


def test_only_what_is_needed_is_read(wheel: Path) -> None:
    parts = Bytes(wheel.read_bytes())
    data = read_wheel_metadata(parts, name=FOO, version="1.0")
    with zipfile.ZipFile(wheel) as archive:
        assert data == archive.read("foo-1.0.dist-info/METADATA")
        packed = archive.getinfo("foo-1.0.dist-info/METADATA").compress_size
    end, directory, member = parts.reads
    assert end == (parts.length - 16384, 16384)
    assert directory[1] > 16384
    assert member[1] < packed + 200


def test_how_much_of_the_end_is_read_first() -> None:
    assert tail_size(0) == tail_size(200_000) == 16 << 10
    assert tail_size(1 << 20) == 64 << 10
    assert tail_size(1 << 40) == 256 << 10


def test_an_end_record_behind_a_long_comment(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.comment = b"x" * 40_000
    assert b"Requires-Dist: bar>=1" in read(wheel.read_bytes())


def fault_of(data: bytes, version: str = "1.0") -> tuple[str, str | None]:
    with pytest.raises(Fault) as caught:
        read(data, version)
    return caught.value.code, caught.value.member


def test_faults(wheel: Path) -> None:
    data = wheel.read_bytes()
    assert fault_of(b"hello") == ("zip-no-directory", None)
    assert fault_of(data[:-1]) == ("zip-no-directory", None)
    assert fault_of(data + b"x") == ("zip-trailing-data", None)
    assert fault_of(data, "2.0") == ("wheel-dist-info", None)


def test_the_member_is_checked_against_the_directory(wheel: Path) -> None:
    name = "foo-1.0.dist-info/METADATA"
    with zipfile.ZipFile(wheel) as archive:
        member = archive.getinfo(name)
    data = bytearray(wheel.read_bytes())
    start = member.header_offset
    broken = data.copy()
    broken[start] = 0
    assert fault_of(bytes(broken)) == ("zip-local-header", name)
    broken = data.copy()
    broken[start + 30] ^= 1
    assert fault_of(bytes(broken)) == ("zip-local-differs", name)
    broken = data.copy()
    broken[start + 30 + len(name) + member.compress_size // 2] ^= 0x10
    assert fault_of(bytes(broken))[0] in {"zip-stream", "zip-crc"}
    # Another member's bytes are nobody's business here.
    broken = data.copy()
    broken[0] = 0
    assert read(bytes(broken)) == read(bytes(data))


def test_a_wheel_without_metadata(wheel: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("foo-1.0.dist-info/WHEEL", "")
    assert fault_of(path.read_bytes()) == ("wheel-missing-file", "foo-1.0.dist-info/METADATA")
    assert wheel.is_file()
