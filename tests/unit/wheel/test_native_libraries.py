from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.parity.libraries import elf, fat, mach_o

from trail.wheel.native_libraries import is_native, read_search_paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: data[offset : offset + size]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_elf(order: str, *, wide: bool) -> None:
    library = elf((15, b"$ORIGIN/a:/b"), (29, b"$ORIGIN/\xff"), wide=wide, order=order)
    assert is_native(library)
    assert read_search_paths(_reader(library)) == [
        ("DT_RPATH", "$ORIGIN/a"),
        ("DT_RPATH", "/b"),
        ("DT_RUNPATH", "$ORIGIN/\\xff"),
    ]


@pytest.mark.parametrize("wide", [True, False])
def test_mach_o(*, wide: bool) -> None:
    one, two = mach_o(b"@loader_path/a", wide=wide), mach_o(b"/b:c", order=">", wide=not wide)
    assert read_search_paths(_reader(fat(one, two, wide=wide))) == [
        ("LC_RPATH", "@loader_path/a"),
        ("LC_RPATH", "/b:c"),
    ]


@pytest.mark.parametrize("library", [elf((29, b"$ORIGIN/a")), fat(mach_o(b"@loader_path/a"))])
def test_damaged_libraries_have_no_paths_or_the_right_one(library: bytes) -> None:
    for length in range(len(library)):
        assert read_search_paths(_reader(library[:length])) == []
    for index in range(4, len(library)):
        damaged = bytearray(library)
        damaged[index] ^= 0xFF
        assert isinstance(read_search_paths(_reader(bytes(damaged))), list)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_what_a_linker_writes(tmp_path: Path) -> None:
    source, library = tmp_path / "x.c", tmp_path / "x.so"
    source.write_text("int x;", "utf-8")
    flags = ["-shared", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../a,-rpath,/usr/lib"]
    subprocess.run(["cc", *flags, "-o", library, source], check=True)
    assert read_search_paths(_reader(library.read_bytes())) == [
        ("DT_RUNPATH", "$ORIGIN/../a"),
        ("DT_RUNPATH", "/usr/lib"),
    ]
