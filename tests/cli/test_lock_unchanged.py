"""A lock that still meets its project is not made anew, and every change is noticed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEETS = "the lock meets the project (2 packages)\n"
NOTHING = f"nothing to do: {MEETS}"
PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11,<3.13"
dependencies = ["app"]
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, version, requires in (("app", "1.0", ["base"]), ("base", "1.0", [])):
        make_wheel(folder, name, version, {f"{name}.py": ""}, requires=requires)
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    made = make_project(tmp_path, TRAIL_INDEX_URL=index.url, PIP_FIND_LINKS="")
    declare(made, PYPROJECT)
    assert made.trail("lock").code == 0
    index.requests.clear()
    return made


def declare(project: Project, text: str) -> None:
    (project.root / "pyproject.toml").write_text(text)


def edit(project: Project, pattern: str, replacement: str) -> None:
    path = project.root / "pylock.toml"
    text, count = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
    assert count
    path.write_text(text)


def test_nothing_is_asked_where_nothing_changed(project: Project, index: IndexServer) -> None:
    for _ in range(2):
        assert project.trail("lock").err == NOTHING
        assert project.trail("lock", "--check").err == MEETS
    assert index.requests == []


def test_another_machine_needs_no_index_either(project: Project, tmp_path: Path) -> None:
    other = Project(project.root, tmp_path / "other-depot", project.environ)
    assert other.trail("--offline", "lock").err == NOTHING
    assert other.trail("lock", "--offline").err == NOTHING


def hurried(project: Project, folder: Path) -> Project:
    """The same project, where the slow path ends with a message."""
    broken = folder / "broken"
    broken.mkdir()
    (broken / "click.py").write_text("raise SystemExit('slow')\n")
    return replace(project, environ={**project.environ, "PYTHONPATH": str(broken)})


def test_a_lock_that_was_just_made_is_checked_at_once(project: Project, tmp_path: Path) -> None:
    fast = hurried(project, tmp_path)
    assert fast.trail("lock", "--check").err == MEETS
    assert fast.trail("lock").err == NOTHING
    declare(project, PYPROJECT.replace('"app"', '"app<9"'))
    assert fast.trail("lock", "--check").err == "slow\n"
    assert project.trail("lock", "--check").code == 1


def test_another_checkout_is_checked_at_once(project: Project, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere" / "checkout"
    shutil.copytree(project.root, root)
    fast = hurried(replace(project, root=root), tmp_path)
    shutil.rmtree(project.root)
    for _ in range(2):
        assert fast.trail("lock", "--check").err == MEETS
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "# another\n")
    assert fast.trail("lock", "--check").err == "slow\n"


def test_a_folder_of_wheels_that_the_lock_does_not_use_changes_nothing(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    (tmp_path / "links").mkdir()
    links = replace(project, environ={**project.environ, "PIP_FIND_LINKS": str(tmp_path / "links")})
    assert links.trail("lock").err == NOTHING
    assert index.requests == []
    assert hurried(links, tmp_path).trail("lock").err == NOTHING


def test_a_folder_of_wheels_that_the_lock_uses_is_looked_at_again(
    project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    make_wheel(folder, "other", "1.0", {"other.py": ""}, requires=[])
    links = replace(project, environ={**project.environ, "PIP_FIND_LINKS": str(folder)})
    declare(project, PYPROJECT.replace('["app"]', '["app", "other"]'))
    assert "+ other 1.0" in links.trail("lock").err
    (folder / "other-1.0-py3-none-any.whl").unlink()
    assert links.trail("lock").code == 1


@pytest.mark.parametrize("words", [("-U",), ("--upgrade-package", "base"), ("--refresh",)])
def test_what_asks_for_new_releases_resolves(
    project: Project, index: IndexServer, words: tuple[str, ...]
) -> None:
    result = project.trail("lock", *words)
    assert result.err == "nothing to do: 2 packages for 8 targets\n"
    assert index.requests


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (PYPROJECT.replace('"app"', '"app<9"'), "dependencies: `app<9` is new"),
        (
            PYPROJECT.replace("<3.13", "<3.14"),
            "requires-python: `<3.13,>=3.11` became `<3.14,>=3.11`",
        ),
        (PYPROJECT + '[dependency-groups]\ntest = ["base"]\n', "group test: `base` is new"),
        (
            PYPROJECT + '[project.optional-dependencies]\nx = ["base"]\n',
            "extra x: `base` is new",
        ),
        (
            PYPROJECT + '[tool.trail]\nplatforms = ["linux-x86_64"]\n',
            "platforms: `linux-x86_64` is new",
        ),
    ],
)
def test_changes_of_the_project_are_noticed(
    project: Project, index: IndexServer, text: str, change: str
) -> None:
    assert project.trail("lock", "--check").code == 0
    declare(project, text)
    checked = project.trail("lock", "--check")
    assert checked.code == 1
    assert change in checked.err
    assert project.trail("run", "--locked", "python", "-c", "pass").code == 1
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert "the lock meets" not in result.err
    assert index.requests
    assert project.trail("lock", "--check").code == 0


@pytest.mark.parametrize(
    ("pattern", "replacement", "change"),
    [
        (r"\[\[packages\]\]\nname = \"base\".*?\n\n", "", "`app` needs `base`, which is not"),
        (r"\[\[packages\]\]\nname = \"app\".*?\n\n", "", "`app` is not in the lock"),
        (
            r'name = "app"\nversion = "1.0"\n',
            "\\g<0>marker = \"sys_platform == 'win32'\"\n",
            "`app` is not in the lock",
        ),
    ],
)
def test_a_lock_that_was_edited_is_noticed(
    project: Project, index: IndexServer, pattern: str, replacement: str, change: str
) -> None:
    before = (project.root / "pylock.toml").read_bytes()
    assert project.trail("lock", "--check").code == 0
    edit(project, pattern, replacement)
    checked = project.trail("lock", "--check")
    assert checked.code == 1
    assert change in checked.err
    assert project.trail("install", "--locked").code == 1
    assert project.trail("lock").code == 0
    assert (project.root / "pylock.toml").read_bytes() == before
    assert index.requests


def test_an_edit_that_keeps_size_and_time_stamp_of_a_young_lock_is_noticed(
    project: Project,
) -> None:
    path = project.root / "pylock.toml"
    status = path.stat()
    path.write_text(path.read_text().replace('name = "base"', 'name = "bass"', 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert project.trail("lock", "--check").code == 1


def test_another_index_is_noticed(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    for name, requires in (("app", ["base"]), ("base", [])):
        make_wheel(folder, name, "1.0", {f"{name}.py": ""}, requires=requires)
    with serve_index(folder) as other:
        assert project.trail("lock", TRAIL_INDEX_URL=other.url).code == 0
        assert other.requests
        assert other.url.rstrip("/") in (project.root / "pylock.toml").read_text()


def test_configuration_of_pip_that_appears_is_noticed(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environ = {
        **project.environ,
        "TRAIL_INDEX_URL": "",
        "HOME": str(home),
        "USERPROFILE": str(home),
        "APPDATA": "",
    }
    project = Project(project.root, project.depot, environ)
    configuration = home / ("pip/pip.ini" if os.name == "nt" else ".pip/pip.conf")
    configuration.parent.mkdir()
    configuration.write_text(f"[global]\nindex-url = {index.url}\n")
    assert project.trail("lock").err == NOTHING
    assert project.trail("lock").err == NOTHING
    configuration.write_text("[global]\nindex-url = http://127.0.0.1:9/simple/\nretries = 0\n")
    assert project.trail("lock").code == 1


def test_another_cutoff_is_noticed(project: Project) -> None:
    assert project.trail("lock", "--exclude-newer", "2999-01-01").code == 0
    assert project.trail("lock", "--check", "--exclude-newer", "2999-01-01").code == 0
    assert project.trail("lock", "--check", "--exclude-newer", "1h").code == 1


def test_a_target_that_was_left_out_is_tried_again(project: Project, index: IndexServer) -> None:
    minor = sys.version_info.minor
    tag = f"cp3{minor}-none-any"
    make_wheel(index.folder, "picky", "1.0", {"picky.py": ""}, tag=tag, requires=[])
    text = PYPROJECT.replace(">=3.11,<3.13", f">=3.{minor - 1},<3.{minor + 1}")
    declare(project, text.replace('["app"]', '["app", "picky"]'))
    for _ in range(2):
        index.requests.clear()
        assert "is left out" in project.trail("lock").err
        assert index.requests


def test_what_comes_from_a_folder_is_looked_at_again(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "local"
    folder.mkdir()
    text = '[project]\nname = "local"\nversion = "1"\ndependencies = ["base"]\n'
    (folder / "pyproject.toml").write_text(text)
    declare(project, PYPROJECT.replace('["app"]', f'["local @ {folder.as_uri()}"]'))
    first = project.trail("lock")
    assert first.code == 0, first.err
    (folder / "pyproject.toml").write_text(text.replace("base", "app"))
    assert "+ app 1.0" in project.trail("lock").err


def loaded_by(project: Project, *words: str) -> tuple[set[str], str]:
    """Run a command in a fresh interpreter: the modules that it loaded, and what it said."""
    code = (
        "import json, sys; before = set(sys.modules); from trail.__main__ import run\n"
        f"sys.argv = ['trail', *{words}]; run()\n"
        "print(json.dumps([*sys.modules.keys() - before]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=project.root,
        env=project.surroundings(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout)), done.stderr


def test_the_fast_path_of_check_loads_next_to_nothing(project: Project) -> None:
    words = ["lock", "--check"]
    assert project.trail(*words).code == 0
    time.sleep(2.1)  # from then on the time stamps say enough
    assert project.trail(*words).code == 0
    loaded, said = loaded_by(project, *words)
    assert said == MEETS
    assert {name.partition(".")[0] for name in loaded} <= {"__future__", "trail", "zlib"}
    assert "trail.commands.replay" in loaded
    assert not any(name.startswith(("trail.cli", "trail.resolve", "trail.lock")) for name in loaded)


def test_to_lock_with_all_known_loads_no_reader_of_locks(project: Project) -> None:
    (project.root / "pylock.toml").unlink()
    environ = {**project.environ, "PIP_CONFIG_FILE": os.devnull}
    project = Project(project.root, project.depot, environ)
    loaded, said = loaded_by(project, "lock", "--offline")
    assert "locked 2 packages" in said
    assert {"trail.lock.write", "trail.resolve.solve"} < loaded
    rare = {
        "base64",
        "configparser",
        "email",
        "html.parser",
        "http",
        "httpx",
        "netrc",
        "packaging.dependency_groups",
        "packaging.pylock",
        "shutil",
        "tempfile",
        "trail.commands.trees",
        "trail.lock.pylock",
    }
    assert loaded & rare == set()
