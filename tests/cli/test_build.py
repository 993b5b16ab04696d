"""What is not a wheel: built, installed, locked and run by the real command."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.sources import git, make_repository, make_sdist, make_source
from tests.helpers.trail import Project, entries, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    (tmp_path / "files").mkdir()
    with serve_index(tmp_path / "files") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer, notes: Path) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url, BUILD_NOTES=str(notes))


def declare(project: Project, text: str) -> None:
    (project.root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={HERE}.*"\n{text}\n'
    )


def locked(project: Project) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package for package in document["packages"]}


def sdist_lines(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return (
        f'[[packages]]\nname = "thing"\nversion = "1.0"\n'
        f'sdist = {{ path = "{path}", hashes = {{ sha256 = "{digest}" }} }}\n'
    )


def said(notes: Path) -> list[str]:
    return notes.read_text().split() if notes.exists() else []


def show(name: str) -> list[str]:
    return ["run", "python", "-c", f"import {name}; print({name}.VERSION)"]


def info(project: Project, name: str) -> dict[str, Any]:
    (path,) = (project.depot / "installed" / name).glob("*/*/entry.json")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


# --- source distributions


def test_locked_sdist_is_built_once(project: Project, tmp_path: Path, notes: Path) -> None:
    source = make_source(tmp_path / "thing-1.0")
    sdist = make_sdist(tmp_path / "sdists", source)
    project.lock([sdist_lines(sdist)])
    first = project.trail(*show("thing"))
    assert first.out == "1.0\n", first.err
    found = info(project, "thing")
    assert found["built"] is True
    assert found["origin"]["path"] == str(sdist)
    assert project.trail(*show("thing")).out == "1.0\n"
    project.lock([sdist_lines(sdist)], head="# another lock\n")
    assert project.trail(*show("thing")).out == "1.0\n"
    assert said(notes) == ["wheel"]


def test_what_a_build_requires_comes_from_the_index_and_not_into_the_project(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    make_wheel(index.folder, "helper", "1.0", {"helper.py": "WORD = 'helped'\n"})
    make_wheel(index.folder, "late", "2.0", {"late.py": ""}, requires=["later"])
    make_wheel(index.folder, "later", "1.0", {"later.py": ""})
    source = make_source(
        tmp_path / "thing-1.0",
        build_requires=("helper",),
        asks=("late>=1",),
        run="import helper, late, later, importlib.util as u; assert not u.find_spec('other')",
    )
    other = make_wheel(tmp_path / "wheels", "other", "1.0", {"other.py": ""})
    project.lock([other, sdist_lines(make_sdist(tmp_path / "sdists", source))])
    code = "import thing, other, importlib.util as u; print(u.find_spec('helper'))"
    result = project.trail("run", "python", "-c", code)
    assert result.out == "None\n", result.err
    (record,) = (project.depot / "builds").glob("*/build.json")
    built_with = json.loads(record.read_text())["requires"]
    assert [one.split("/")[0] for one in built_with] == ["helper", "late", "later"]


def test_constraints_bound_what_builds_require(
    project: Project, index: IndexServer, tmp_path: Path, notes: Path
) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(index.folder, "helper", version, {"helper.py": f"WORD = {version!r}\n"})
    source = make_source(
        tmp_path / "thing-1.0", build_requires=("helper",), run="import helper; print(helper.WORD)"
    )
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    pyproject = project.root / "pyproject.toml"
    text = pyproject.read_text()
    for tool, bound in (("trail", "2"), ("uv", "3")):
        # Another bound is another build.
        pyproject.write_text(
            f"{text}[tool.{tool}]\nbuild-constraint-dependencies = ['helper<{bound}', 'x<1']\n"
        )
        result = project.trail("run", "--frozen", "python", "-c", "import thing")
        assert result.code == 0, result.err
    assert said(notes) == ["wheel", "wheel"]
    records = (project.depot / "builds").glob("*/build.json")
    requires = [one for path in records for one in json.loads(path.read_text())["requires"]]
    assert sorted("/".join(one.split("/")[:2]) for one in requires) == ["helper/1.0", "helper/2.0"]


def test_build_requirement_that_is_an_sdist_is_built_first(
    project: Project, index: IndexServer, tmp_path: Path, notes: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "helper-1.0", "helper"))
    source = make_source(tmp_path / "thing-1.0", build_requires=("helper",), run="import helper")
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    result = project.trail(*show("thing"))
    assert result.out == "1.0\n", result.err
    assert said(notes) == ["metadata", "wheel", "wheel"]


def test_a_build_sees_what_it_requires_and_nothing_else(
    project: Project, index: IndexServer, tmp_path: Path, notes: Path
) -> None:
    leak = tmp_path / "leak"
    leak.mkdir()
    (leak / "leaked.py").write_text("")
    for name in ("helper", "asked", "used"):
        make_wheel(index.folder, name, "1.0", {f"{name}.py": ""})
    code = (
        "import importlib.util as u\n"
        "for name in ('trail', 'click', 'httpx', 'used', 'leaked', 'helper', 'asked'):\n"
        "    _note(name + '=' + str(u.find_spec(name) is not None))"
    )
    source = make_source(
        tmp_path / "thing-1.0", run=code, build_requires=("helper",), asks=("asked",)
    )
    make_sdist(index.folder, source)
    declare(project, "dependencies = ['used', 'thing']")
    result = project.trail(*show("thing"), PYTHONPATH=str(leak))
    assert result.out == "1.0\n", result.err
    assert [word for word in said(notes) if "=" in word] == [
        *("trail=False", "click=False", "httpx=False", "used=False", "leaked=False"),
        *("helper=True", "asked=True"),
    ]


def test_build_that_needs_itself_is_an_error(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    one = make_source(tmp_path / "thing-1.0", build_requires=("helper",), dynamic=False)
    two = make_source(tmp_path / "helper-1.0", "helper", build_requires=("thing",))
    sdist = make_sdist(index.folder, one)
    make_sdist(index.folder, two)
    project.lock([sdist_lines(sdist)])
    result = project.trail("install")
    assert result.code == 1
    assert "error: `thing` must be built to build itself\n" in result.err
    assert "required by: thing -> helper -> thing\n" in result.err


def test_failed_build_is_shown_whole(project: Project, tmp_path: Path) -> None:
    source = make_source(tmp_path / "thing-1.0", run="print('line 1'); raise OSError('no luck')")
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    result = project.trail("install")
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[0] == "error: cannot build `thing 1.0`: `build_wheel` ended with status 1"
    assert lines[1:4] == ["", "backend says: wheel", "line 1"]
    assert "OSError: no luck" in lines
    assert lines[-1].startswith("hint: to try it by hand, in the unpacked source: ")
    assert entries(project.depot) == []
    assert not (project.depot / "builds").exists()


@pytest.mark.parametrize("setting", ["no-build = true", 'no-build-package = ["Thing"]'])
def test_builds_can_be_forbidden(project: Project, tmp_path: Path, setting: str) -> None:
    sdist = make_sdist(tmp_path / "sdists", make_source(tmp_path / "thing-1.0"))
    declare(project, f"[tool.trail]\n{setting}")
    project.lock([sdist_lines(sdist)])
    result = project.trail("install")
    assert result.code == 1
    option = setting.partition(" ")[0] + (" thing" if "package" in setting else "")
    assert result.err == (
        "error: `thing 1.0` must be built, which is not allowed\n"
        f"  source:  {sdist}\n"
        f"  setting: {option}\n"
    )


@pytest.mark.parametrize(
    ("variables", "setting"),
    [
        ({"TRAIL_NO_BUILD": "1"}, "no-build"),
        ({"TRAIL_NO_BUILD_PACKAGE": "other,Thing"}, "no-build-package thing"),
    ],
)
def test_builds_can_be_forbidden_by_the_environment(
    project: Project, index: IndexServer, notes: Path, variables: dict[str, str], setting: str
) -> None:
    sdist = make_sdist(index.folder, make_source(project.root.parent / "thing-1.0"))
    told = replace(project, environ={**project.environ, **variables})
    project.lock([sdist_lines(sdist)])
    for command in ("install", "run"):
        words = [command, "python", "-c", ""] if command == "run" else [command]
        result = told.trail(*words)
        assert result.code == 1
        assert "error: `thing 1.0` must be built, which is not allowed\n" in result.err
        assert f"  setting: {setting}\n" in result.err
    # Where there is a choice, what need not be built is taken.
    declare(project, "dependencies = ['thing']")
    make_wheel(index.folder, "thing", "0.9", {"thing.py": "VERSION = '0.9'\n"})
    (project.root / "pylock.toml").unlink()
    assert told.trail(*show("thing")).out == "0.9\n"
    assert said(notes) == []
    assert project.trail("install", "thing==1.0").code == 0
    assert said(notes)


def test_builds_can_be_forbidden_on_the_command_line(
    project: Project, tmp_path: Path, notes: Path
) -> None:
    sdist = make_sdist(tmp_path / "sdists", make_source(tmp_path / "thing-1.0"))
    project.lock([sdist_lines(sdist)])
    for words in (["--no-build"], ["--no-build-package", "Thing"]):
        result = project.trail("run", *words, "python", "-c", "")
        assert "error: `thing 1.0` must be built, which is not allowed\n" in result.err
    assert said(notes) == []
    assert project.trail("install").code == 0
    # What was built before is there.
    assert project.trail("run", "--no-build", "python", "-c", "import thing").code == 0


def test_settings_of_a_build_reach_it(project: Project, index: IndexServer, tmp_path: Path) -> None:
    make_wheel(index.folder, "extra", "1.0", {"extra.py": ""})
    run = "import extra; assert (config_settings, os.environ['WORD']) == ({'a': 'b'}, 'w')"
    source = make_source(tmp_path / "thing-1.0", run=run)
    declare(
        project,
        "[tool.trail]\nconfig-settings-package = { thing = { a = 'b' } }\n"
        "extra-build-dependencies = { thing = ['extra'] }\n"
        "extra-build-variables = { thing = { WORD = 'w' } }\n",
    )
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    result = project.trail(*show("thing"))
    assert result.out == "1.0\n", result.err


def test_eight_processes_build_once(project: Project, tmp_path: Path, notes: Path) -> None:
    source = make_source(tmp_path / "thing-1.0", run="import time; time.sleep(1)")
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    running = [
        subprocess.Popen(
            project.command("install"),
            cwd=project.root,
            env=project.surroundings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    results = [(one.communicate()[1], one.returncode) for one in running]
    assert [code for _, code in results] == [0] * 8, results
    assert said(notes) == ["wheel"]


def test_killed_build_leaves_nothing(project: Project, tmp_path: Path) -> None:
    run = "import signal; os.kill(os.getppid(), signal.SIGKILL)"
    source = make_source(tmp_path / "thing-1.0", run=f"if not (HERE / 'x').exists():\n {run}")
    sdist = make_sdist(tmp_path / "sdists", source)
    project.lock([sdist_lines(sdist)])
    assert project.trail("install").code == -9
    assert not (project.depot / "builds").exists()
    assert entries(project.depot) == []
    (source / "x").touch()
    project.lock([sdist_lines(make_sdist(tmp_path / "sdists", source))])
    assert project.trail(*show("thing")).out == "1.0\n"
    staging = project.depot / "staging"
    assert [path for path in staging.iterdir() if path.name != "locks"] == []


# --- locking what must be built


def test_lock_asks_the_build_for_requirements(
    project: Project, index: IndexServer, tmp_path: Path, notes: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0", requires=("other>=1",)))
    make_wheel(index.folder, "other", "1.5", {"other.py": "VERSION = '1.5'\n"})
    declare(project, 'dependencies = ["thing"]')
    result = project.trail("lock")
    assert result.code == 0, result.err
    packages = locked(project)
    assert packages["other"]["version"] == "1.5"
    assert packages["thing"]["sdist"]["name"] == "thing-1.0.tar.gz"
    assert said(notes) == ["metadata"]
    assert project.trail(*show("thing")).out == "1.0\n"
    assert said(notes) == ["metadata", "wheel"]


def test_lock_without_builds_takes_what_needs_none(
    project: Project, index: IndexServer, tmp_path: Path, notes: Path
) -> None:
    make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    make_wheel(index.folder, "thing", "0.9", {"thing.py": "VERSION = '0.9'\n"})
    declare(project, 'dependencies = ["thing"]')
    assert project.trail("lock", "--no-build").code == 0
    assert locked(project)["thing"]["version"] == "0.9"
    assert said(notes) == []


def test_repository_is_locked_to_a_commit(project: Project, tmp_path: Path) -> None:
    source = make_source(tmp_path / "repository" / "sub", version="2.0").parent
    commit = make_repository(source)
    url = source.as_uri()
    declare(project, f'dependencies = ["thing @ git+{url}@main#subdirectory=sub"]')
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert locked(project)["thing"]["vcs"] == {
        "type": "git",
        "url": url,
        "requested-revision": "main",
        "commit-id": commit,
        "subdirectory": "sub",
    }
    make_file = source / "sub" / "src" / "thing.py"
    make_file.write_text("VERSION = 'newer'\n")
    git(source, "commit", "--all", "--message=two")
    assert project.trail("lock").code == 0
    assert locked(project)["thing"]["vcs"]["commit-id"] == commit
    assert project.trail(*show("thing")).out == "2.0\n"
    origin = info(project, "thing")["origin"]
    assert (origin["kind"], origin["url"], origin["revision"]) == ("vcs", url, commit)
    assert project.trail("lock", "--upgrade").code == 0
    newer = git(source, "rev-parse", "HEAD")
    assert locked(project)["thing"]["vcs"]["commit-id"] == newer
    assert project.trail(*show("thing")).out == "newer\n"


def test_sources_are_exported(project: Project, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "sdists", make_source(tmp_path / "thing-1.0"))
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    commit = "0123456789" * 4
    project.lock(
        [
            (
                '[[packages]]\nname = "thing"\nversion = "1.0"\nsdist = { url = '
                f'"https://x.example/thing-1.0.tar.gz", hashes = {{ sha256 = "{digest}" }} }}\n'
            ),
            (
                '[[packages]]\nname = "cloned"\nversion = "2.0"\nvcs = { type = "git", url = '
                f'"https://x.example/cloned", commit-id = "{commit}", subdirectory = "a" }}\n'
            ),
        ]
    )
    result = project.trail("export", "-f", "requirements")
    assert result.out == (
        f"cloned @ git+https://x.example/cloned@{commit}#subdirectory=a\n"
        f"thing==1.0 \\\n    --hash=sha256:{digest}\n"
    ), result.err
    bill = json.loads(project.trail("export", "-f", "cyclonedx").out)
    assert [one["purl"] for one in bill["components"]] == [
        f"pkg:pypi/cloned@2.0?vcs_url=git%2Bhttps%3A%2F%2Fx.example%2Fcloned%40{commit}",
        "pkg:pypi/thing@1.0",
    ]


def test_archive_by_address_is_locked_by_its_hash(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(index.folder, make_source(tmp_path / "thing-1.0"))
    archive = sdist.rename(sdist.with_name("v1.tar.gz"))
    declare(project, f'dependencies = ["thing @ {index.file_url("v1.tar.gz")}"]')
    result = project.trail("lock")
    assert result.code == 0, result.err
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert locked(project)["thing"]["archive"]["hashes"] == {"sha256": digest}
    assert project.trail(*show("thing")).out == "1.0\n"


def test_folder_is_built_anew_when_a_file_of_it_changed(project: Project) -> None:
    source = make_source(project.root / "libs" / "thing")
    declare(project, f'dependencies = ["thing @ {source.as_uri()}"]')
    result = project.trail(*show("thing"))
    assert result.out == "1.0\n", result.err
    assert locked(project)["thing"]["directory"] == {"path": "libs/thing"}
    assert "version" not in locked(project)["thing"]
    (source / "src" / "thing.py").write_text("VERSION = 'edited'\n")
    assert project.trail(*show("thing")).out == "edited\n"


def test_requirements_file_may_name_sources(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    thing = make_source(tmp_path / "thing", "thing")
    cloned = make_source(tmp_path / "cloned", "cloned")
    commit = make_repository(cloned)
    make_sdist(index.folder, make_source(tmp_path / "pinned-1.0", "pinned"))
    file = project.root / "requirements.txt"
    file.write_text(f"-e {thing}\ncloned @ git+{cloned.as_uri()}@{commit}\npinned==1.0\n")
    code = "import thing, cloned, pinned; print(thing.__file__, pinned.VERSION)"
    result = project.trail("run", "--frozen", "python", "-c", code)
    assert result.out == f"{thing / 'src' / 'thing.py'} 1.0\n", result.err


# --- the project itself


def own(project: Project, **facts: Any) -> None:
    (project.root / "pyproject.toml").unlink()
    for path in make_source(project.root / "made", "demo", **facts).iterdir():
        path.rename(project.root / path.name)


def test_project_is_importable_edited_in_place_and_has_its_commands(
    project: Project, notes: Path
) -> None:
    code = "def main():\n    print('hello', VERSION)\n"
    own(project, code=code, dynamic=False)
    # The backend writes no entry points into editable wheels; a real one is tested below.
    first = project.trail(*show("demo"))
    assert first.out == "1.0\n", first.err
    (project.root / "src" / "demo.py").write_text("VERSION = 'edited'\n")
    assert project.trail(*show("demo")).out == "edited\n"
    version = "import importlib.metadata as m; print(m.version('demo'))"
    assert project.trail("run", "python", "-c", version).out == "1.0\n"
    assert said(notes) == ["editable"]
    pyproject = project.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "# changed\n")
    assert project.trail(*show("demo")).out == "edited\n"
    assert said(notes) == ["editable", "editable"]


def test_requirements_that_only_the_build_tells_are_locked(
    project: Project, index: IndexServer
) -> None:
    make_wheel(index.folder, "base", "1.0", {"base.py": ""})
    make_wheel(index.folder, "more", "1.0", {"more.py": ""})
    own(
        project,
        requires=("base", "more; sys_platform != 'x' and extra == 'full'"),
    )
    pyproject = project.root / "pyproject.toml"
    text = pyproject.read_text().replace("['dep", "['optional-dependencies', 'dep")
    pyproject.write_text(f'{text}requires-python = "=={HERE}.*"\n')
    result = project.trail("lock")
    assert result.code == 0, result.err
    packages = locked(project)
    assert set(packages) == {"base", "more"}
    assert packages["more"]["marker"] == '"full" in extras'
    assert project.trail("lock", "--check").code == 0
    (project.root / "setup.cfg").write_text("# decides too\n")
    assert project.trail("lock", "--check").code == 1


def test_project_can_be_left_out(project: Project, notes: Path) -> None:
    own(project, dynamic=False)
    pyproject = project.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "[tool.trail]\npackage = false\n")
    code = "import importlib.util as u; print(u.find_spec('demo'))"
    assert project.trail("run", "python", "-c", code).out == "None\n"
    assert said(notes) == []


def test_lock_of_another_tool_may_name_the_project(project: Project, notes: Path) -> None:
    own(project, dynamic=False)
    project.lock(['[[packages]]\nname = "demo"\ndirectory = { path = "." }\n'])
    result = project.trail("run", "--frozen", "python", "-c", "import demo; print(demo.VERSION)")
    assert result.out == "1.0\n", result.err
    assert said(notes) == ["editable"]


# --- real backends


@pytest.mark.network
@pytest.mark.parametrize(
    ("backend", "requires"),
    [
        ("setuptools.build_meta", "setuptools>=77"),
        ("hatchling.build", "hatchling"),
        ("flit_core.buildapi", "flit_core>=3.9"),
    ],
)
def test_real_backend_makes_projects_and_sdists(
    tmp_path: Path, backend: str, requires: str
) -> None:
    project = make_project(tmp_path)
    (project.root / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'
        '[project]\nname = "demo"\nversion = "1.0"\ndescription = "x"\n'
        f'requires-python = "=={HERE}.*"\n'
        'dependencies = ["docopt==0.6.2"]\n'
        '[project.scripts]\nhello = "demo:main"\n'
    )
    module = project.root / "src" / "demo" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("import docopt\ndef main():\n    print('hello', docopt.__version__)\n")
    first = project.trail("run", "hello")
    assert first.out == "hello 0.6.2\n", first.err
    module.write_text("def main():\n    print('edited')\n")
    assert project.trail("run", "hello").out == "edited\n"
