"""`trail.activate()` in IPython and in a real Jupyter kernel, both from PyPI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel

import trail

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
    said = [_COLOUR.sub("", text) for text in json.loads(done.stdout)]
    assert said[:4] == ["", "1 True\n", "1\r\n", "True\n"]
    assert said[4].splitlines()[-3:] == [
        "ModuleNotFoundError: No module named 'two'",
        "`two` is locked for the group `more`",
        'hint: trail.activate(groups=["more"])',
    ]
    assert said[5] == "2 1\n"
    assert "hint: go to a project, or name what to use" in said[6]


def test_ipython(project: Project, jupyter: Path) -> None:
    code = "import trail\nprefix = trail.activate()\nimport one\nprint(one.VERSION)\nimport two\n"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "--no-banner", "-c", code],
        env=surroundings(project, jupyter),
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.startswith("1\n"), done.stderr
    assert done.stdout.rstrip().endswith('hint: trail.activate(groups=["more"])')
