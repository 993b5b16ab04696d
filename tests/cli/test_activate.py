"""`trail.activate()` in a running interpreter."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import git, make_repository
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THIS_PYTHON = f'requires-python = "=={sys.version_info.major}.{sys.version_info.minor}.*"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.lock([make_wheel(tmp_path, "one", "1.0", {"one/__init__.py": "VERSION = 1\n"})])
    return project


def python(project: Project, code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=project.root,
        env=project.surroundings(**environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_packages_can_be_imported_and_children_have_them(project: Project) -> None:
    result = python(
        project,
        "import subprocess, sys, trail\n"
        "prefix = trail.activate()\n"
        "trail.activate()\n"
        "import one\n"
        "print(one.VERSION, one.__file__.startswith(str(prefix)), sys.path.count(\n"
        "    next(p for p in sys.path if p.startswith(str(prefix)))))\n"
        "sys.stdout.flush()\n"
        "subprocess.run([sys.executable, '-I', '-c', 'import one; print(one.VERSION)'])\n",
    )
    assert (result.stdout, result.stderr) == ("1 True 1\n1\n", "")


def test_spawned_processes_have_them(project: Project) -> None:
    (project.root / "spawn.py").write_text(
        "import multiprocessing, sys, trail\n"
        "def work(_):\n    import one\n    return one.VERSION\n"
        "if __name__ == '__main__':\n"
        "    trail.activate()\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [0]))\n"
    )
    result = python(project, "import runpy; runpy.run_path('spawn.py', run_name='__main__')")
    assert result.stdout == "[1]\n", result.stderr


def test_packages_that_are_added_later_work_at_once(project: Project, tmp_path: Path) -> None:
    two = make_wheel(tmp_path, "two", "1.0", {"two.py": "NAME = 'two'\n"})
    (project.root / "two.lock").write_text(
        project.lock([*tmp_path.glob("one*.whl"), two]).read_text()
    )
    project.lock([*tmp_path.glob("one*.whl")])
    result = python(
        project,
        "import pathlib, trail\n"
        "trail.activate()\n"
        "import one\n"
        "pathlib.Path('pylock.toml').write_text(pathlib.Path('two.lock').read_text())\n"
        "trail.activate()\n"
        "import two\n"
        "print(two.NAME, one.VERSION)\n",
    )
    assert (result.stdout, result.stderr) == ("two 1\n", "")


@pytest.mark.parametrize("strict", [False, True])
def test_another_version_of_what_was_imported_is_told(
    project: Project, tmp_path: Path, strict: bool
) -> None:
    newer = make_wheel(tmp_path, "one", "2.0", {"one/__init__.py": "VERSION = 2\n"})
    (project.root / "new.lock").write_text(project.lock([newer]).read_text())
    project.lock([tmp_path / "one-1.0-py3-none-any.whl"])
    result = python(
        project,
        "import pathlib, trail, warnings\n"
        "trail.activate()\n"
        "import one\n"
        "pathlib.Path('pylock.toml').write_text(pathlib.Path('new.lock').read_text())\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    try:\n"
        f"        trail.activate(strict={strict})\n"
        "    except trail.errors.TrailError as error:\n"
        "        print('error', error.details)\n"
        "print([str(one.message) for one in seen], one.VERSION)\n",
    )
    text = "version 1.0, but the lock has 2.0"
    if strict:
        assert result.stdout == f"error (('one', '{text}'),)\n[] 1\n", result.stderr
    else:
        assert result.stdout == (
            f"['`one` was imported already: {text}; restart to use the locked one'] 1\n"
        ), result.stderr


def test_another_version_is_told_as_often_as_it_is_so(tmp_path: Path, index: IndexServer) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    (project.root / "pyproject.toml").unlink()
    result = python(
        project,
        "import trail, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "trail.interactive('three==1.0', 'part-a==1.0', 'part-b==1.0')\n"
        "import three, shared.a\n"
        "def told(*words):\n"
        "    try: trail.interactive(*words, strict=True)\n"
        "    except trail.errors.TrailError as error: print(*error.details)\n"
        "    else: print('nothing')\n"
        "trail.interactive('three==2.0')\n"  # so metadata of 2.0 is found on sys.path
        "told('three==2.0')\n"
        "told('three==1.0', 'part-b==2.0')\n"  # a part that was not imported
        "told('part-a==2.0')\n",
    )
    assert result.stdout.splitlines() == [
        "('three', 'version 1.0, but the lock has 2.0')",
        "nothing",
        "('part-a', 'version 1.0, but the lock has 2.0')",
    ], result.stderr


def test_a_missing_module_says_how_to_get_it_here(project: Project) -> None:
    result = python(project, "import trail\ntrail.activate()\nimport cv2\n")
    assert result.stderr.splitlines()[-3:] == [
        "ModuleNotFoundError: No module named 'cv2'",
        "`cv2` is part of `opencv-python`, which is not in the lock",
        'hint: trail.interactive("opencv-python")',
    ]


def test_errors_show_their_hints(project: Project) -> None:
    (project.root / "pylock.toml").unlink()
    (project.root / "pyproject.toml").unlink()
    result = python(project, "import trail\ntrail.activate()\n")
    assert result.stderr.splitlines()[-3:] == [
        f"trail.errors.ProjectError: there is no project in `{project.root}` or above it",
        "  looked for: pylock.toml, pyproject.toml",
        "hint: go to a project, or name what to use: trail install -r requirements.txt",
    ]


def test_processes_of_a_fork_server_have_them(project: Project) -> None:
    (project.root / "fork.py").write_text(
        "import multiprocessing, sys, trail\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "def work(_):\n    import one\n    return one.VERSION\n"
        "if __name__ == '__main__':\n"
        "    trail.activate()\n"
        "    context = multiprocessing.get_context('forkserver')\n"
        "    with ProcessPoolExecutor(1, mp_context=context) as pool:\n"
        "        print(*pool.map(work, [0]))\n"
    )
    result = python(project, "import runpy; runpy.run_path('fork.py', run_name='__main__')")
    assert result.stdout == "1\n", result.stderr


def test_a_project_in_a_repository(project: Project, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "inner").mkdir(parents=True)
    lock = project.lock([tmp_path / "one-1.0-py3-none-any.whl"])
    lock.rename(repository / "inner" / "pylock.toml")
    (repository / "inner" / "app.py").write_text("import one\nTEXT = f'first {one.VERSION}'\n")
    first = make_repository(repository)
    (repository / "inner" / "app.py").write_text("TEXT = 'second'\n")
    git(repository, "commit", "--all", "--message=two")
    url = f"{repository.as_uri()}#subdirectory=inner"
    result = python(
        project,
        "import subprocess, sys, trail\n"
        f"folder = trail.from_git({url!r}, {first[:12]!r})\n"
        f"assert trail.from_git({url!r}, {first[:12]!r}) == folder\n"
        "import app\n"
        "print(app.TEXT, folder.name, app.__file__ == str(folder / 'app.py'), flush=True)\n"
        "subprocess.run([sys.executable, '-c', 'import app; print(app.TEXT)'], cwd='/')\n"
        "del sys.modules['app']\n"
        f"trail.from_git('git+' + {url!r})\n"
        "import app\n"
        "print(app.TEXT)\n",
    )
    assert (result.stdout, result.stderr) == ("first 1 inner True\nfirst 1\nsecond\n", "")


def test_a_repository_without_a_project(project: Project, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "readme").write_text("")
    commit, url = make_repository(repository), repository.as_uri()
    result = python(project, f"import trail\ntrail.from_git({str(repository)!r})\n")
    assert result.stderr.splitlines()[-3:] == [
        f"trail.errors.ProjectError: there is no project in `{url}` at {commit[:12]}",
        "  looked for: pylock.toml, pyproject.toml, requirements.txt",
        "  in: its top",
    ]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("1.0", "2.0", "2.5", "3.0"):
        make_wheel(folder, "three", version, {"three.py": f"VERSION = {version!r}\n"})
    make_wheel(folder, "four", "1.0", {"four.py": ""}, requires=["three<3"])
    for part in ("a", "b"):
        for version in ("1.0", "2.0"):
            make_wheel(folder, f"part-{part}", version, {f"shared/{part}.py": ""})
    with serve_index(folder) as server:
        yield server


def test_packages_are_added_to_a_running_project(tmp_path: Path, index: IndexServer) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text + THIS_PYTHON)
    result = python(
        project,
        "import trail\n"
        "trail.interactive(three='^2.0')\n"
        "import three\n"
        "trail.interactive('four')\n"
        "import four\n"
        "print(three.VERSION)\n",
    )
    assert (result.stdout, result.stderr) == ("2.5\n", "")
    text = (project.root / "pyproject.toml").read_text()
    assert 'dependencies = ["four>=1.0", "three<3,>=2.0"]' in text
    assert (project.root / "pylock.toml").is_file()


def test_without_a_project_nothing_is_kept(tmp_path: Path, index: IndexServer) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    (project.root / "pyproject.toml").unlink()
    result = python(
        project,
        "import trail\n"
        "trail.interactive('three==2.0')\n"
        "trail.interactive(four='*')\n"
        "import three, four\n"
        "print(three.VERSION)\n",
    )
    assert (result.stdout, result.stderr) == ("2.0\n", "")
    assert list(project.root.iterdir()) == []


def test_what_cannot_be_had_is_forgotten(tmp_path: Path, index: IndexServer) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    (project.root / "pyproject.toml").unlink()
    result = python(
        project,
        "import trail\n"
        "for words in (['nothing-like-this'], ['three==1.0'], ['four', 'three==9']):\n"
        "    try: trail.interactive(*words)\n"
        "    except trail.errors.TrailError as error: print(type(error).__name__)\n"
        "trail.interactive('four')\n"
        "import three, four\n"
        "print(three.VERSION)\n",
    )
    assert result.stdout.splitlines() == ["ResolutionError", "ResolutionError", "1.0"], (
        result.stderr
    )


def test_a_project_is_left_alone_where_that_is_wished(tmp_path: Path, index: IndexServer) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    text = (project.root / "pyproject.toml").read_text()
    result = python(
        project,
        "import trail\n"
        "trail.interactive('three<2.5', save=False)\n"
        "trail.interactive('four', save=False)\n"
        "import three, four\n"
        "print(three.VERSION)\n",
    )
    assert (result.stdout, result.stderr) == ("2.0\n", "")
    assert (project.root / "pyproject.toml").read_text() == text


def test_the_hook_and_strictness_are_those_of_the_last_prefix(
    tmp_path: Path, index: IndexServer
) -> None:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    head = (project.root / "pyproject.toml").read_text() + THIS_PYTHON
    (project.root / "pyproject.toml").write_text(head)
    result = python(
        project,
        "import pathlib, sys, trail\n"
        "trail.interactive(four='^1')\n"
        "head = pathlib.Path('pyproject.toml').read_text()\n"
        "def use(strict):\n"
        "    text = head + '[tool.trail]\\nstrict = ' + strict + '\\n'\n"
        "    pathlib.Path('pyproject.toml').write_text(text)\n"
        "    prefix = trail.activate()\n"
        "    sys.modules.pop('three', None)\n"
        "    try: import three\n"
        "    except ImportError as error: print(error.name)\n"
        "    else: print(type(three.__loader__).__name__, str(prefix) in three.__file__)\n"
        "for strict in ('true', 'false', 'true'): use(strict)\n",
    )
    assert (result.stdout, result.stderr) == ("three\nPrefixLoader True\nthree\n", "")
