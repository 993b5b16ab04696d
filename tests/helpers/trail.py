"""Run the real command on a small project."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PATIENCE = 120  # seconds until a hanging command fails its test

_LOCK = """\
lock-version = "1.0"
created-by = "trail's tests"
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder to run trail in, with a depot of its own."""

    root: Path
    depot: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def trail(self, *words: str | Path, cwd: Path | None = None, **environ: str) -> Result:
        """Run trail and wait for it."""
        process = subprocess.run(
            self.command(*words),
            cwd=cwd or self.root,
            env=self.surroundings(**environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(process.returncode, process.stdout, process.stderr)

    def command(self, *words: str | Path) -> list[str]:
        """What to execute: `-c`, as `-m` would put the current folder on the module path."""
        code = (
            "import sys; sys.argv[0] = 'trail'; from trail.__main__ import main; sys.exit(main())"
        )
        return [sys.executable, "-P", "-c", code, *map(str, words)]

    def surroundings(self, **environ: str) -> dict[str, str]:
        """The environment for it."""
        # The programs that trail starts must not see trail's own packages: where trail is not
        # installed but imported from the source tree, only its own start gets the path.
        return {**os.environ, "TRAIL_DEPOT": str(self.depot), **self.environ, **environ}

    def lock(self, wheels: Iterable[Path | str], *, head: str = "") -> Path:
        """Write a pylock.toml that names wheel files by path; a text is a package as it is."""
        packages = [wheel if isinstance(wheel, str) else package(wheel) for wheel in wheels]
        path = self.root / "pylock.toml"
        path.write_text("\n".join([_LOCK, head, *packages]), encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def make_project(folder: Path, **environ: str) -> Project:
    """Make an empty project, with `pyproject.toml` and nothing else."""
    root = folder / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\n')
    return Project(root, folder / "depot", environ)


def package(wheel: Path, *, marker: str = "", url: str = "", digest: str = "") -> str:
    """The lines of a pylock.toml for a wheel."""
    name, version = wheel.name.split("-")[:2]
    data = wheel.read_bytes()
    place = f'url = "{url}"' if url else f'path = "{wheel}"'
    digest = digest or sha256(data).hexdigest()
    lines = ["[[packages]]", f'name = "{name.replace("_", "-")}"', f'version = "{version}"']
    if marker:
        lines.append(f"marker = {marker!r}")
    lines.append(
        f'wheels = [{{ {place}, size = {len(data)}, hashes = {{ sha256 = "{digest}" }} }}]'
    )
    return "\n".join(lines) + "\n"


def entries(depot: Path) -> list[str]:
    """The ids of what a depot holds."""
    installed = depot / "installed"
    return sorted(path.relative_to(installed).as_posix() for path in installed.glob("*/*/*"))
