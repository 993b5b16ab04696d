"""Repositories, archives and folders in locks: what is written is read back and used."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import git, make_repository, make_sdist, make_source
from tests.helpers.trail import Project, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SHOW = ("run", "python", "-c", "import thing; print(thing.VERSION)")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    (tmp_path / "files").mkdir()
    with serve_index(tmp_path / "files") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url)


def declare(project: Project, requirement: str) -> None:
    (project.root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={HERE}.*"\n'
        f"dependencies = ['{requirement}']\n"
    )


def locked(project: Project) -> dict[str, Any]:
    (package,) = tomllib.loads((project.root / "pylock.toml").read_text())["packages"]
    found: dict[str, Any] = package
    return found


def move_tag(source: Path, tag: str) -> str:
    (source / "src" / "thing.py").write_text("VERSION = 'moved'\n")
    git(source, "commit", "--all", "--message=two")
    git(source, "tag", "--force", tag)
    return git(source, "rev-parse", "HEAD")


def test_tag_that_was_moved_changes_nothing_until_it_is_asked_for(
    project: Project, tmp_path: Path
) -> None:
    source = make_source(tmp_path / "source")
    first = make_repository(source)
    git(source, "tag", "v1")
    declare(project, f"thing @ git+{source.as_uri()}@v1")
    assert project.trail(*SHOW).out == "1.0\n"
    second = move_tag(source, "v1")
    assert project.trail(*SHOW).out == "1.0\n"
    assert project.trail("lock").code == 0
    assert locked(project)["vcs"]["commit-id"] == first
    # Also where nothing is in the depot yet: the commit decides, not the tag.
    fresh = Project(project.root, tmp_path / "other", project.environ)
    assert fresh.trail(*SHOW).out == "1.0\n"
    result = project.trail("lock", "--upgrade-package", "thing")
    assert result.code == 0, result.err
    assert result.err.splitlines()[0] == f"~ thing 1.0 ({first[:9]}) -> 1.0 ({second[:9]})"
    assert locked(project)["vcs"]["commit-id"] == second
    assert project.trail(*SHOW).out == "moved\n"


def test_short_commit_is_locked_as_a_whole_one(project: Project, tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    commit = make_repository(source)
    declare(project, f"thing @ git+{source.as_uri()}@{commit[:10]}")
    result = project.trail(*SHOW)
    assert result.out == "1.0\n", result.err
    assert locked(project)["vcs"]["commit-id"] == commit


@pytest.mark.parametrize("kind", ["archive", "directory", "vcs"])
def test_what_the_lock_says_of_a_source_is_read_back(
    project: Project, index: IndexServer, tmp_path: Path, kind: str
) -> None:
    source = make_source(tmp_path / "thing-1.0" / "inner").parent
    commit = make_repository(source)
    sdist = make_sdist(index.folder, source).rename(index.folder / "v1.tar.gz")
    addresses = {
        "archive": index.file_url(sdist.name),
        "directory": source.as_uri(),
        "vcs": f"git+{source.as_uri()}@main",
    }
    declare(project, f"thing @ {addresses[kind]}#subdirectory=inner")
    result = project.trail(*SHOW)
    assert result.out == "1.0\n", result.err
    before = (project.root / "pylock.toml").read_bytes()
    assert locked(project)[kind]["subdirectory"] == "inner"
    if kind == "vcs":
        assert locked(project)[kind]["commit-id"] == commit
    # By another depot, and by the lock alone.
    (project.root / "pyproject.toml").unlink()
    fresh = Project(project.root, tmp_path / "other", project.environ)
    result = fresh.trail(*SHOW)
    assert result.out == "1.0\n", result.err
    assert (project.root / "pylock.toml").read_bytes() == before


@pytest.mark.parametrize("inner", ["../outside", "link", "nothing"])
def test_folder_outside_of_a_source_is_refused(
    project: Project, tmp_path: Path, inner: str
) -> None:
    outside = make_source(tmp_path / "outside")
    source = make_source(tmp_path / "source" / "good").parent
    (source / "link").symlink_to(outside)
    make_repository(source)
    declare(project, f"thing @ git+{source.as_uri()}#subdirectory={inner}")
    result = project.trail("lock")
    assert result.code == 1
    told = "there is no such folder" if inner != "link" else "its folder lies outside of its source"
    assert f"error: cannot build `thing`: {told}\n  folder: {inner}\n" in result.err


def test_archive_whose_bytes_changed_is_refused(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    declare(project, f"thing @ {index.file_url(sdist.name)}")
    assert project.trail("lock").code == 0
    sdist.unlink()
    (tmp_path / "thing-1.0" / "src" / "thing.py").write_text("VERSION = 'other'\n")
    make_sdist(index.folder, tmp_path / "thing-1.0")
    fresh = Project(project.root, tmp_path / "other", project.environ)
    result = fresh.trail("install")
    assert result.code == 1
    assert (
        "error: refused `thing-1.0.tar.gz`: it is not the file that was asked for; nothing of it"
        " was installed\n"
    ) in result.err
    assert not (tmp_path / "other" / "installed").exists()


def test_hash_in_the_requirement_is_checked_while_locking(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    declare(project, f"thing @ {index.file_url(sdist.name)}#sha256={'0' * 64}")
    result = project.trail("lock")
    assert result.code == 1
    assert f"  expected: sha256={'0' * 64}\n" in result.err
    assert not (project.root / "pylock.toml").exists()


def test_requirements_with_hashes_need_one_for_each_archive(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    cloned = make_source(tmp_path / "cloned", "cloned")
    commit = make_repository(cloned)
    url = index.file_url(sdist.name)
    file = project.root / "requirements.txt"
    for line, label in (
        (f"thing @ {url}", "thing"),
        (f"cloned @ git+{cloned.as_uri()}@{commit}", "cloned"),
    ):
        file.write_text(f"--require-hashes\n{line}\n")
        result = project.trail("install", "-r", file)
        assert result.code == 1
        assert result.err == (
            f"error: `{file}` has hashes, but not for every requirement\n  {file}:2: {label}\n"
        )
    file.write_text(f"cloned @ git+{cloned.as_uri()}@main\n")
    result = project.trail("install", "-r", file)
    assert result.code == 1
    assert "main" in result.err
