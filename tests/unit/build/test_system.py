"""`[build-system]`: what it means, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trail.build.system import BuildSystem, read_build_system
from trail.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path


def test_tree_without_pyproject_is_built_with_setuptools(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("")
    assert read_build_system(tmp_path, "x") == BuildSystem(
        requires=("setuptools>=40.8.0",), backend="setuptools.build_meta:__legacy__"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    assert read_build_system(tmp_path, "x").backend == "setuptools.build_meta:__legacy__"


def test_folder_with_nothing_to_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        read_build_system(tmp_path, "x")
    assert str(caught.value) == "cannot build `x`: it has neither pyproject.toml nor setup.py"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("build-backend = 'x'", "requires", "a list of requirements"),
        ("requires = [1]", "requires", "a list of requirements"),
        ("requires = []\nbuild-backend = 1", "build-backend", "a text"),
        ("requires = []\nbackend-path = '.'", "backend-path", "a list of folders"),
    ],
)
def test_wrong_build_system_is_told(tmp_path: Path, text: str, key: str, expected: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[build-system]\n{text}\n")
    with pytest.raises(BuildError) as caught:
        read_build_system(tmp_path, "x")
    message = f"cannot build `x`: `build-system.{key}` in its pyproject.toml is wrong"
    assert (str(caught.value), caught.value.details) == (message, (("expected", expected),))
