"""What the source distribution and the wheels hold: the package, all of it, and nothing else."""

from __future__ import annotations

import tarfile
import tomllib
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from tests.helpers.packaging import ROOT, source_files

import trail

if TYPE_CHECKING:
    from email.message import Message

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

NAME = f"trail_pm-{trail.__version__}"
DIST_INFO = {
    f"{NAME}.dist-info/{name}"
    for name in (
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE-APACHE",
        "licenses/LICENSE-MIT",
    )
}
SBOM = f"{NAME}.dist-info/sboms/trail-native.cyclonedx.json"  # PEP 770: the crates inside


def package_files() -> set[str]:
    below = "python/"
    return {name.removeprefix(below) for name in source_files() if name.startswith(below)}


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        return BytesParser().parsebytes(archive.read(f"{NAME}.dist-info/METADATA"))


def test_version_is_the_same_in_rust() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert cargo["workspace"]["package"]["version"] == trail.__version__


def test_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        found = {Path(name).relative_to(NAME).as_posix() for name in archive.getnames()}
    wanted = {"Cargo.toml", "Cargo.lock", "pyproject.toml", "trail_build.py", "CHANGELOG.md"}
    wanted |= {"README.md", "LICENSE-APACHE", "LICENSE-MIT", ".gitignore", "PKG-INFO"}
    wanted |= {name for name in source_files() if name.startswith(("python/", "rust/"))}
    wanted -= {name for name in wanted if name.startswith("rust/fuzz/")}
    assert found == wanted


@pytest.mark.network
def test_pure_wheel(pure_wheel: Path) -> None:
    assert pure_wheel.name == f"{NAME}-py3-none-any.whl"
    assert names(pure_wheel) == package_files() | DIST_INFO


@pytest.mark.network
def test_native_wheel(native_wheel: Path) -> None:
    assert native_wheel.name.startswith(f"{NAME}-cp311-abi3-")
    own = {"trail/_native.abi3.so", SBOM}
    assert names(native_wheel) == package_files() | DIST_INFO | own


@pytest.mark.network
def test_wheels_say_the_same(pure_wheel: Path, native_wheel: Path) -> None:
    pure, native = metadata(pure_wheel), metadata(native_wheel)
    for found in (pure, native):
        del found["Metadata-Version"]  # each backend's own
        del found["Description-Content-Type"]  # with a charset or without
    assert sorted(pure.items()) == sorted(native.items())
    assert str(pure.get_payload()).strip() == str(native.get_payload()).strip()
    assert pure["Version"] == trail.__version__
