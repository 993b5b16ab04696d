"""Locks and wheels for the cases, made when they are needed and kept in one folder.

{cache}/tools/uv-{version}/  tools/pip-{version}/
{cache}/uv-cache/         uv's own
{cache}/locks/{digits}/   pylock.toml as uv made it, with addresses
{cache}/wheels/           of all locks
{cache}/sources/          source distributions
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benches.locks import EXCLUDE_NEWER, UV, default_cache
from packaging.pylock import PackageWheel, Pylock
from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trail.interpreter.model import Interpreter

__all__ = ["PIP", "Houses"]

PIP = "25.0.1"  # the last one that runs on Python 3.8


@dataclass(frozen=True, slots=True)
class _Pin:
    name: str
    version: str
    filename: str  # empty: to be built
    sha256: str


class Houses:
    """Where the wheels and the tools lie.

    Args:
        environ: TRAIL_BENCH_CACHE names the folder, which the benches use, too.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.cache = default_cache(environ) / "compat"
        self.wheels = self.cache / "wheels"
        self.wheels.mkdir(parents=True, exist_ok=True)
        self.uv_cache = self.cache / "uv-cache"
        self.uv = self._get_tool("uv", UV) / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        self.pip = self._get_tool("pip", PIP)

    def _get_tool(self, name: str, version: str) -> Path:
        folder = self.cache / "tools" / f"{name}-{version}"
        if not (folder / "done").exists():
            _pip("install", "--no-deps", "--upgrade", "--target", folder, f"{name}=={version}")
            (folder / "done").touch()
        return folder

    def lock(self, requirements: tuple[str, ...], python: Interpreter) -> str:
        """Make a lock that names local wheels, and get them.

        Args:
            requirements: pinned.
            python: for which.

        Returns:
            The text of a pylock.toml.

        Raises:
            RuntimeError: uv or pip failed.
        """
        pins = self._resolve(requirements, python)
        missing = [pin for pin in pins if not (self.wheels / pin.filename).is_file()]
        self._download([pin for pin in missing if pin.filename], python)
        pins = [pin if pin.filename else self._build(pin) for pin in pins]
        packages = [self._package(pin) for pin in pins]
        return "\n".join(['lock-version = "1.0"', 'created-by = "trail"', *packages]) + "\n"

    def _resolve(self, requirements: tuple[str, ...], python: Interpreter) -> list[_Pin]:
        key = json.dumps([sorted(requirements), python.version, EXCLUDE_NEWER])
        folder = self.cache / "locks" / hashlib.sha256(key.encode()).hexdigest()[:12]
        lock = folder / "pylock.toml"
        if not lock.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as half:
                source = Path(half, "requirements.in")
                source.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
                made = Path(half, "pylock.toml")
                command: list[str | Path] = [
                    *(self.uv, "pip", "compile", "--quiet", "--no-config", "--no-annotate"),
                    *("--no-header", "--format", "pylock.toml", "--python", python.executable),
                    *("--exclude-newer", EXCLUDE_NEWER, "--cache-dir", self.uv_cache),
                    *("--output-file", made, source),
                ]
                _check(command)
                made.replace(lock)
        pylock = Pylock.from_dict(tomllib.loads(lock.read_text(encoding="utf-8")))
        chosen = pylock.select(environment=python.environment, tags=python.tags)  # type: ignore[arg-type]  # a TypedDict is a mapping here
        return sorted(
            (
                _Pin(
                    package.name, str(package.version), artifact.filename, artifact.hashes["sha256"]
                )
                if isinstance(artifact, PackageWheel)
                else _Pin(package.name, str(package.version), "", "")
                for package, artifact in chosen
            ),
            key=lambda pin: pin.name,
        )

    def _download(self, pins: list[_Pin], python: Interpreter) -> None:
        if not pins:
            return
        tags = {tag for pin in pins for tag in parse_wheel_filename(pin.filename)[3]}
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder, "wanted.txt")
            wanted.write_text(
                "".join(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n" for pin in pins),
                encoding="utf-8",
            )
            _pip(
                *("download", "--quiet", "--no-deps", "--no-cache-dir"),
                *("--only-binary", ":all:", "--require-hashes"),
                *("--python-version", python.version, "--implementation", "cp"),
                *_each("--abi", sorted({tag.abi for tag in tags} | {"none"})),
                *_each("--platform", sorted({tag.platform for tag in tags} - {"any"})),
                *("--dest", self.wheels, "--requirement", wanted),
            )

    def _build(self, pin: _Pin) -> _Pin:
        """Build what has no wheel, once; all such packages are pure here."""
        folder = self.cache / "built" / f"{pin.name}-{pin.version}"
        if not list(folder.glob("*.whl")):
            _pip(
                *("wheel", "--quiet", "--no-deps", "--no-cache-dir", "--wheel-dir", folder),
                f"{pin.name}=={pin.version}",
            )
        (wheel,) = folder.glob("*.whl")
        target = self.wheels / wheel.name
        if not target.exists():
            os.link(wheel, target)
        return _Pin(pin.name, pin.version, wheel.name, "")

    def _package(self, pin: _Pin) -> str:
        path = self.wheels / pin.filename
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if pin.sha256 not in {"", digest}:
            raise ValueError(f"{path} is damaged; delete it and try again")
        return (
            f'[[packages]]\nname = "{pin.name}"\nversion = "{pin.version}"\n'
            f"wheels = [{{ path = {json.dumps(path.as_posix())}, size = {path.stat().st_size}, "
            f'hashes = {{ sha256 = "{digest}" }} }}]'
        )

    def source(self, requirement: str) -> Path:
        """Get a source distribution.

        Args:
            requirement: such as `attrs==25.4.0`.

        Returns:
            The archive.
        """
        folder = self.cache / "sources" / requirement.replace("==", "-")
        if not list(folder.glob("*.tar.gz")):
            name = requirement.partition("==")[0]
            _pip(
                *("download", "--quiet", "--no-deps", "--no-cache-dir", "--no-binary", name),
                *("--dest", folder, requirement),
            )
        (archive,) = folder.glob("*.tar.gz")
        return archive


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _pip(*words: str | Path) -> None:
    _check([sys.executable, "-m", "pip", *words])


def _check(command: list[str | Path]) -> None:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"`{shlex.join(map(str, command))}` failed\n{done.stdout}")
