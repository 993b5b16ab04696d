"""Builds trail's packages: with the native engine where Rust is at hand, pure Python elsewhere.

A build backend (PEP 517, PEP 660) that decides and hands over: to maturin for a wheel with
the native engine, to hatchling for the pure one and for the source distribution. What
decides is `--config-settings native=…`:

- `auto` (the default): native if a Rust toolchain on PATH is new enough;
- `require`: native, or the build fails;
- `off`: pure Python.

Once native is chosen, a failing Rust build fails the whole build: nobody gets the slower
package without having been told. Other settings are passed on, such as maturin's `build-args`.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, cast

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "rust_fault",
]

NATIVE_BACKEND = "maturin>=1.9.4,<2"
PURE_BACKEND = "hatchling>=1.27,<2"

Settings = dict[str, Any] | None  # as the frontend parsed `--config-settings`


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Name the backend that `build_wheel` is going to use (PEP 517)."""
    return [NATIVE_BACKEND if _native(config_settings) else PURE_BACKEND]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Name the backend that `build_editable` is going to use (PEP 660)."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Name the backend of the source distribution, which is one whatever `native` says."""
    _native(config_settings)
    return [PURE_BACKEND]


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel and return its file name (PEP 517)."""
    return _build("build_wheel", wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel that points at this tree and return its file name (PEP 660).

    A native one puts the extension module beside the Python sources; a pure one removes what
    an earlier native one left there, which would be used otherwise.
    """
    if not _native(config_settings):
        for pattern in ("_native*.so", "_native*.pyd"):
            for old in Path("python/trail").glob(pattern):
                old.unlink()
    return _build("build_editable", wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the source distribution and return its file name (PEP 517)."""
    _native(config_settings)
    backend = importlib.import_module("hatchling.build")
    return cast("str", backend.build_sdist(sdist_directory))


def rust_fault(root: Path = Path()) -> str | None:
    """Say why the Rust toolchain on PATH cannot build the native engine; None if it can.

    Args:
        root: the source tree, whose Cargo.toml says how new the toolchain must be.
    """
    try:
        cargo = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "no Cargo.toml in the source tree"
    needed = cargo["workspace"]["package"]["rust-version"]
    for tool in ("cargo", "rustc"):
        try:
            answer = subprocess.run(
                [tool, "--version"], cwd=root, capture_output=True, text=True, check=True
            ).stdout
        except FileNotFoundError:
            return f"no `{tool}` on PATH"
        except subprocess.CalledProcessError as err:  # a rustup proxy with no toolchain behind it
            return f"`{tool} --version` fails, with exit status {err.returncode}"
        found = re.search(r"\d+\.\d+(\.\d+)?", answer)
        if found is None or _numbers(found[0]) < _numbers(needed):
            return f"{tool} {needed} or newer is needed, found: {answer.strip()}"
    return None


def _native(settings: Settings) -> bool:
    """Decide whether to build the native engine."""
    wanted = (settings or {}).get("native", "auto")
    if wanted not in {"auto", "require", "off"}:
        raise SystemExit(f"error: native must be `auto`, `require` or `off`, not `{wanted}`")
    if wanted == "off":
        return False
    fault = rust_fault()
    if wanted == "require" and fault is not None:
        raise SystemExit(f"error: the native engine cannot be built: {fault}")
    return fault is None


def _build(hook: str, folder: str, settings: Settings, metadata: str | None) -> str:
    """Hand a wheel over to maturin or hatchling."""
    native = _native(settings)
    backend = importlib.import_module("maturin" if native else "hatchling.build")
    passed_on = {key: value for key, value in (settings or {}).items() if key != "native"}
    try:
        return cast("str", getattr(backend, hook)(folder, passed_on, metadata))
    except SystemExit as err:  # maturin's way to fail, its reason printed
        if not native:
            raise
        raise SystemExit(
            "error: the native engine did not build; the reason stands above\n"
            "hint: `--config-settings native=off` builds trail without it"
        ) from err


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
