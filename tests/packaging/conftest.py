"""Built once for all tests of this folder: a clean copy, its sdist, and the wheels of that."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trail_build
from tests.helpers.packaging import ROOT, copy_sources, pip, without_cargo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the sources, and plant what an editable install leaves beside them."""
    folder = copy_sources(tmp_path_factory.mktemp("sources"))
    (folder / "python/trail/_native.abi3.so").write_bytes(b"an earlier build")
    return folder


@pytest.fixture(scope="session")
def sdist(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    build = f"import trail_build; trail_build.build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=sources, check=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def pure_wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pure")
    pip("wheel", "--no-deps", "-w", folder, sdist, environ=without_cargo())
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def with_cargo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment for native builds; they share what they compile."""
    fault = trail_build.rust_fault(ROOT)
    if fault is not None and os.environ.get("TRAIL_REQUIRE_NATIVE") != "1":
        pytest.skip(fault)
    return {
        **os.environ,
        "CARGO_TARGET_DIR": str(tmp_path_factory.mktemp("target")),
        # What is tested here is not how fast it is.
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    }


@pytest.fixture(scope="session")
def native_wheel(
    sdist: Path, with_cargo: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("native")
    pip("wheel", "--no-deps", "-w", folder, sdist, environ=with_cargo)
    (made,) = folder.iterdir()
    return made
