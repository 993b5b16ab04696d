"""`trail install` as a user meets it: the real command, real wheels, a real index."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import serve_index
from tests.helpers.trail import Project, entries, make_project, package
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLED = re.compile(r"installed (\d+) packages? \((\d+) new(?:, [\d.]+ k?B)?\) in \S+\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "alpha", "1.0", {"alpha/__init__.py": "NAME = 'alpha'\n"})
    make_wheel(folder, "beta", "2.0", {"beta.py": "import alpha\n"}, requires=["alpha"])
    return folder


def some(folder: Path) -> list[Path | str]:
    return [*sorted(folder.glob("*.whl"))]


def test_a_lock_is_put_into_the_depot_once(project: Project, wheels: Path) -> None:
    project.lock(some(wheels))
    first = project.trail("install")
    assert (first.code, first.out) == (0, ""), first.err
    assert INSTALLED.fullmatch(first.err)
    assert [entry.split("/")[0] for entry in entries(project.depot)] == ["alpha", "beta"]
    second = project.trail("install")
    assert second.code == 0
    assert re.fullmatch(r"nothing to do: 2 packages in the depot, checked in \d+ms\n", second.err)


def test_the_depot_is_read_only_and_leaves_nothing_in_the_project(
    project: Project, wheels: Path
) -> None:
    project.lock(some(wheels))
    assert project.trail("install").code == 0
    for folder, _, files in os.walk(project.depot / "installed"):
        for name in files:
            assert not (Path(folder) / name).stat().st_mode & stat.S_IWUSR
    assert sorted(path.name for path in project.root.iterdir()) == [
        "pylock.toml",
        "pyproject.toml",
    ]
    assert list((project.depot / "staging").glob("[!l]*")) == []


def test_a_subfolder_belongs_to_the_project(project: Project, wheels: Path) -> None:
    project.lock(some(wheels))
    below = project.root / "src" / "deep"
    below.mkdir(parents=True)
    assert project.trail("install", cwd=below).code == 0
    assert len(entries(project.depot)) == 2


def test_wheels_come_from_an_index_by_url(project: Project, wheels: Path) -> None:
    with serve_index(wheels) as index:
        project.lock([package(path, url=index.file_url(path.name)) for path in some_paths(wheels)])
        result = project.trail("install")
    assert result.code == 0, result.err
    assert INSTALLED.fullmatch(result.err)


def some_paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.whl"))


def test_a_pinned_requirements_file_is_a_lock(project: Project, wheels: Path) -> None:
    (project.root / "requirements.txt").write_text("alpha==1.0\nbeta==2.0 ; python_version > '3'\n")
    with serve_index(wheels) as index:
        first = project.trail("install", "--index-url", index.url)
        asked = len(index.requests)
        second = project.trail("install", "--index-url", index.url)
        third = project.trail("install")
        assert len(index.requests) == asked
    assert INSTALLED.fullmatch(first.err)
    assert second.err.startswith("nothing to do: 2 packages")
    assert third.err.startswith("nothing to do: 2 packages")


def test_requirements_files_can_be_named(project: Project, wheels: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pins.txt").write_text(f"--find-links {wheels}\n--no-index\nalpha==1.0\n")
    result = project.trail("install", "-r", "pins.txt", cwd=elsewhere)
    assert result.code == 0, result.err
    again = project.trail("install", "-r", "pins.txt", cwd=elsewhere)
    assert again.err.startswith("nothing to do: 1 package in the depot")


def test_locks_with_other_names_can_be_named(project: Project, wheels: Path) -> None:
    alpha, beta = some_paths(wheels)
    lock = project.lock(
        [alpha, package(beta, marker='"dev" in dependency_groups')],
        head='dependency-groups = ["dev"]\ndefault-groups = []\n',
    )
    lock.rename(project.root / "pylock.dev.toml")
    words = ("install", "-r", "pylock.dev.toml")
    first = project.trail(*words)
    assert INSTALLED.fullmatch(first.err), first.err
    assert [entry.split("/")[0] for entry in entries(project.depot)] == ["alpha"]
    assert project.trail(*words).err.startswith("nothing to do: 1 package")
    assert project.trail(*words, "--group", "dev").err.startswith("installed 2 packages (1 new)")
    missing = project.trail("install", "-r", "pylock.nope.toml")
    assert missing.err == f"error: there is no file `{project.root}/pylock.nope.toml`\n"


def test_a_wheel_file_counts_once(project: Project, wheels: Path) -> None:
    alpha, _ = some_paths(wheels)
    assert project.trail("install", alpha, alpha).err.startswith("installed 1 package (1 new)")


def test_wheel_files_can_be_named(project: Project, wheels: Path) -> None:
    result = project.trail("install", *some_paths(wheels))
    assert result.code == 0, result.err
    assert len(entries(project.depot)) == 2


def test_verbose_names_the_entries_and_quiet_says_nothing(project: Project, wheels: Path) -> None:
    project.lock(some(wheels))
    loud = project.trail("-v", "install")
    assert "alpha/1.0/py3-none-any-" in loud.err
    assert project.trail("install", "-q").err == ""


def test_a_wrong_hash_is_refused_and_the_others_are_installed(
    project: Project, wheels: Path
) -> None:
    alpha, beta = some_paths(wheels)
    with serve_index(wheels) as index:
        wrong = package(alpha, url=index.file_url(alpha.name), digest="0" * 64)
        project.lock([wrong, package(beta, url=index.file_url(beta.name))])
        result = project.trail("install")
    assert result.code == 1
    assert "0" * 64 in result.err
    assert "expected" in result.err
    assert "actual" in result.err
    assert "Traceback" not in result.err
    assert [entry.split("/")[0] for entry in entries(project.depot)] == ["beta"]


def test_a_bad_wheel_is_refused_with_the_rule(
    project: Project, tmp_path: Path, break_record: Callable[[Path], Path]
) -> None:
    good = make_wheel(tmp_path, "gamma", "1.0", {"gamma.py": "x = 1\n"})
    bad = break_record(good)
    project.lock([bad])
    result = project.trail("install")
    assert result.code == 1
    assert result.err.splitlines()[0] == (
        "error: refused `gamma-1.0-py3-none-any.whl`: a file is not the one that RECORD lists;"
        " nothing of it was installed"
    )
    assert "rule:     record-hash" in result.err
    assert entries(project.depot) == []


@pytest.fixture
def break_record(tmp_path: Path) -> Callable[[Path], Path]:
    def change(wheel: Path) -> Path:
        import zipfile  # noqa: PLC0415

        target = tmp_path / "bad" / wheel.name
        target.parent.mkdir()
        with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
            for info in old.infolist():
                data = old.read(info)
                new.writestr(info.filename, b"x = 2\n" if info.filename == "gamma.py" else data)
        return target

    return change


def test_a_wheel_for_another_python_is_refused(project: Project, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "delta", "1.0", {"delta.py": ""}, tag="cp27-cp27mu-win32")
    result = project.trail("install", wheel)
    assert result.code == 1
    assert result.err.startswith(
        "error: `delta-1.0-cp27-cp27mu-win32.whl` does not fit this Python\n"
        "  wheel:    cp27-cp27mu-win32\n"
    )


def test_offline_uses_what_is_there_and_says_what_is_not(project: Project, wheels: Path) -> None:
    with serve_index(wheels) as index:
        alpha, beta = (package(path, url=index.file_url(path.name)) for path in some_paths(wheels))
        project.lock([alpha])
        assert project.trail("install").code == 0
        project.lock([alpha, beta])
        result = project.trail("--offline", "install")
        assert result.code == 1
        assert "beta-2.0-py3-none-any.whl" in result.err
        assert "offline" in result.err
        project.lock([alpha])
        assert project.trail("install", "--offline").code == 0


def test_no_lock_is_an_error_where_none_may_be_made(project: Project) -> None:
    result = project.trail("install", "--locked")
    assert result.code == 1
    assert result.err == f"error: `{project.root}` has no lock\nhint: trail lock\n"


def test_no_lock_and_nothing_to_lock_from_is_an_error(project: Project) -> None:
    (project.root / "pyproject.toml").unlink()
    (project.root / "pylock.dev.toml").touch()
    result = project.trail("install")
    assert result.code == 1
    assert result.err.startswith(f"error: there is no project in `{project.root}` or above it\n")


def test_a_project_without_requirements_has_an_empty_lock(project: Project) -> None:
    result = project.trail("install")
    assert (result.code, result.err.splitlines()[0]) == (0, "locked 0 packages in pylock.toml")
    assert project.trail("install").code == 0


def test_no_project_is_an_error_with_a_way_out(project: Project, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = project.trail("install", cwd=empty)
    assert result.code == 1
    assert result.err.splitlines()[0] == f"error: there is no project in `{empty}` or above it"


def test_a_broken_lock_names_the_line(project: Project) -> None:
    (project.root / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = \n')
    result = project.trail("install")
    assert result.code == 1
    assert result.err == (
        f"error: `{project.root / 'pylock.toml'}` is not valid TOML\n"
        "  place:   line 2, column 14\n"
        "  problem: invalid value\n"
    )


def test_requirements_are_resolved(project: Project, wheels: Path) -> None:
    with serve_index(wheels) as index:
        result = project.trail("install", "--index-url", index.url, "beta>=1")
        wrong = project.trail("install", "--index-url", index.url, "beta>>1")
    assert result.code == 0, result.err
    assert [entry.split("/")[0] for entry in entries(project.depot)] == ["alpha", "beta"]
    assert wrong.code == 2
    assert wrong.err.startswith("error: `beta>>1` is not a requirement\n")


def test_unknown_options_are_wrong_usage(project: Project) -> None:
    result = project.trail("install", "--nonsense")
    assert result.code == 2
    assert result.err.startswith("error: no such option '--nonsense'")


def test_a_mistyped_command_is_named(project: Project) -> None:
    result = project.trail("instal")
    assert result.code == 2
    assert result.err == "error: there is no command `instal`\nhint: trail install\n"


def test_a_changed_lock_is_noticed_within_one_tick(project: Project, wheels: Path) -> None:
    alpha, beta = some_paths(wheels)
    path = project.lock([alpha])
    assert project.trail("install").code == 0
    before = path.stat()
    changed = package(beta)
    path.write_text(path.read_text().replace(package(alpha), changed))
    # The same size and time stamp: only the content tells.
    text = path.read_text()
    path.write_text(text[: before.st_size].ljust(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    result = project.trail("install")
    assert len(entries(project.depot)) == 2, result.err


def test_bytecode_is_written_where_it_is_asked_for(project: Project, wheels: Path) -> None:
    project.lock(some(wheels))
    result = project.trail("install", "--compile")
    assert re.search(r"\ncompiled 2 files in \S+\n$", result.err)
    tag = sys.implementation.cache_tag
    sources = [*(project.depot / "installed").rglob("*.py")]
    assert {path.name for path in sources} == {"__init__.py", "beta.py"}
    for path in sources:
        assert (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").is_file()
    assert "compiled 0 files in " in project.trail("install", "--compile").err


def test_bytecode_of_wheel_files(project: Project, wheels: Path) -> None:
    result = project.trail("install", "--compile", *sorted(wheels.glob("*.whl")))
    assert re.search(r"\ncompiled 2 files in \S+\n$", result.err)
