"""What the depot keeps of builds: shown, counted, used again, and collected."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import make_repository, make_sdist, make_source
from tests.helpers.trail import PATIENCE, Project, entries, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_AGO = 1_000_000_000


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    (tmp_path / "files").mkdir()
    with serve_index(tmp_path / "files") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url, BUILD_NOTES=str(tmp_path / "notes"))


def declare(project: Project, *requires: str) -> None:
    (project.root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\ndependencies = {json.dumps(requires)}\n'
        '[tool.trail]\nplatforms = ["current"]\n'
    )


def builds(project: Project) -> list[str]:
    folder = project.depot / "builds"
    return sorted(path.name.partition("-")[0] for path in folder.iterdir())


def grow_old(project: Project, *, roots: bool = True) -> None:
    for path in project.depot.rglob("*"):
        if roots or path.parent.name != "roots":
            os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


# --- shown


def test_tree_and_depot_say_what_was_built_and_from_what(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_wheel(index.folder, "base", "1.0", {"base.py": ""})
    make_wheel(index.folder, "helper", "2.0", {"helper.py": ""})
    sdist = make_sdist(
        index.folder,
        make_source(tmp_path / "thing-1.0", build_requires=("helper",), requires=("base",)),
    )
    cloned = make_source(tmp_path / "cloned", "cloned")
    commit = make_repository(cloned)
    url = cloned.as_uri()
    declare(project, "thing", f"cloned @ git+{url}")
    result = project.trail("install")
    assert result.code == 0, result.err
    assert project.trail("tree").out == (
        "dependencies:\n"
        f"cloned 1.0 (built from {url} at {commit[:9]})\n"
        f"thing 1.0 (built from {sdist.name})\n"
        "└── base 1.0\n"
    )
    shown = json.loads(project.trail("tree", "--json").out)["dependencies"]
    assert [node["built"] for node in shown] == [f"{url} at {commit[:9]}", sdist.name]
    assert shown[1]["children"][0]["built"] is None
    listed = project.trail("depot", "list").out.splitlines()
    assert [line.endswith(" (built)") for line in listed] == [False, True, False, True]
    rows = json.loads(project.trail("depot", "list", "--json").out)
    assert [row["id"].partition("/")[0] for row in rows if row["built"]] == ["cloned", "thing"]
    lines = project.trail("depot", "show", "thing").out.splitlines()
    assert f"built from {index.file_url(sdist.name)}" in lines
    assert "built with helper 2.0" in lines
    assert f"built from {url} at {commit}" in project.trail("depot", "show", "cloned").out
    assert json.loads(project.trail("depot", "show", "thing", "--json").out)["built"] is True


def test_tree_shows_what_would_be_built_although_there_is_a_wheel(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_wheel(index.folder, "thing", "1.0", {"thing.py": ""})
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    declare(project, "thing")
    assert project.trail("lock").code == 0
    assert project.trail("tree").out == "dependencies:\nthing 1.0\n"
    told = project.trail("tree", TRAIL_NO_BINARY_PACKAGE="thing")
    assert told.out == "dependencies:\nthing 1.0 (built from thing-1.0.tar.gz)\n"


# --- collected


def test_builds_and_checkouts_go_with_their_last_user(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    cloned = make_source(tmp_path / "cloned", "cloned")
    make_repository(cloned)
    declare(project, "thing", f"cloned @ git+{cloned.as_uri()}")
    assert project.trail("run", "python", "-c", "import thing, cloned").code == 0
    # Metadata that was asked for while locking is kept as builds are.
    assert builds(project) == ["cloned", "cloned", "thing", "thing"]
    size = project.trail("depot", "size").out
    assert "  builds              4 items" in size
    assert "  sources             1 items" in size
    assert project.trail("depot", "gc").err == "nothing to remove\n"
    grow_old(project, roots=False)
    dry = project.trail("depot", "gc", "--dry-run").out
    (python,) = (one for one in dry.split() if one.startswith("cp"))  # that the builds ran with
    assert sorted(one.split("-")[0] for one in dry.split() if one != python) == [
        "cloned",
        "git",
        "thing",
    ]
    assert project.trail("depot", "gc").err == ("removed 1 prefix, 2 builds and 1 checkout\n")
    # The wheels of what is used stay: their keys say that it need not be built again.
    assert builds(project) == ["cloned", "thing"]
    assert not list((project.depot / "sources").iterdir())
    (project.root / "pyproject.toml").unlink()
    project.root.rename(tmp_path / "away")
    grow_old(project)
    result = project.trail("depot", "gc", cwd=tmp_path)
    assert result.err == ("removed 1 prefix, 2 entries, 2 builds and 2 records of use\n")
    assert builds(project) == entries(project.depot) == []


def test_build_that_was_collected_is_made_again(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    declare(project, "thing")
    assert project.trail("install").code == 0
    (first,) = entries(project.depot)
    grow_old(project)
    for path in (project.depot / "roots").iterdir():
        path.unlink()
    assert project.trail("depot", "gc").code == 0
    assert entries(project.depot) == []
    result = project.trail("run", "python", "-c", "import thing; print(thing.VERSION)")
    assert result.out == "1.0\n", result.err
    assert [one.rpartition("-")[0] for one in entries(project.depot)] == [first.rpartition("-")[0]]


def test_what_is_built_just_now_is_not_collected(project: Project, tmp_path: Path) -> None:
    waits = "import time\nwhile not (HERE / 'go').exists(): time.sleep(0.02)"
    source = make_source(project.root / "libs" / "thing", run=waits, dynamic=False)
    declare(project, f"thing @ {source.as_uri()}")
    with start(project) as building:
        wait_for(tmp_path / "notes")
        grow_old(project)
        assert project.trail("depot", "gc", "--days", "0", cwd=tmp_path).code == 0
        (source / "go").touch()
        assert "installed 1 package (1 new)" in building.communicate(timeout=PATIENCE)[1]
    assert building.returncode == 0
    assert builds(project) == ["thing"]


# --- used again


def test_second_build_finds_all_that_the_first_one_set_up(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_wheel(index.folder, "helper", "1.0", {"helper.py": ""}, requires=["deeper"])
    make_wheel(index.folder, "deeper", "1.0", {"deeper.py": ""})
    declare(project)
    for name in ("one", "two"):
        run = "import helper, deeper, sys; print(sys.prefix)"
        source = make_source(tmp_path / f"{name}-1.0", name, build_requires=("helper",), run=run)
        make_sdist(
            index.folder, source, pkg_info=f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
        )
    assert project.trail("install", "one").code == 0
    prefixes = {path.name for path in (project.depot / "prefixes").iterdir()}
    before = set(entries(project.depot))
    asked = len(index.requests)
    result = project.trail("install", "two")
    assert result.code == 0, result.err
    # One new thing: the wheel. The build's Python and what it requires are those of the first.
    assert {one.split("/")[0] for one in set(entries(project.depot)) - before} == {"two"}
    assert {path.name for path in (project.depot / "prefixes").iterdir()} == prefixes
    paths = [request.path for request in index.requests[asked:]]
    assert [path for path in paths if path.endswith(".whl")] == []


# --- killed


STAYS = """
import subprocess, time
note = pathlib.Path(os.environ["BUILD_NOTES"]).with_name("child")
if not note.exists():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note.write_text(f"{child.pid} {os.getpid()}")
    while not note.with_name("go").exists():
        time.sleep(0.02)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_build_that_is_interrupted_ends_with_all_that_it_started(
    project: Project, index: IndexServer, tmp_path: Path, number: signal.Signals
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("who started the tests had it ignored, as nohup does")
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0", run=STAYS))
    declare(project, "thing")
    with start(project) as building:
        try:
            processes = wait_for(tmp_path / "child").split()
            building.send_signal(number)
            building.communicate(timeout=PATIENCE)
        finally:
            building.kill()  # or leaving the context would wait for it
    assert building.returncode == 128 + number
    for process in processes:
        wait_until_gone(int(process))
    assert not [one for one in (project.depot / "builds").iterdir() if "metadata" not in one.name]
    assert entries(project.depot) == []
    assert staged(project) == []
    result = project.trail("run", "python", "-c", "import thing; print(thing.VERSION)")
    assert result.out == "1.0\n", result.err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_build_whose_trail_was_killed_is_left_alone_and_made_again_elsewhere(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0", run=STAYS))
    declare(project, "thing")
    with start(project) as building:
        child, build = wait_for(tmp_path / "child").split()
        building.kill()
        building.communicate(timeout=PATIENCE)
    result = project.trail("run", "python", "-c", "import thing; print(thing.VERSION)")
    assert result.out == "1.0\n", result.err
    assert len(staged(project)) == 1  # the build is still at work there
    (tmp_path / "go").touch()
    wait_until_gone(int(build))
    os.kill(int(child), signal.SIGKILL)
    assert project.trail("depot", "gc").code == 0
    assert staged(project) == []


def start(project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        project.command("install"),
        cwd=project.root,
        env=project.surroundings(),
        stderr=subprocess.PIPE,
        text=True,
    )


def staged(project: Project) -> list[str]:
    return [one.name for one in (project.depot / "staging").iterdir() if one.name != "locks"]


def wait_for(path: Path) -> str:
    for _ in range(PATIENCE * 20):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def wait_until_gone(process: int) -> None:
    for _ in range(PATIENCE * 20):
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except FileNotFoundError:
            return
        if status.rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"{process} still runs")
