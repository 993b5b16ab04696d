"""`trail.activate()` in IPython and in a real Jupyter kernel, both from PyPI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import make_repository
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel

import trail

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.network, pytest.mark.slow]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# Runs cells in a kernel, and prints what each of them says.
CLIENT = """\
import json, sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
said = []
for cell in json.load(sys.stdin):
    text = []
    def hear(message):
        content = message["content"]
        text.append(content.get("text") or "\\n".join(content.get("traceback", ())))
    client.execute_interactive(cell, output_hook=hear, timeout=100)
    said.append("".join(text))
client.stop_channels()
manager.shutdown_kernel(now=True)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the kernel, as somebody's own Python has it in its site-packages."""
    folder = tmp_path_factory.mktemp("jupyter")
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder)]
    subprocess.run([*command, "ipykernel", "jupyter_client", "ipython"], check=True)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    module = "import os\nVERSION = 1\ndef pid(_): return os.getpid()\n"
    one = make_wheel(tmp_path, "one", "1.0", {"one.py": module})
    two = make_wheel(tmp_path, "two", "1.0", {"two.py": "VERSION = 2\n"})
    project.lock(
        [one, package(two, marker='"more" in dependency_groups')],
        head='dependency-groups = ["more"]',
    )
    return project


def surroundings(project: Project, jupyter: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(trail.__file__).parents[1]), str(jupyter), *sys.path])
    home = {"HOME": str(project.depot), "IPYTHONDIR": str(project.depot / "ipython")}
    return {**project.surroundings(), **home, "PYTHONPATH": path}


def run_cells(cells: list[str], project: Project, jupyter: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        input=json.dumps(cells),
        env=surroundings(project, jupyter),
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [_COLOUR.sub("", text) for text in json.loads(done.stdout)]


def test_a_kernel(project: Project, jupyter: Path) -> None:
    pool = """\
import multiprocessing
with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(pool.map(one.pid, [0]) != [one.pid(0)])
"""
    later = """\
assert trail.activate() == prefix
trail.activate(groups=["more"])
import two
print(two.VERSION, one.VERSION)
"""
    cells = [
        "import trail\nprefix = trail.activate()",
        "import one, sys\nprint(one.VERSION, one.__file__.startswith(str(prefix)))",
        "!python -c 'import one; print(one.VERSION)'",
        pool,
        "import two",
        later,
        "trail.activate(project='/')",
    ]
    said = run_cells(cells, project, jupyter)
    assert said[:4] == ["", "1 True\n", "1\r\n", "True\n"]
    assert said[4].splitlines()[-3:] == [
        "ModuleNotFoundError: No module named 'two'",
        "`two` is locked for the group `more`",
        'hint: trail.activate(groups=["more"])',
    ]
    assert said[5] == "2 1\n"
    assert "hint: go to a project, or name what to use" in said[6]


def test_packages_and_repositories_are_added_in_a_kernel(jupyter: Path, tmp_path: Path) -> None:
    with served(tmp_path) as index:
        project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
        cells = [
            "import trail",
            f"trail.from_git({repository(tmp_path)!r})\nimport app\nprint(app.TEXT)",
            "trail.interactive('three==1.0')\nimport three\nprint(three.VERSION)",
            "trail.interactive(four='^1')\nimport four\nprint(four.VERSION, three.VERSION)",
            "trail.interactive('three==2.0')\nprint(three.VERSION)",
            "trail.interactive('three==2.0', strict=True)",
        ]
        said = run_cells(cells, project, jupyter)
    assert said[:4] == ["", "from git\n", "1.0\n", "1.0 1.0\n"]
    told = "version 1.0, but the lock has 2.0"
    assert f"`three` was imported already: {told}; restart to use the locked one" in said[4]
    assert said[4].startswith("1.0\n")
    assert f"  three: {told}" in said[5].splitlines()
    lock = tomllib.loads((project.root / "pylock.toml").read_text())
    assert {one["name"]: one["version"] for one in lock["packages"]} == {
        "four": "1.0",
        "three": "2.0",
    }


def test_packages_and_repositories_are_added_in_ipython(jupyter: Path, tmp_path: Path) -> None:
    with served(tmp_path) as index:
        project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
        code = (
            f"import trail\ntrail.from_git({repository(tmp_path)!r})\nimport app\n"
            "trail.interactive('three<2', save=False)\nimport three\n"
            "print(app.TEXT, three.VERSION)\n"
        )
        done = run_ipython(code, project, jupyter)
    assert done.stdout == "from git 1.0\n", done.stderr


def test_ipython(project: Project, jupyter: Path) -> None:
    code = "import trail\nprefix = trail.activate()\nimport one\nprint(one.VERSION)\nimport two\n"
    done = run_ipython(code, project, jupyter)
    assert done.stdout.startswith("1\n"), done.stderr
    assert done.stdout.rstrip().endswith('hint: trail.activate(groups=["more"])')


def run_ipython(code: str, project: Project, jupyter: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "--no-banner", "-c", code],
        env=surroundings(project, jupyter),
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@contextmanager
def served(folder: Path) -> Iterator[IndexServer]:
    """An index with two packages."""
    place = folder / "index"
    place.mkdir()
    for name, version in (("three", "1.0"), ("three", "2.0"), ("four", "1.0")):
        make_wheel(place, name, version, {f"{name}.py": f"VERSION = {version!r}\n"})
    with serve_index(place) as server:
        yield server


def repository(folder: Path) -> str:
    """Where a repository with a project is."""
    place = folder / "repository"
    place.mkdir()
    (place / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n')
    (place / "app.py").write_text("TEXT = 'from git'\n")
    make_repository(place)
    return place.as_uri()
