"""`[build-system]` of a source tree: which backend builds it, and what that needs (PEP 518)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trail.errors import BuildError
from trail.toml import parse_toml
from trail.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BuildSystem", "is_texts", "read_build_system", "wrong_key"]

# PEP 517: what a source tree without [build-system] means.
_LEGACY_REQUIRES = ("setuptools>=40.8.0",)
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """How a source tree says it is built.

    Args:
        requires: what the backend needs (PEP 508).
        backend: the object that has the hooks, `module:object`.
        backend_path: folders of the tree in which the module lies, or empty.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()


def read_build_system(tree: Path, label: str) -> BuildSystem:
    """Read `[build-system]` of a source tree.

    Args:
        tree: its folder.
        label: what it is, for messages.

    Raises:
        BuildError: there is nothing to build, or the table is wrong.
    """
    table = _read(tree, label).get("build-system")
    if table is None:
        return BuildSystem(requires=_LEGACY_REQUIRES, backend=_LEGACY_BACKEND)
    if not isinstance(table, dict) or not is_texts(table.get("requires")):
        raise wrong_key(label, "requires", "a list of requirements")
    backend = table.get("build-backend", _LEGACY_BACKEND)
    if not isinstance(backend, str):
        raise wrong_key(label, "build-backend", "a text")
    places = table.get("backend-path", [])
    if not is_texts(places):
        raise wrong_key(label, "backend-path", "a list of folders")
    return BuildSystem(
        requires=tuple(table["requires"]), backend=backend, backend_path=tuple(places)
    )


def _read(tree: Path, label: str) -> dict[str, Any]:
    path = tree / "pyproject.toml"
    try:
        return parse_toml(path.read_bytes(), path, BuildError)
    except FileNotFoundError:
        if (tree / "setup.py").is_file():
            return {}
        raise BuildError(
            f"cannot build `{label}`: it has neither pyproject.toml nor setup.py",
            details=(("folder", str(tree)),),
        ) from None
    except OSError as error:
        raise BuildError(f"cannot read `{path}`: {error.strerror or error}") from error


def is_texts(value: object) -> bool:
    """Whether this is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def wrong_key(label: str, key: str, expected: str) -> BuildError:
    """Say that a key of `[build-system]` is wrong."""
    return BuildError(
        f"cannot build `{label}`: `build-system.{key}` in its pyproject.toml is wrong",
        details=(("expected", expected),),
    )
