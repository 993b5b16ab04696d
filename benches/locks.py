"""The two locks, with all their wheels, made when they are needed.

The repository holds only the names that were asked for (`*.in`) and the day whose index is
meant: the addresses and hashes that uv resolves them to belong to an index. All of it lands
in one folder, so that a second run needs no network:

{cache}/tools/uv-{version}/  tools/pip-{version}/  tools/trail-{digits}/
{cache}/{lock}-{cache tag}/
    pylock.toml        as uv made it, with addresses
    wheels/*.whl
    local/pylock.toml  the same wheels by path, with hashes and sizes
    local/requirements.txt  the same for pip
    local/paths.txt    the same without hashes
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import PackageWheel, Pylock

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LOCKS",
    "Tools",
    "Wheel",
    "Wheelhouse",
    "default_cache",
    "get_tools",
    "get_wheelhouse",
    "merge",
]

LOCKS = ("science", "services")

# uv and pip leave out whatever the index got later, so that everybody measures the same wheels.
EXCLUDE_NEWER = "2026-11-15T00:00:00Z"
UV = "0.13.9"
PIP = "26.3"

_BENCHES = Path(__file__).resolve().parent
_MINOR = f"=={sys.version_info.major}.{sys.version_info.minor}.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The peers that the benches bring along.

    Args:
        uv: the program.
        pip: the folder to put on PYTHONPATH.
        python: of a virtual environment with what trail depends on: trail is not to be slowed
            down by what else the Python at hand loads when it starts.
        uv_version: such as `0.13.9`.
        pip_version: such as `26.3`.
    """

    uv: Path
    pip: Path
    python: Path
    uv_version: str = UV
    pip_version: str = PIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel of a lock, on this disk.

    Args:
        name: the distribution, as the lock has it.
        version: as the lock has it.
        path: the file, absolute.
        sha256: hexadecimal.
        size: in bytes.
    """

    name: str
    version: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheelhouse:
    """A lock for the running interpreter with its wheels.

    Args:
        name: `science` or `services`.
        wheels: one per distribution, sorted by name.
        pylock: a lock that names the wheels by path.
        requirements: the same for pip, with hashes.
        paths: the same without hashes.
        less: `pylock` without its last wheel: an environment that nobody has made yet.
        less_paths: `paths` without it.
    """

    name: str
    wheels: tuple[Wheel, ...]
    pylock: Path
    requirements: Path
    paths: Path
    less: Path
    less_paths: Path

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)


def default_cache(environ: Mapping[str, str]) -> Path:
    """The folder for wheels and tools: TRAIL_BENCH_CACHE, or `build/benches` beside the code."""
    named = environ.get("TRAIL_BENCH_CACHE")
    return Path(named).absolute() if named else _BENCHES.parent / "build" / "benches"


def get_tools(cache: Path) -> Tools:
    """Install uv, pip and what trail needs below `cache`, unless they are there.

    Raises:
        subprocess.CalledProcessError: pip or uv could not install something.
    """
    folders = []
    for name, version in (("uv", UV), ("pip", PIP)):
        folder = cache / "tools" / f"{name}-{version}"
        if not (folder / "done").exists():
            _pip("install", "--no-deps", "--upgrade", "--target", folder, f"{name}=={version}")
            (folder / "done").touch()
        folders.append(folder)
    program = "uv.exe" if os.name == "nt" else "uv"
    uv = folders[0] / "bin" / program
    return Tools(uv=uv, pip=folders[1], python=_trail_python(uv, cache))


def _trail_python(uv: Path, cache: Path) -> Path:
    project = _BENCHES.parent / "pyproject.toml"
    wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    digest = hashlib.sha256(json.dumps([sys.executable, wanted]).encode()).hexdigest()
    folder = cache / "tools" / f"trail-{digest[:8]}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "done").exists():
        common = ("--quiet", "--no-config", "--cache-dir", cache / "uv-cache")
        subprocess.run([uv, "venv", *common, "--python", sys.executable, folder], check=True)
        install = (uv, "pip", "install", *common, "--compile-bytecode", "--python", python)
        subprocess.run((*install, *wanted), check=True)
        (folder / "done").touch()
    return python


def get_wheelhouse(name: str, cache: Path, tools: Tools) -> Wheelhouse:
    """Make a lock for the running interpreter and download its wheels, unless they are there.

    Every wheel's hash is compared with the lock's, each time.

    Args:
        name: one of `LOCKS`.
        cache: where all of it lies.
        tools: what makes the lock.

    Raises:
        subprocess.CalledProcessError: uv or pip failed.
        ValueError: the lock names something that is no wheel, or a wheel is damaged.
    """
    folder = cache / f"{name}-{sys.implementation.cache_tag}"
    (folder / "local").mkdir(parents=True, exist_ok=True)
    lock = folder / "pylock.toml"
    if not lock.exists():
        _compile(_BENCHES / f"{name}.in", lock, tools)
    pins = _select(lock)
    missing = [pin for pin in pins if not (folder / "wheels" / pin.path).exists()]
    if missing:
        lines = [f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n" for pin in missing]
        wanted = folder / "wanted.txt"
        wanted.write_text("".join(lines), encoding="utf-8")
        _pip(
            *("download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:"),
            *("--require-hashes", "--dest", folder / "wheels", "--requirement", wanted),
        )
    wheels = tuple(_checked(pin, folder / "wheels") for pin in pins)
    return _write_local(name, wheels, folder / "local")


def merge(name: str, houses: tuple[Wheelhouse, ...], folder: Path) -> Wheelhouse:
    """Join several locks into one; the first lock's wheel wins.

    Args:
        name: of the joined lock.
        houses: the locks.
        folder: where to write the lock.
    """
    wheels: dict[str, Wheel] = {}
    for house in houses:
        for wheel in house.wheels:
            wheels.setdefault(wheel.name, wheel)
    folder.mkdir(parents=True, exist_ok=True)
    return _write_local(name, tuple(wheels[key] for key in sorted(wheels)), folder)


def _compile(source: Path, lock: Path, tools: Tools) -> None:
    half = lock.with_name("pylock.half.toml")  # uv insists on a name like this
    command: list[str | Path] = [
        *(tools.uv, "pip", "compile", "--quiet", "--no-build", "--no-annotate", "--no-header"),
        *("--format", "pylock.toml", "--exclude-newer", EXCLUDE_NEWER),
        *("--python", sys.executable, "--cache-dir", lock.parents[1] / "uv-cache"),
        *("--output-file", half, source),
    ]
    subprocess.run(command, check=True)
    half.replace(lock)


def _select(lock: Path) -> list[Wheel]:
    pylock = Pylock.from_dict(tomllib.loads(lock.read_text(encoding="utf-8")))
    pins = []
    for package, artifact in pylock.select():
        if not isinstance(artifact, PackageWheel):
            raise ValueError(f"{lock}: {package.name} has no wheel for this Python")  # noqa: TRY004  # a value of the file
        pins.append(
            Wheel(
                name=package.name,
                version=str(package.version),
                path=Path(artifact.filename),
                sha256=artifact.hashes["sha256"],
                size=artifact.size or 0,
            )
        )
    return sorted(pins, key=lambda pin: pin.name)


def _checked(pin: Wheel, wheels: Path) -> Wheel:
    path = wheels / pin.path
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != pin.sha256:
        raise ValueError(f"{path} is damaged; delete it and try again")
    return Wheel(
        name=pin.name,
        version=pin.version,
        path=path,
        sha256=digest,
        size=path.stat().st_size,
    )


def _write_local(name: str, wheels: tuple[Wheel, ...], folder: Path) -> Wheelhouse:
    pylock = folder / "pylock.toml"
    requirements = folder / "requirements.txt"
    tables = [
        f"[[packages]]\nname = {json.dumps(wheel.name)}\nversion = {json.dumps(wheel.version)}\n"
        f"wheels = [{{ path = {json.dumps(wheel.path.as_posix())}, size = {wheel.size}, "
        f'hashes = {{ sha256 = "{wheel.sha256}" }} }}]\n'
        for wheel in wheels
    ]
    head = f'lock-version = "1.0"\ncreated-by = "trail-benches"\nrequires-python = "{_MINOR}"\n'
    _replace(pylock, "\n".join([head, *tables]))
    less = folder / "pylock.less.toml"
    _replace(less, "\n".join([head, *tables[:-1]]))
    lines = [f"{w.name} @ {w.path.as_uri()} --hash=sha256:{w.sha256}\n" for w in wheels]
    _replace(requirements, "".join(lines))
    paths = folder / "paths.txt"
    lines = [f"{w.name} @ {w.path.as_uri()}\n" for w in wheels]
    _replace(paths, "".join(lines))
    less_paths = folder / "paths.less.txt"
    _replace(less_paths, "".join(lines[:-1]))
    return Wheelhouse(
        name=name,
        wheels=wheels,
        pylock=pylock,
        requirements=requirements,
        paths=paths,
        less=less,
        less_paths=less_paths,
    )


def _replace(path: Path, text: str) -> None:
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(re.sub(r"(?m)^", "pip: ", done.stderr))
        raise subprocess.CalledProcessError(done.returncode, command)
