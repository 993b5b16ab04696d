"""Clean copies of the sources, and pip to build and install them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import dev

__all__ = ["ROOT", "Installed", "install", "pip", "source_files", "without_cargo"]

ROOT = Path(dev.__file__).parent


def source_files() -> list[str]:
    """List what a commit of everything would hold, as `/` separated paths."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(listing.stdout.split("\0")) - {""})
    return [name for name in names if (ROOT / name).is_file()]


def copy_sources(folder: Path) -> Path:
    """Copy the sources, and nothing that was built, into a new folder."""
    for name in source_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def without_cargo() -> dict[str, str]:
    """Give the environment with no Rust toolchain on PATH."""
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if not (Path(folder) / "cargo").exists()]
    return {**os.environ, "PATH": os.pathsep.join(kept)}


def pip(
    *arguments: str | Path, environ: dict[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the pip of the Python that runs the tests."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"pip failed:\n{done.stdout}\n{done.stderr}")
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A Python environment that trail was installed into."""

    prefix: Path

    def run(self, *command: str) -> str:
        """Run one of its programs and return what it printed."""
        program, *arguments = command
        done = subprocess.run(
            [str(self.prefix / "bin" / program), *arguments],
            cwd=self.prefix,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def install(
    prefix: Path, *arguments: str | Path, environ: dict[str, str] | None = None
) -> Installed:
    """Install into a new environment with `pip install ARGUMENTS`."""
    dev.link_prefix(prefix)
    python = prefix / "bin" / "python"
    pip("--python", python, "install", *arguments, environ=environ)
    return Installed(prefix=prefix)
