"""Which files decide what an editable wheel is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.commands.decisive import decisive_files

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS = ["pyproject.toml", "setup.py", "setup.cfg"]
SOURCES = ["CMakeLists.txt", "native/code.c", "native/code.h", "src/demo/fast.pyx"]


def make(folder: Path, backend: str, more: str = "") -> Path:
    (folder / "pyproject.toml").write_text(
        f"[build-system]\nrequires = []\nbuild-backend = {backend!r}\n{more}"
    )
    for name in (
        *SOURCES,
        "src/demo/__init__.py",
        "src/demo/fast.c",  # which Cython writes
        "src/demo/fast.cpython-311-x86_64-linux-gnu.so",
        "build/temp/other.c",
        "target/debug/lib.rs",
        ".venv/include/Python.h",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in decisive_files(folder)]


@pytest.mark.parametrize(
    ("backend", "more"),
    [
        ("setuptools.build_meta", ""),
        ("scikit_build_core.build", ""),
        ("maturin", ""),
        ("own_backend", ""),
        ("hatchling.build", "[tool.hatch.build.targets.wheel.hooks.cython]\n"),
        ("poetry.core.masonry.api", "[tool.poetry.build]\nscript = 'make.py'\n"),
    ],
)
def test_what_is_compiled_decides(tmp_path: Path, backend: str, more: str) -> None:
    assert names(make(tmp_path, backend, more)) == [*ALWAYS, *SOURCES]


@pytest.mark.parametrize(
    "backend",
    ["hatchling.build", "flit_core.buildapi", "poetry.core.masonry.api", "uv_build", "mesonpy"],
)
def test_backend_that_compiles_nothing_or_by_itself_needs_no_look(
    tmp_path: Path, backend: str
) -> None:
    assert names(make(tmp_path, backend, "[tool.other]\nx = 1\n")) == ALWAYS


def test_hook_in_a_file_of_its_own_counts(tmp_path: Path) -> None:
    make(tmp_path, "hatchling.build")
    (tmp_path / "hatch_build.py").touch()
    assert names(tmp_path) == [*ALWAYS, *SOURCES]


def test_project_without_a_table_may_be_anything(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    (tmp_path / "code.c").touch()
    assert names(tmp_path) == [*ALWAYS, "code.c"]
