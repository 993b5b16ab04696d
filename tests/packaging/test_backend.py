"""The build backend's decision, on toolchains made for the purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trail_build
from tests.helpers.packaging import ROOT, pip, without_cargo

if TYPE_CHECKING:
    from pathlib import Path


def make_toolchain(folder: Path, *, cargo: str, rustc: str) -> None:
    for name, script in (("cargo", cargo), ("rustc", rustc)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a source tree that needs Rust 1.88, with a PATH of its own."""
    (tmp_path / "Cargo.toml").write_text('[workspace.package]\nrust-version = "1.88"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_no_toolchain(tree: Path) -> None:
    assert trail_build.rust_fault(tree) == "no `cargo` on PATH"


def test_old_toolchain(tree: Path) -> None:
    make_toolchain(tree, cargo="echo cargo 1.90.0", rustc="echo 'rustc 1.87.9 (abc 2025-01-01)'")
    assert trail_build.rust_fault(tree) == (
        "rustc 1.88 or newer is needed, found: rustc 1.87.9 (abc 2025-01-01)"
    )


def test_proxy_without_toolchain(tree: Path) -> None:
    make_toolchain(tree, cargo="exit 1", rustc="exit 1")
    assert trail_build.rust_fault(tree) == "`cargo --version` fails, with exit status 1"


def test_good_toolchain(tree: Path) -> None:
    make_toolchain(tree, cargo="echo cargo 1.88.0", rustc="echo rustc 1.100.0-nightly")
    assert trail_build.rust_fault(tree) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, "maturin"),
        ({"native": "auto", "build-args": "--zig"}, "maturin"),
        ({"native": "require"}, "maturin"),
        ({"native": "off"}, "hatchling"),
    ],
)
def test_backend_with_toolchain(tree: Path, settings: dict[str, str], expected: str) -> None:
    make_toolchain(tree, cargo="echo cargo 1.88.0", rustc="echo rustc 1.88.0")
    for ask in (
        trail_build.get_requires_for_build_wheel,
        trail_build.get_requires_for_build_editable,
    ):
        (requirement,) = ask(settings)
        assert requirement.startswith(expected)
    assert trail_build.get_requires_for_build_sdist(settings)[0].startswith("hatchling")


@pytest.mark.usefixtures("tree")
def test_backend_without_toolchain() -> None:
    (requirement,) = trail_build.get_requires_for_build_wheel()
    assert requirement.startswith("hatchling")


@pytest.mark.parametrize(
    ("native", "message"),
    [
        ("require", "error: the native engine cannot be built: no `cargo` on PATH"),
        ("maybe", "error: native must be `auto`, `require` or `off`, not `maybe`"),
    ],
)
def test_refusal_as_pip_shows_it(native: str, message: str, tmp_path: Path) -> None:
    done = pip(
        *("wheel", "--no-deps", "-C", f"native={native}", "-w", tmp_path, ROOT),
        environ=without_cargo(),
        check=False,
    )
    assert done.returncode == 1
    assert message in (line.strip() for line in done.stderr.splitlines())
    assert list(tmp_path.iterdir()) == []
