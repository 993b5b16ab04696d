"""Build one source distribution with trail, and again with pip.

pip builds the same unpacked source in the folder where trail built it, with the versions of
the build requirements that trail used: what differs then is what the two do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sdists.compare import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.sdists.table import Case

__all__ = ["Built", "Failure", "build_both"]

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
_SOURCES = str(Path(__file__).parents[2] / "python")
_RUN = (
    f"import sys; sys.path.insert(0, {_SOURCES!r}); sys.argv[0] = 'trail'\n"
    "from trail.__main__ import main; sys.exit(main())"
)
_LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MAKEFLAGS", "CFLAGS", "SOURCE_DATE_EPOCH")


class Failure(Exception):  # noqa: N818  # a result of a case, with what was said
    """A command failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of a case.

    Args:
        wheel: trail's, its file name.
        files: how many files it holds.
        requires: what it was built with, as `name version`.
        differences: from pip's wheel, as `path: what`.
        explained: files that are the same but for where the build ran, with what that was.
    """

    wheel: str
    files: int
    requires: tuple[str, ...]
    differences: tuple[str, ...]
    explained: tuple[str, ...]


def build_both(case: Case, folder: Path) -> Built:
    """Build, import and compare.

    Args:
        case: what to build.
        folder: an empty folder for all of it.

    Raises:
        Failure: a build or the check failed.
    """
    depot = folder / "depot"
    environ = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    environ |= {"TRAIL_DEPOT": str(depot)}
    project = _write_project(case, folder / "project")
    trail = [sys.executable, "-P", "-c", _RUN]
    _check([*trail, "install"], project, environ)
    (project / "check.py").write_text(f"{case.check.strip()}\nprint('works')\n", encoding="utf-8")
    _check([*trail, "run", "check.py"], project, environ)
    record, found = _record(case, depot)
    wheel = record.with_name(found["filename"])
    requires = [one.split("/")[:2] for one in found["requires"]]
    staging = depot / "staging" / f"build-{record.parent.name}"
    other = _with_pip(case, folder, staging, requires, environ)
    differences = compare(wheel, other, _places(folder, depot))
    return Built(
        wheel=wheel.name,
        files=_count(wheel),
        requires=tuple(" ".join(pair) for pair in requires),
        differences=tuple(f"{one.path}: {one.what}" for one in differences if not one.explained),
        explained=tuple(f"{one.path}: {one.what}" for one in differences if one.explained),
    )


def _record(case: Case, depot: Path) -> tuple[Path, dict[str, Any]]:
    """What trail keeps of the build."""
    for path in depot.glob("builds/*/build.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        stem = f"{case.name.replace('-', '_').replace('.', '_')}-{case.version}-"
        if found["filename"].lower().replace(".", "_").startswith(stem.replace(".", "_")):
            return path, found
    raise Failure(f"trail keeps no build of {case.name}")


def _write_project(case: Case, project: Path) -> Path:
    """A project that requires the case, as a source distribution only."""
    project.mkdir()
    lines = [
        "[project]",
        'name = "demo"',
        'version = "1"',
        f'requires-python = "=={HERE}.*"',
        f'dependencies = ["{case.requirement}"]',
        "[tool.trail]",
        'platforms = ["current"]',
        f'no-binary-package = ["{case.name}"]',
    ]
    for key, values in (("config-settings", case.config), ("extra-build", case.variables)):
        name = "config-settings-package" if key == "config-settings" else "extra-build-variables"
        if values:
            table = ", ".join(f"{one} = {json.dumps(value)}" for one, value in values.items())
            lines.append(f'{name} = {{ "{case.name}" = {{ {table} }} }}')
    (project / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return project


def _with_pip(
    case: Case,
    folder: Path,
    staging: Path,
    requires: Sequence[Sequence[str]],
    environ: Mapping[str, str],
) -> Path:
    pins = folder / "pins.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in requires))
    options = [
        f"--config-settings={key}={value}"
        for key, values in case.config.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    archive = _get_source(case, folder / "project" / "pylock.toml", folder)
    tree = staging / "source"
    tree.mkdir(parents=True)
    with tarfile.open(archive) as opened:
        opened.extractall(tree, filter="tar")
    (source,) = tree.iterdir()
    words = ["wheel", "--no-deps", "--no-cache-dir", f"--build-constraint={pins}"]
    command = [*pip, *words, *options, f"--wheel-dir={folder / 'wheels'}", str(source)]
    _check(command, folder, {**environ, **case.variables, "TMPDIR": str(_fresh(folder / "tmp"))})
    shutil.rmtree(staging)
    return next((folder / "wheels").iterdir())


def _get_source(case: Case, lock: Path, folder: Path) -> Path:
    """Get what the lock names; `pip download` would build it to know its metadata."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    (sdist,) = [one["sdist"] for one in packages if one["name"] == case.name.replace(".", "-")]
    with urllib.request.urlopen(sdist["url"]) as answer:
        data: bytes = answer.read()
    if hashlib.sha256(data).hexdigest() != sdist["hashes"]["sha256"]:
        raise Failure(f"{sdist['url']} has another hash than the lock says")
    path = _fresh(folder / "sources") / str(sdist["name"])
    path.write_bytes(data)
    return path


def _places(folder: Path, depot: Path) -> list[tuple[str, str]]:
    """Where the Python of a build lies: trail's prefix, and pip's own with an overlay."""
    prefix = rf"{re.escape(str(depot))}/prefixes/[^/\s'\"]+"
    overlay = rf"{re.escape(str(folder))}/tmp/pip-build-env-[^/]+/(?:overlay|normal)"
    own = re.escape(str(Path(sys.prefix, "bin")))
    return [
        (rf"(?:{prefix}/bin|{own})/python[\d.]*", "<python>"),
        (f"{prefix}|{overlay}", "<build environment>"),
    ]


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _count(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        return len(archive.namelist())


def _check(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Failure(f"`{' '.join(command[-6:])}` failed\n{done.stdout[-20000:]}")
