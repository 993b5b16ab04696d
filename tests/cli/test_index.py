"""What commands ask of indexes, and what they show of them; a real index on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    make_wheel(folder, "app", "1.0", {"app.py": ""}, requires=["base"])
    make_wheel(folder, "base", "1.0", {"base.py": ""})
    return folder


@pytest.fixture
def index(folder: Path) -> Iterator[IndexServer]:
    with serve_index(folder, max_age=600) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    project = make_project(tmp_path, TRAIL_INDEX_URL=index.url)
    declare(project, "app")
    return project


def declare(project: Project, *requirements: str, more: str = "") -> None:
    (project.root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11,<3.13"\n'
        f"dependencies = {json.dumps(requirements)}\n{more}"
    )


def versions(project: Project) -> dict[str, str]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package["version"] for package in document["packages"]}


def asked(server: IndexServer) -> list[tuple[str, int]]:
    """What was asked for since the last time, and the answer."""
    found = sorted((request.path, request.status) for request in server.requests)
    server.requests.clear()
    return found


# --- pages that were kept


def test_a_fresh_page_is_taken_until_it_is_refreshed(
    project: Project, index: IndexServer, folder: Path
) -> None:
    assert project.trail("lock").code == 0
    assert [path for path, _ in asked(index)] == [
        "/files/app-1.0-py3-none-any.whl.metadata",
        "/files/base-1.0-py3-none-any.whl.metadata",
        "/simple/app/",
        "/simple/base/",
    ]
    for name in ("app", "base"):
        make_wheel(folder, name, "2.0", {f"{name}.py": ""}, requires=["base"] * (name == "app"))

    assert project.trail("lock", "--upgrade").code == 0
    assert asked(index) == []
    assert versions(project) == {"app": "1.0", "base": "1.0"}

    assert project.trail("lock", "--upgrade", "--refresh-package", "App").code == 0
    assert asked(index) == [
        ("/files/app-2.0-py3-none-any.whl.metadata", 200),
        ("/simple/app/", 200),
    ]
    assert versions(project) == {"app": "2.0", "base": "1.0"}

    assert project.trail("lock", "--upgrade", "--refresh").code == 0
    assert asked(index) == [
        ("/files/base-2.0-py3-none-any.whl.metadata", 200),
        ("/simple/app/", 304),
        ("/simple/base/", 200),
    ]
    assert versions(project) == {"app": "2.0", "base": "2.0"}


def test_a_stale_page_is_confirmed_by_its_etag(project: Project, index: IndexServer) -> None:
    index.switches.max_age = None
    assert project.trail("lock").code == 0
    index.requests.clear()
    assert project.trail("lock", "--upgrade").code == 0
    assert asked(index) == [("/simple/app/", 304), ("/simple/base/", 304)]


def test_offline_takes_stale_pages(project: Project, index: IndexServer) -> None:
    index.switches.max_age = None
    assert project.trail("lock").code == 0
    index.requests.clear()
    assert project.trail("--offline", "lock", "--upgrade").code == 0
    declare(project, "app", "unheard-of")
    result = project.trail("--offline", "lock")
    assert result.code == 1
    assert result.err == (
        f"error: `{index.url}unheard-of/` is needed, but trail is offline\n"
        "hint: run the command once without `--offline`\n"
    )
    assert asked(index) == []
    both = project.trail("--offline", "lock", "--refresh")
    assert (both.code, both.err) == (2, "error: `--refresh` and `--offline` exclude each other\n")


def test_run_and_install_refresh_as_well(
    project: Project, index: IndexServer, folder: Path
) -> None:
    code = ("--with", "base", "--", "python", "-c", "")
    assert project.trail("run", *code).code == 0
    index.requests.clear()
    assert project.trail("run", *code).code == 0
    assert asked(index) == []
    assert project.trail("run", "--refresh-package", "base", *code).code == 0
    assert ("/simple/base/", 304) in asked(index)
    make_wheel(folder, "base", "3.0", {"base.py": ""})
    assert project.trail("install", "base==3.0").code == 1
    assert project.trail("install", "--refresh", "base==3.0").code == 0


# --- what an index says of a project (PEP 792)


def test_the_status_of_projects_is_told(project: Project, index: IndexServer) -> None:
    index.switches.statuses = {"app": "deprecated", "base": "archived"}
    index.switches.reason = "use another"
    warnings = (
        "warning: `app` is deprecated: use another\nwarning: `base` is archived: use another\n"
    )
    assert project.trail("lock").err.startswith(warnings)
    added = project.trail("add", "base").err
    assert added.startswith(warnings)
    assert added.count("warning") == 2
    assert project.trail("install").code == 0
    shown = project.trail("outdated")
    assert shown.out == (
        "package  locked  newest  status\n"
        "app      1.0     1.0     deprecated: use another\n"
        "base     1.0     1.0     archived: use another\n"
    )
    index.switches.statuses, index.switches.reason = {}, ""
    index.switches.yanked = {"base-1.0-py3-none-any.whl": "broken"}
    shown = project.trail("outdated", "--refresh", "--json")
    assert json.loads(shown.out) == [
        {"name": "base", "locked": "1.0", "newest": "1.0", "status": "yanked", "reason": "broken"}
    ]
    kept = project.trail("lock", "--refresh")
    assert "warning: `base` 1.0 was yanked: broken\n" in kept.err


def test_a_quarantined_project_is_no_project_to_lock(project: Project, index: IndexServer) -> None:
    assert project.trail("lock").code == 0
    index.switches.statuses, index.switches.reason = {"base": "quarantined"}, "malware"
    result = project.trail("lock", "--refresh")
    assert result.code == 1
    assert result.err.startswith("warning: `base` is quarantined: malware\n")
    assert (
        "  so:      no version of `base` satisfies `base`: there are none"
        " (the project is quarantined: malware)\n"
    ) in result.err
    assert project.trail("outdated").out == (
        "package  locked  newest  status\nbase     1.0     1.0     quarantined: malware\n"
    )


# --- metadata, by the cheapest way that there is


def test_metadata_files_then_parts_then_whole_wheels(
    project: Project, index: IndexServer, folder: Path
) -> None:
    padding = {"app/data": "".join(map(str, range(60_000)))}
    make_wheel(folder, "app", "3.0", {"app/__init__.py": "", **padding}, requires=["base"])
    pages = [("/simple/app/", 200), ("/simple/base/", 200)]
    app, base = "/files/app-3.0-py3-none-any.whl", "/files/base-1.0-py3-none-any.whl"

    def lock() -> list[tuple[str, int]]:
        shutil.rmtree(project.depot, ignore_errors=True)
        result = project.trail("lock", "--upgrade")
        assert result.code == 0, result.err
        assert versions(project) == {"app": "3.0", "base": "1.0"}
        return asked(index)

    assert lock() == [(f"{app}.metadata", 200), (f"{base}.metadata", 200), *pages]
    index.switches.metadata_files = False  # a mirror that copied the pages alone
    assert lock() == [
        (app, 206),
        (f"{app}.metadata", 404),
        (base, 206),
        (f"{base}.metadata", 404),
        *pages,
    ]
    index.switches.metadata = False
    assert lock() == [(app, 206), (base, 206), *pages]
    index.switches.ranges = False  # the first answer tells so of the index
    whole = lock()
    assert whole[-2:] == pages
    # Two threads may have asked for a part before the first answer arrives.
    assert whole.count((app, 200)) in {2, 3}
    assert whole.count((base, 200)) == 1
    assert len(whole) == whole.count((app, 200)) + 3


# --- hashes


@pytest.mark.parametrize("algorithms", [(), ("md5",)])
def test_an_index_without_strong_hashes_is_locked_once(
    project: Project, index: IndexServer, folder: Path, algorithms: tuple[str, ...]
) -> None:
    index.switches.hashes = algorithms
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert result.err.startswith(
        "warning: the index gives no strong hash for 2 files, so they are downloaded now\n"
    )
    text = (project.root / "pylock.toml").read_text()
    digest = hashlib.sha256((folder / "app-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert f'hashes = {{sha256 = "{digest}"}}' in text
    index.requests.clear()
    again = project.trail("lock", "--upgrade")
    assert "downloaded" not in again.err
    assert (project.root / "pylock.toml").read_text() == text
    assert project.trail("run", "python", "-c", "import app").code == 0
    # What is served from now on has to be what was locked.
    shutil.rmtree(project.depot)
    make_wheel(folder, "base", "1.0", {"base.py": "evil = 1"})
    changed = project.trail("install")
    assert changed.code == 1
    assert "nothing of it was installed" in changed.err
