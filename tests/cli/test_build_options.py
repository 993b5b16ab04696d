"""Which packages are built and which are not, and builds beside what the project uses."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import make_sdist, make_source
from tests.helpers.trail import Project, entries, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SHOW = ("python", "-c", "import thing; print(thing.VERSION)")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """An index with `thing` as a wheel that says `wheel`, and as a source."""
    with serve_index(tmp_path / "files") as server:
        make_wheel(server.folder, "thing", "1.0", {"thing.py": "VERSION = 'wheel'\n"})
        make_sdist(server.folder, make_source(tmp_path / "made" / "thing-1.0"))
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    (tmp_path / "files").mkdir(exist_ok=True)
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url, BUILD_NOTES=str(tmp_path / "notes"))


def declare(project: Project, text: str = "", *, requires: str = '"thing"') -> None:
    (project.root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={HERE}.*"\n'
        f"dependencies = [{requires}]\n{text}\n"
    )


def built(project: Project) -> list[str]:
    found = []
    for path in sorted(project.depot.glob("installed/*/*/*/entry.json")):
        content = json.loads(path.read_text())
        found += [path.parts[-4]] if content["built"] else []
    return found


# --- wheels that are not used


@pytest.mark.parametrize(
    "words",
    [
        ["--no-binary-package", "Thing"],
        ["--no-binary-package", "other,thing"],
        ["--no-binary-package", ":all:"],
        ["--no-binary"],
    ],
)
def test_locked_wheel_is_left_aside_where_it_may_not_be_used(
    project: Project, words: list[str]
) -> None:
    declare(project)
    assert project.trail("run", *SHOW).out == "wheel\n"
    result = project.trail("run", *words, *SHOW)
    assert result.out == "1.0\n", result.err
    assert built(project) == ["thing"]
    assert project.trail("run", *SHOW).out == "wheel\n"
    assert project.trail("install", *words).code == 0
    assert "nothing to do" in project.trail("install", *words).err


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('[tool.trail]\nno-binary-package = ["thing"]', {}),
        ("[tool.trail]\nno-binary = true", {}),
        ("", {"TRAIL_NO_BINARY_PACKAGE": "thing"}),
        ("", {"TRAIL_NO_BINARY": "1"}),
    ],
)
def test_settings_leave_wheels_aside(
    project: Project, text: str, variables: dict[str, str]
) -> None:
    declare(project, text)
    told = replace(project, environ={**project.environ, **variables})
    result = told.trail("run", *SHOW)
    assert result.out == "1.0\n", result.err
    assert told.trail("run", *SHOW).out == "1.0\n"


def test_requirements_and_words_leave_wheels_aside(project: Project) -> None:
    (project.root / "pyproject.toml").unlink()
    (project.root / "requirements.txt").write_text("thing==1.0\n")
    result = project.trail("install", "-r", "requirements.txt", "--no-binary-package=thing")
    assert result.code == 0, result.err
    assert built(project) == ["thing"]
    shutil.rmtree(project.depot)
    assert project.trail("install", "thing", "--no-binary-package=thing").code == 0
    assert built(project) == ["thing"]


def test_requirements_file_may_say_what_is_built(project: Project, index: IndexServer) -> None:
    file = project.root / "requirements.txt"
    file.write_text("--no-binary :all:\n--no-binary=:none:\nthing==1.0\n")
    assert project.trail("install", "-r", file).code == 0
    assert built(project) == []
    file.write_text("--no-binary thing\nthing==1.0\n")
    result = project.trail("install", "-r", file)
    assert result.code == 0, result.err
    assert built(project) == ["thing"]
    (index.folder / "thing-1.0-py3-none-any.whl").unlink()
    shutil.rmtree(project.depot)
    file.write_text("--only-binary :all:\nthing==1.0\n")
    result = project.trail("install", "-r", file)
    assert "error: `thing 1.0` must be built, which is not allowed\n" in result.err


def test_pip_settings_say_what_is_built(project: Project) -> None:
    declare(project)
    told = replace(project, environ={**project.environ, "PIP_NO_BINARY": "other,thing"})
    assert told.trail("run", *SHOW).out == "1.0\n"
    assert project.trail("run", *SHOW).out == "wheel\n"
    assert told.trail("run", *SHOW).out == "1.0\n"


def test_version_without_source_is_not_chosen_where_wheels_may_not_be_used(
    project: Project, index: IndexServer
) -> None:
    make_wheel(index.folder, "thing", "2.0", {"thing.py": "VERSION = '2.0'\n"})
    declare(project)
    result = project.trail("lock", "--no-binary-package", "thing")
    assert result.code == 0, result.err
    assert 'version = "1.0"' in (project.root / "pylock.toml").read_text()


def test_lock_without_a_source_says_how_to_get_one(project: Project, index: IndexServer) -> None:
    make_wheel(index.folder, "thing", "2.0", {"thing.py": "VERSION = '2.0'\n"})
    declare(project)
    result = project.trail("run", "--no-binary-package", "thing", *SHOW)
    assert result.code == 1
    lock = project.root / "pylock.toml"
    assert result.err.splitlines()[-3:] == [
        f"error: `{lock}` names no source of `thing`, whose wheels may not be used",
        "  version: 2.0",
        "hint: trail lock --no-binary-package thing",
    ]
    (project.root / "requirements.txt").write_text("thing==2.0\n")
    result = project.trail("install", "-r", "requirements.txt", "--no-binary")
    assert (
        "error: `thing` 2.0 has no source distribution that the lock allows, and its wheels may"
        " not be used\n"
    ) in result.err


def test_only_binary_is_another_name(project: Project, index: IndexServer, tmp_path: Path) -> None:
    make_sdist(index.folder, make_source(tmp_path / "made" / "thing-2.0", version="2.0"))
    declare(project)
    assert project.trail("lock", "--only-binary", "thing").code == 0
    assert 'version = "1.0"' in (project.root / "pylock.toml").read_text()
    assert project.trail("lock", "--upgrade").code == 0
    result = project.trail("run", "--only-binary", ":all:", *SHOW)
    assert "error: `thing 2.0` must be built, which is not allowed\n" in result.err
    assert "  setting: no-build\n" in result.err


# --- builds without isolation


BESIDE = "[tool.trail]\nno-build-isolation-package = ['native']"


def add_native(index: IndexServer, tmp_path: Path, run: str) -> Path:
    """Put `native` on the index: it requires `gone`, which is nowhere, and imports `thing`."""
    source = make_source(
        tmp_path / "made" / "native-1.0", "native", build_requires=("gone",), run=run
    )
    info = "Metadata-Version: 2.2\nName: native\nVersion: 1.0\nRequires-Dist: thing\n"
    return make_sdist(index.folder, source, pkg_info=info)


def test_build_without_isolation_runs_beside_what_the_project_uses(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    add_native(index, tmp_path, "import thing; print(thing.VERSION)")
    declare(project, requires='"native"')
    code = "import native, thing; print(native.VERSION, thing.VERSION)"
    result = project.trail("run", "python", "-c", code)
    assert "gone" in result.err
    declare(project, BESIDE, requires='"native"')
    result = project.trail("run", "python", "-c", code)
    assert result.out == "1.0 wheel\n", result.err
    (record,) = (project.depot / "builds").glob("*/build.json")
    assert [one.split("/")[0] for one in json.loads(record.read_text())["requires"]] == ["thing"]


def test_build_without_isolation_can_be_asked_for_on_the_command_line(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    add_native(index, tmp_path, "import thing")
    declare(project, requires='"native"')
    words = ["--no-build-isolation-package", "native"]
    result = project.trail("run", *words, "python", "-c", "import native")
    assert result.code == 0, result.err
    # Another selection, another build: it may have used any of it.
    make_wheel(index.folder, "more", "1.0", {"more.py": ""})
    declare(project, requires='"native", "more"')
    assert project.trail("install", *words).code == 0
    assert len(list((project.depot / "builds").glob("native-*"))) == 2


def test_metadata_of_a_build_without_isolation_needs_what_was_locked_before(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    source = make_source(
        tmp_path / "made" / "native-1.0",
        "native",
        build_requires=("gone",),
        run="import thing",
        requires=("thing",),
    )
    backend = source / "backend.py"
    backend.write_text(f"import thing\n{backend.read_text()}")
    make_sdist(index.folder, source)
    declare(project, BESIDE, requires='"native"')
    result = project.trail("lock")
    assert result.err.splitlines()[-2:] == [
        "error: what is built without isolation needs a lock that names what it is built beside",
        "hint: lock that first, and then add what is built beside it",
    ]
    declare(project, BESIDE)
    assert project.trail("lock").code == 0
    result = project.trail("add", "native")
    assert result.code == 0, result.err
    assert project.trail("run", "python", "-c", "import native").code == 0


def test_build_without_isolation_that_lacks_something_says_so(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    add_native(index, tmp_path, "import gone")
    declare(project, BESIDE, requires='"native"')
    result = project.trail("install")
    assert result.code == 1
    assert "error: cannot build `native 1.0`: `build_wheel` ended with status 1\n" in result.err
    assert "No module named 'gone'" in result.err
    assert "native" not in [one.split("/")[0] for one in entries(project.depot)]


def test_extra_requirements_and_no_isolation_contradict_each_other(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    add_native(index, tmp_path, "")
    more = "extra-build-dependencies = { native = ['thing'] }"
    declare(project, f"{BESIDE}\n{more}", requires='"native"')
    result = project.trail("install")
    assert result.err.splitlines()[-3:] == [
        "error: `native 1.0` is built without isolation, so nothing is brought for it alone",
        "  extra-build-dependencies: thing",
        "hint: require these in the project, or build it with isolation",
    ]


def test_sdist_in_a_lock_is_vouched_for(project: Project, index: IndexServer) -> None:
    """A source without a hash would be built from whatever is there."""
    sdist = index.folder / "thing-1.0.tar.gz"
    for key, hashes, problem in (
        ("sdist", "{}", "  problem: at least one hash must be provided\n"),
        ("archive", "{ md5 = 'abc' }", "has no hash that is as strong as sha256\n  hashes: md5\n"),
    ):
        project.lock(
            [
                (
                    f'[[packages]]\nname = "thing"\nversion = "1.0"\n'
                    f'{key} = {{ path = "{sdist}", hashes = {hashes} }}\n'
                )
            ]
        )
        result = project.trail("install")
        assert result.code == 1
        assert problem in result.err, result.err
    digest = hashlib.sha256(b"other").hexdigest()
    project.lock(
        [
            (
                f'[[packages]]\nname = "thing"\nversion = "1.0"\n'
                f'sdist = {{ path = "{sdist}", hashes = {{ sha256 = "{digest}" }} }}\n'
            )
        ]
    )
    result = project.trail("install")
    assert result.code == 1
    assert "  expected: sha256=" + digest in result.err
    assert entries(project.depot) == []
