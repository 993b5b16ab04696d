"""Installing trail from its sources with pip, with Rust and without, and using what came of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.helpers.packaging import copy_sources, install, without_cargo

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.xdist_group("packaging")]


def test_install_with_rust(tmp_path: Path, sources: Path, with_cargo: dict[str, str]) -> None:
    installed = install(tmp_path / "prefix", sources, environ=with_cargo)
    assert "(native engine" in installed.run("trail", "--version")


def test_install_without_rust(tmp_path: Path, sources: Path) -> None:
    installed = install(tmp_path / "prefix", sources, environ=without_cargo())
    assert "(python engine" in installed.run("trail", "--version")


def test_install_of_the_pure_wheel_on_demand(
    tmp_path: Path, sources: Path, with_cargo: dict[str, str]
) -> None:
    installed = install(tmp_path / "prefix", "-C", "native=off", sources, environ=with_cargo)
    assert "(python engine" in installed.run("trail", "--version")


def test_editable_install_follows_the_sources(tmp_path: Path) -> None:
    copy = copy_sources(tmp_path / "copy")
    old = copy / "python/trail/_native.abi3.so"
    old.write_bytes(b"an earlier build")
    installed = install(tmp_path / "prefix", "-C", "native=off", "--editable", copy)
    assert not old.exists()
    assert "(python engine" in installed.run("trail", "--version")
    (copy / "python/trail/planted.py").write_text("print('seen')")
    assert installed.run("python", "-c", "import trail.planted") == "seen\n"


def test_native_editable_install(tmp_path: Path, sources: Path, with_cargo: dict[str, str]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(sources, copy)
    installed = install(
        tmp_path / "prefix", "-C", "native=require", "--editable", copy, environ=with_cargo
    )
    assert "(native engine" in installed.run("trail", "--version")
    assert installed.run("python", "-c", "import trail; print(trail.__file__)") == (
        f"{copy / 'python/trail/__init__.py'}\n"
    )
