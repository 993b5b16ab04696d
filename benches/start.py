"""Start a program in an environment that is complete: what the launcher costs each time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.measure import Series, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benches.places import Place

__all__ = ["Launchers", "start_all"]

_PROJECT = """[project]
name = "bench"
version = "0"
requires-python = ">=3.11"
dependencies = []
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launchers:
    """What starts programs.

    Args:
        uv: the program.
        trail: the command.
        pylock: what trail's project uses.
        environ: everybody's environment.
    """

    uv: Path
    trail: tuple[str | Path, ...]
    pylock: Path
    environ: dict[str, str]


_PASS = ("python", "-c", "pass")


def start_all(
    place: Place, launchers: Launchers, *, rounds: int, tell: Callable[[str], None]
) -> dict[str, Series]:
    """Time `python -c pass`, started in several ways, in turns.

    uv's project has no dependency at all, for `uv run` cannot use a pylock.toml; the more a
    project has, the longer uv takes to see that nothing is to be done.

    Args:
        place: where.
        launchers: what to start with.
        rounds: how often.
        tell: what to do with a line of progress.
    """
    folder = place.fresh("start")
    project = folder / "project"
    project.mkdir()
    (project / "pylock.toml").write_bytes(launchers.pylock.read_bytes())
    peer = folder / "peer"
    peer.mkdir()
    (peer / "pyproject.toml").write_text(_PROJECT, encoding="utf-8")
    environ = launchers.environ | {"TRAIL_DEPOT": str(folder / "depot")}
    common = ("--cache-dir", folder / "cache", "--no-config", "--offline", "--quiet")
    uv = (launchers.uv, "run", *common)
    venv = folder / "venv"
    subprocess.run([launchers.uv, "venv", *common, "--python", sys.executable, venv], check=True)
    lines: dict[str, tuple[Path, Sequence[str | Path]]] = {
        "python": (project, (sys.executable, "-c", "pass")),
        "a venv's python": (project, (venv / "bin" / "python", "-c", "pass")),
        "uv run --no-sync": (peer, (*uv, "--no-sync", *_PASS)),
        "uv run": (peer, (*uv, *_PASS)),
        "trail run": (project, (*launchers.trail, "run", *_PASS)),
    }
    prepare = environ | {"UV_PYTHON": sys.executable}
    for cwd, command in lines.values():
        for _ in range(2):
            measure(command, cwd=cwd, environ=prepare)
    prefixes = sorted((folder / "depot" / "prefixes").iterdir())
    lines["the prefix's python"] = (project, (prefixes[0] / "bin" / "python", "-c", "pass"))
    series = {name: Series(rounds) for name in lines}
    for _ in range(2 * rounds):
        for name, (cwd, command) in lines.items():
            if not series[name].enough:
                series[name].samples.append(measure(command, cwd=cwd, environ=prepare))
    for name, entry in series.items():
        tell(f"{name}: {entry.wall * 1000:.1f} ms")
    place.done_with(folder)
    return series
