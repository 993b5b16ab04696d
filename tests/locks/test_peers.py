"""pip, uv and pdm install from trail's locks exactly what trail runs with."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benches.resolve import read_input
from tests.locks.making import Workshop, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="made for the current platform"),
]

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECTS = {
    "small": ("httpx[http2]", "rich>=14", "attrs", "pydantic; python_version >= '3'"),
    "science": ("jupyterlab", "pandas", "plotly", "scikit-learn"),
}
# Many of them are large: `TRAIL_LOCK_INSTALLS="science airflow transformers home"`.
INPUTS = tuple(os.environ.get("TRAIL_LOCK_INSTALLS", "starlette").split())
LIST = (
    "import json; from importlib.metadata import distributions; "
    "print(json.dumps({d.metadata['Name'].lower().replace('_', '-').replace('.', '-'): d.version"
    " for d in distributions()}))"
)
OWN = {"pip", "trail-pm", "locked-project"}


@pytest.mark.parametrize("name", PROJECTS)
def test_others_install_what_trail_runs_with(name: str, workshop: Workshop) -> None:
    with roomy_folder() as folder:
        project = write_project(
            folder / "project", PROJECTS[name], requires_python=f">={MINOR},<3.15"
        )
        workshop.lock(project)
        python = ("-p", sys.executable)
        expected = listing(workshop.trail(project, "run", *python, "--", "python", "-c", LIST))
        for peer in (pip, uv, pdm):
            environment = new_environment(workshop, folder / peer.__name__)
            peer(workshop, project, environment)

            assert listing(workshop.run([environment, "-c", LIST], project)) == expected
            check(workshop, project, environment)


@pytest.mark.parametrize("name", INPUTS)
def test_pip_installs_a_large_lock_and_finds_it_consistent(name: str, workshop: Workshop) -> None:
    with roomy_folder() as folder:
        project = write_project(
            folder / "project",
            read_input(name),
            requires_python=f"=={MINOR}.*",
            platforms=["current"],
        )
        lock = workshop.lock(project)
        environment = new_environment(workshop, folder / "pip")
        pip(workshop, project, environment)

        installed = listing(workshop.run([environment, "-c", LIST], project))
        # Some packages are for patch releases of Python alone.
        assert installed == {package.name: str(package.version) for package, _ in lock.select()}
        check(workshop, project, environment)


def listing(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return {name: version for name, version in found.items() if name not in OWN}


def new_environment(workshop: Workshop, folder: Path) -> Path:
    """Make an empty virtual environment; its Python."""
    common = ("--quiet", "--no-config", "--offline", "--no-cache")
    workshop.run([workshop.uv, "venv", *common, "--python", sys.executable, folder], folder.parent)
    return folder / "bin" / "python"


def pip(workshop: Workshop, project: Path, python: Path) -> None:
    """Install with pip, which reads locks since 26.1."""
    workshop.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--no-compile", "-r", project / "pylock.toml"),
        ],
        project,
        PYTHONPATH=str(workshop.pip),
    )


def uv(workshop: Workshop, project: Path, python: Path) -> None:
    """Install with uv."""
    cache = workshop.cache / "locks" / "uv-cache"
    command = (workshop.uv, "pip", "sync", "--quiet", "--no-config", "--cache-dir", cache)
    workshop.run([*command, "--python", python, project / "pylock.toml"], project)


def pdm(workshop: Workshop, project: Path, python: Path) -> None:
    """Install with pdm, which takes the lock as its own if it is told of the format."""
    (project / "pdm.toml").write_text('[lock]\nformat = "pylock"\n', encoding="utf-8")
    workshop.run(
        [workshop.pdm, "sync", "--quiet", "--no-self", "--lockfile", "pylock.toml"],
        project,
        VIRTUAL_ENV=str(python.parents[1]),
        PDM_CHECK_UPDATE="0",
        PDM_CACHE_DIR=str(workshop.cache / "locks" / "pdm-cache"),
        PDM_IGNORE_SAVED_PYTHON="1",
    )


def check(workshop: Workshop, project: Path, python: Path) -> None:
    """Let pip compare what is installed with what it requires."""
    pip = (sys.executable, "-m", "pip", "--python", python, "check")
    workshop.run(pip, project, PYTHONPATH=str(workshop.pip))


@contextmanager
def roomy_folder() -> Iterator[Path]:
    """A folder in memory, if there is: to delete 100,000 files from a disk takes minutes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(os.path.realpath(folder))
