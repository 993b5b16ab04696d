from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from trail.interpreter import _probe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("level", "expected"),
    [("final", "3.15.0"), ("alpha", "3.15.0a2"), ("beta", "3.15.0b2"), ("candidate", "3.15.0c2")],
)
def test_versions(level: str, expected: str) -> None:
    info = SimpleNamespace(major=3, minor=15, micro=0, releaselevel=level, serial=2)
    assert _probe.full_version(info) == expected


def test_the_loader_of_musl_is_found_among_the_mappings(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "5581-5582 r--p 00000000 08:01 12  /usr/bin/python3.12\n"
        "7f01-7f02 r-xp 00014000 08:01 34  /lib/ld-musl-x86_64.so.1\n"
    )
    assert _probe.musl_loader(str(maps)) == "/lib/ld-musl-x86_64.so.1"


def test_a_process_without_musl(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text("5581-5582 r--p 00000000 08:01 12  /usr/bin/python3.12\n")
    assert _probe.musl_loader(str(maps)) == ""
    assert _probe.musl_loader(str(tmp_path / "gone")) == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script as loader")
def test_the_loader_of_musl_tells_its_version(tmp_path: Path) -> None:
    loader = tmp_path / "ld-musl-x86_64.so.1"
    loader.write_text(
        "#!/bin/sh\n"
        "printf 'musl libc (x86_64)\\nVersion 1.2.4\\nDynamic Program Loader\\n' >&2\n"
        "exit 1\n"
    )
    loader.chmod(0o755)
    assert _probe.musl_version(str(loader)) == "1.2.4"
