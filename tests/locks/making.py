"""Locks of real projects, made by trail and by uv, as of a fixed day.

All of it needs PyPI; what was fetched is kept below TRAIL_BENCH_CACHE, as the benches' is:

{cache}/tools/            uv, pip, pdm
{cache}/locks/depot/      trail's cache of pages and metadata
{cache}/locks/uv-cache/   uv's
{cache}/locks/metadata/   METADATA by the wheel's hash
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benches.locks import EXCLUDE_NEWER, PIP, UV, default_cache
from benches.solvers import get_program
from packaging.pylock import Pylock
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Failed", "Workshop", "pins_of", "write_project"]

SOURCES = Path(__file__).resolve().parents[2] / "python"
PATIENCE = 900  # seconds
# The oldest that trail's targets stand for; uv takes the machine's own otherwise.
PLATFORM = "x86_64-manylinux_2_28"
# `-c`, as `-m` would put the current folder on the module path.
_START = (
    f"import sys; sys.path.insert(0, {str(SOURCES)!r}); sys.argv[0] = 'trail'; "
    "from trail.__main__ import main; sys.exit(main())"
)


class Failed(Exception):  # noqa: N818  # that a command failed may be what is wanted
    """A command ended with another code than 0.

    Args:
        command: the words.
        code: of the end.
        output: all that it printed.
    """

    def __init__(self, command: Sequence[str | Path], code: int, output: str) -> None:
        super().__init__(f"`{shlex.join(map(str, command))}` ended with {code}\n{output}")
        self.code = code
        self.output = output


@dataclass(frozen=True)
class Workshop:
    """Where locks are made.

    Args:
        environ: TRAIL_BENCH_CACHE names the folder for what is kept.
    """

    environ: Mapping[str, str]

    @cached_property
    def cache(self) -> Path:
        """The folder for what is kept."""
        folder = default_cache(self.environ)
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def uv(self) -> Path:
        """uv, of the version that the benches have."""
        return self._target("uv", UV) / "bin" / ("uv.exe" if os.name == "nt" else "uv")

    @cached_property
    def pip(self) -> Path:
        """The folder of a pip that reads locks, for PYTHONPATH."""
        return self._target("pip", PIP)

    @cached_property
    def pdm(self) -> Path:
        """The program pdm."""
        return get_program("pdm", self.cache, self.uv)

    @property
    def depot(self) -> Path:
        """trail's depot; its index cache is what counts."""
        return self.cache / "locks" / "depot"

    def _target(self, name: str, version: str) -> Path:
        folder = self.cache / "tools" / f"{name}-{version}"
        if not (folder / "done").exists():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
            self.run([*pip, "--target", folder, f"{name}=={version}"], self.cache)
            (folder / "done").touch()
        return folder

    def run(self, command: Sequence[str | Path], cwd: Path, **environ: str) -> str:
        """Run a command and give its standard output.

        Raises:
            Failed: it failed.
        """
        words = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
        kept = {key: value for key, value in self.environ.items() if key.upper().startswith(words)}
        done = subprocess.run(
            [os.fspath(word) for word in command],
            cwd=cwd,
            env={
                **kept,
                "HOME": str(self.cache / "locks"),
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                **environ,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            raise Failed(command, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def trail(self, project: Path, *words: str | Path) -> str:
        """Run trail in a project.

        Raises:
            Failed: it refused.
        """
        command = [sys.executable, "-P", "-c", _START, *words]
        return self.run(command, project, TRAIL_DEPOT=str(self.depot), TRAIL_COMPILE="never")

    def lock(self, project: Path) -> Pylock:
        """Let trail lock a project, from wheels.

        Raises:
            Failed: there is no solution.
        """
        self.trail(project, "lock", "--no-build", "--exclude-newer", EXCLUDE_NEWER)
        return Pylock.from_dict(tomllib.loads((project / "pylock.toml").read_text("utf-8")))

    def compile(self, project: Path, requirements: Sequence[str], minor: str) -> dict[str, str]:
        """Let uv resolve the same as `lock` does for one target.

        Returns:
            Versions by name.

        Raises:
            Failed: there is no solution.
        """
        source = project / "requirements.in"
        source.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        command: list[str | Path] = [
            *(self.uv, "pip", "compile", "--quiet", "--no-config", "--no-build", "--no-header"),
            *("--no-annotate", "--no-strip-extras", "--python", sys.executable),
            *("--python-version", minor, "--python-platform", PLATFORM),
            *("--exclude-newer", EXCLUDE_NEWER, "--cache-dir", self.cache / "locks" / "uv-cache"),
            source,
        ]
        text = self.run(command, project)
        pins = re.findall(r"(?m)^([\w.-]+)(?:\[[^]]*\])?==(\S+)", text)
        return {canonicalize_name(name): version for name, version in pins}


def write_project(
    folder: Path,
    requirements: Sequence[str],
    *,
    requires_python: str,
    platforms: Sequence[str] = (),
) -> Path:
    """Write a project to lock; without platforms for those that trail covers by itself."""
    folder.mkdir(parents=True)
    listed = "".join(f"  {json.dumps(requirement)},\n" for requirement in requirements)
    text = (
        f'[project]\nname = "locked-project"\nversion = "0"\n'
        f'requires-python = "{requires_python}"\ndependencies = [\n{listed}]\n'
    )
    if platforms:
        text += f"\n[tool.trail]\nplatforms = {list(platforms)!r}\n"
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def pins_of(lock: Pylock) -> dict[str, str]:
    """The versions of a lock that has one of each package."""
    pins: dict[str, str] = {package.name: str(package.version) for package in lock.packages}
    if len(pins) != len(lock.packages):
        raise ValueError("the lock has several versions of a package")
    return pins
