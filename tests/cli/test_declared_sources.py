"""Sources that a project declares: indexes, folders, repositories; also in uv's words."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import make_member, write_files
from tests.helpers.sources import make_repository, make_sdist, make_source
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def public(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "public"
    make_wheel(folder, "base", "1.0", {"base.py": "FROM = 'public'\n"})
    make_wheel(folder, "secret", "9.0", {"secret.py": "FROM = 'public'\n"})
    make_wheel(folder, "user", "1.0", {"user.py": ""}, requires=["secret"])
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def company(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "company"
    make_wheel(folder, "secret", "1.0", {"secret.py": "FROM = 'company'\n"})
    make_wheel(folder, "base", "9.0", {"base.py": "FROM = 'company'\n"})
    with serve_index(folder, user="me:pass") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, public: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=public.url)


def declare(project: Project, text: str, *, dependencies: str) -> None:
    (project.root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={HERE}.*"\n'
        f"dependencies = {dependencies}\n{text}\n"
    )


def locked(project: Project) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package for package in document["packages"]}


def show(name: str, *options: str) -> list[str]:
    return ["run", *options, "python", "-c", f"import {name}; print({name}.FROM)"]


# --- indexes


@pytest.mark.parametrize("tool", ["trail", "uv"])
def test_pinned_package_is_taken_from_its_index_and_no_other(
    project: Project, public: IndexServer, company: IndexServer, tool: str
) -> None:
    url = company.url.replace("//", "//me:pass@")
    text = (
        f"[tool.{tool}.sources]\nsecret = {{ index = 'company' }}\n[[tool.{tool}.index]]\n"
        f"name = 'company'\nurl = '{url}'\nexplicit = true\n"
    )
    # Whoever requires it, and in which words.
    declare(project, text, dependencies="['user', 'Base']")
    assert project.trail(*show("secret")).out == "company\n"
    assert project.trail(*show("base")).out == "public\n"
    packages = locked(project)
    assert packages["secret"]["index"] == company.url
    assert packages["base"]["index"] == public.url
    assert "pass" not in (project.root / "pylock.toml").read_text()
    assert not any("secret" in path for path in public.paths())
    assert not any("base" in path for path in company.paths())
    assert project.trail("lock", "--check").code == 0
    with_more = project.trail(*show("secret", "--with", "secret"))
    assert with_more.out == "company\n", with_more.err
    assert not any("secret" in path for path in public.paths())


def test_pinned_package_that_its_index_lacks_is_nowhere(
    project: Project, public: IndexServer, company: IndexServer
) -> None:
    (company.folder / "secret-1.0-py3-none-any.whl").unlink()
    url = company.url.replace("//", "//me:pass@")
    text = (
        "[tool.trail.sources]\nsecret = { index = 'company' }\n[[tool.trail.index]]\n"
        f"name = 'company'\nurl = '{url}'\nexplicit = true\n"
    )
    declare(project, text, dependencies="['secret']")
    result = project.trail("lock")
    assert result.code == 1
    shown = company.url.replace("//", "//***@")
    assert result.err.splitlines()[1:] == [
        "  because: your project requires `secret` (project.dependencies in pyproject.toml)",
        f"  so:      there is no project `secret` on {shown}, where it is to come from",
        "hint: check the name and the index; no other index is asked for it",
    ]
    assert not any("secret" in path for path in public.paths())
    # Nor for builds.
    source = make_source(project.root / "thing", build_requires=("secret",))
    text += f"thing = {{ path = '{source}' }}\n"
    declare(
        project, text.replace("[[", "thing = { path = 'thing' }\n[[", 1), dependencies="['thing']"
    )
    built = project.trail("lock")
    assert "no project `secret` on" in built.err
    assert not any("secret" in path for path in public.paths())


def test_two_projects_with_different_indexes_for_one_name(
    project: Project, public: IndexServer, company: IndexServer
) -> None:
    text = "[tool.trail.sources]\nbase = [\n"
    text += "  { index = 'one', marker = \"sys_platform == 'linux'\" },\n"
    text += "  { index = 'two', marker = \"sys_platform != 'linux'\" },\n]\n"
    for name, server in (("one", public), ("two", company)):
        url = server.url.replace("//", "//me:pass@")
        text += f"[[tool.trail.index]]\nname = '{name}'\nurl = '{url}'\nexplicit = true\n"
    declare(project, text, dependencies="['base']")
    assert project.trail("lock").code == 0
    packages = tomllib.loads((project.root / "pylock.toml").read_text())["packages"]
    assert [(one["version"], one["index"], one["marker"]) for one in packages] == [
        ("1.0", public.url, "sys_platform == 'linux'".replace("'", '"')),
        ("9.0", company.url, "sys_platform != 'linux'".replace("'", '"')),
    ]
    wrong = text.replace("!= 'linux'", "== 'linux'")
    declare(project, wrong, dependencies="['base']")
    assert "error: `base` is required from two places" in project.trail("lock").err


def test_index_that_nobody_describes(project: Project) -> None:
    declare(project, "[tool.uv.sources]\nbase = { index = 'company' }\n", dependencies="['base']")
    assert project.trail("lock").err.splitlines() == [
        f"error: `{project.root}/pyproject.toml` names an index that is not described: `company`",
        "  key:   tool.uv.sources.base",
        "  known: none",
        'hint: describe it: [[tool.trail.index]] name = "company", url = …',
    ]


def test_index_that_takes_pypis_place(project: Project, public: IndexServer) -> None:
    text = f"[[tool.uv.index]]\nname = 'own'\nurl = '{public.url}'\ndefault = true\n"
    declare(project, text, dependencies="['base']")
    result = project.trail(*show("base"), TRAIL_INDEX_URL="")
    assert result.out == "public\n", result.err


# --- folders, archives, repositories


def test_a_source_goes_with_its_requirement(project: Project, company: IndexServer) -> None:
    url = company.url.replace("//", "//me:pass@")
    index = f"[[tool.uv.index]]\nname = 'company'\nurl = '{url}'\nexplicit = true\n"
    text = "[tool.uv.sources]\nbase = { index = 'company' }\nsecret = { index = 'company' }\n"
    declare(project, text + index, dependencies='["user", "base", "secret"]')
    result = project.trail("remove", "base", "secret")
    assert result.code == 0, result.err
    # Where `secret` comes from holds for `user`, which requires it, too.
    assert (project.root / "pyproject.toml").read_text() == (
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={HERE}.*"\n'
        "dependencies = [\"user\"]\n[tool.uv.sources]\nsecret = { index = 'company' }\n"
        f"{index}"
    )
    assert locked(project)["secret"]["index"] == company.url
    assert project.trail("lock", "--check").code == 0
    assert project.trail("remove", "user").code == 0
    assert "secret" in (project.root / "pyproject.toml").read_text()


def test_a_folder_used_in_place(project: Project, tmp_path: Path, public: IndexServer) -> None:
    files = {"other.py": "import base\nFROM = base.FROM\n"}
    requires = "dependencies = ['base', 'third']"
    more = "[tool.uv.sources]\nthird = { path = '../third', editable = true }\n"
    other = make_member(
        tmp_path / "other", "other", files, project=requires, more=more, requires=("base", "third")
    )
    make_member(tmp_path / "third", "third", {"third.py": "FROM = 'third'\n"})
    text = "[tool.uv.sources]\nother = { path = '../other', editable = true }\n"
    declare(project, text, dependencies="['other>=1']")
    assert project.trail(*show("other")).out == "public\n"
    assert project.trail(*show("third")).out == "third\n"
    assert locked(project)["other"]["directory"] == {"path": "../other", "editable": True}
    assert locked(project)["third"]["directory"]["path"] == "../third"
    assert not any("other" in path or "third" in path for path in public.paths())
    (other / "src" / "other.py").write_text("FROM = 'edited'\n")
    assert project.trail(*show("other")).out == "edited\n"
    path = other / "pyproject.toml"
    path.write_text(path.read_text().replace("'base', ", "'base', 'secret', "))
    stale = project.trail("lock", "--check")
    assert stale.code == 1
    assert "sources: `other from ../other in place, " in stale.err
    declare(project, text, dependencies="['other>=2']")
    assert "no version of `other` satisfies `other>=2`: there is 1.0" in project.trail("lock").err
    # Beside indexes, where it came from and where it is now.
    make_wheel(tmp_path / "public", "other", "2.0", {"other.py": ""})
    declare(project, "", dependencies="['other']")
    assert project.trail("lock").err.splitlines() == [
        "- base 1.0",
        "~ other (../other) -> 2.0",
        "- third (../third)",
        "locked 1 package for 4 targets",
    ]


def test_archives_and_folders_that_are_built(project: Project, tmp_path: Path) -> None:
    wheel = make_wheel(project.root / "wheels", "one", "1.0", {"one.py": "FROM = 'wheel'\n"})
    sdist = make_sdist(project.root, make_source(tmp_path / "thing-1.0", code="FROM = 'sdist'\n"))
    make_source(project.root / "libs" / "plain", "plain", code="FROM = 'folder'\n")
    text = (
        f"[tool.trail.sources]\none = {{ path = 'wheels/{wheel.name}' }}\n"
        f"thing = {{ path = '{sdist.name}' }}\nplain = {{ path = 'libs/plain' }}\n"
    )
    declare(project, text, dependencies="['one', 'thing', 'plain']")
    for name, expected in (("one", "wheel"), ("thing", "sdist"), ("plain", "folder")):
        result = project.trail(*show(name))
        assert result.out == f"{expected}\n", result.err
    data = (project.root / "pylock.toml").read_text()
    assert str(project.root) not in data
    assert locked(project)["one"]["archive"]["path"] == f"wheels/{wheel.name}"
    declare(project, "[tool.uv.sources]\none = { path = 'gone' }", dependencies="['one']")
    assert project.trail("lock").err.splitlines() == [
        f"error: `{project.root}/pyproject.toml` names a source that is not there",
        "  key:  tool.uv.sources.one",
        f"  path: {project.root / 'gone'}",
    ]


def test_a_repository_and_a_project_in_it(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make_source(folder / "libs" / "thing", code="FROM = 'git'\n")
    commit = make_repository(folder)
    text = (
        "[tool.uv.sources]\n"
        f"thing = {{ git = '{folder.as_uri()}', branch = 'main', subdirectory = 'libs/thing' }}\n"
    )
    declare(project, text, dependencies="['thing']")
    result = project.trail(*show("thing"))
    assert result.out == "git\n", result.err
    assert locked(project)["thing"]["vcs"] == {
        "type": "git",
        "url": folder.as_uri(),
        "requested-revision": "main",
        "commit-id": commit,
        "subdirectory": "libs/thing",
    }


def test_a_member_of_a_workspace_in_a_repository(
    project: Project, tmp_path: Path, public: IndexServer
) -> None:
    """Also where only builds tell what is required: neighbours come from the repository."""
    folder = tmp_path / "repository"
    write_files(
        folder,
        {
            "pyproject.toml": "[tool.uv.workspace]\nmembers = ['libs/*']\n"
            "[tool.uv.sources]\nsecret = { workspace = true }\n"
        },
    )
    make_source(folder / "libs" / "thing", requires=("secret", "other"), code="import secret\n")
    more = "[tool.uv.sources]\nother = { path = '../../other' }\n"
    path = folder / "libs" / "thing" / "pyproject.toml"
    path.write_text(path.read_text() + more)
    make_source(folder / "libs" / "secret", "secret", code="FROM = 'repository'\n")
    make_source(folder / "other", "other", code="FROM = 'beside'\n")
    commit = make_repository(folder)
    source = f"git = '{folder.as_uri()}', subdirectory = 'libs/thing'"
    for where in (source, f"path = '{folder}/libs/thing'"):
        declare(project, f"[tool.uv.sources]\nthing = {{ {where} }}\n", dependencies="['thing']")
        for name, expected in (("secret", "repository"), ("other", "beside")):
            result = project.trail(*show(name))
            assert result.out == f"{expected}\n", result.err
        packages = locked(project)
        if where is source:
            assert packages["secret"]["vcs"]["commit-id"] == commit
            assert packages["secret"]["vcs"]["subdirectory"] == "libs/secret"
            assert packages["other"]["vcs"]["subdirectory"] == "other"
        else:
            assert packages["secret"]["directory"]["path"] == "../repository/libs/secret"
    assert not any("secret" in one or "other" in one for one in public.paths())


def test_a_source_outside_of_its_repository(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make_source(folder, "thing", requires=("other",))
    path = folder / "pyproject.toml"
    path.write_text(path.read_text() + "[tool.uv.sources]\nother = { path = '../other' }\n")
    make_repository(folder)
    make_source(tmp_path / "other", "other")
    declare(
        project,
        f"[tool.uv.sources]\nthing = {{ git = '{folder.as_uri()}' }}\n",
        dependencies="['thing']",
    )
    result = project.trail("lock")
    assert result.code == 1
    assert f"a source of `git+{folder.as_uri()}` lies outside of it" in result.err


# --- projects of uv, as they are


def test_a_project_of_uv_runs_unchanged(project: Project, tmp_path: Path) -> None:
    make_wheel(tmp_path / "public", "base", "2.0", {"base.py": "FROM = 'newer'\n"})
    make_wheel(tmp_path / "public", "tool", "1.0", {"tool.py": "FROM = 'tool'\n"}, requires=["old"])
    make_wheel(tmp_path / "public", "old", "1.0", {"old.py": "FROM = 'old'\n"}, requires=["base>5"])
    make_member(project.root / "libs/near", "near", {"near.py": "FROM = 'near'\n"})
    text = (
        "[dependency-groups]\ndev = ['tool']\ndocs = ['user']\n[tool.uv]\npackage = false\n"
        "dev-dependencies = ['near']\nconstraint-dependencies = ['base<2']\n"
        "override-dependencies = ['old==1.0', 'base']\nexclude-dependencies = ['secret']\n"
        "environments = [\"sys_platform == 'linux'\"]\nrequired-version = '>=0.1'\n"
        "[tool.uv.sources]\nnear = { path = 'libs/near', editable = true }\n"
        "[build-system]\nrequires = []\nbuild-backend = 'there.is.none'\n"
    )
    declare(project, text, dependencies="['base']")
    assert project.trail(*show("base")).out == "public\n"
    assert project.trail(*show("near")).out == "near\n"
    assert project.trail(*show("tool")).out == "tool\n"
    assert project.trail(*show("tool", "--no-default-groups")).code == 1
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    assert len(document["environments"]) == 2
    assert all("Linux" in one for one in document["environments"])
    assert "secret" not in locked(project)
    assert "user" in locked(project)
    assert project.trail("lock", "--check").code == 0


def test_trails_own_words_go_before_uvs(project: Project) -> None:
    make_wheel(project.root / "wheels", "base", "3.0", {"base.py": "FROM = 'wheel'\n"})
    text = (
        "[tool.uv]\nconstraint-dependencies = ['base<1']\n[tool.trail]\n"
        "constraint-dependencies = []\n[tool.uv.sources]\nbase = { index = 'none' }\n"
        "[tool.trail.sources]\nbase = { path = 'wheels/base-3.0-py3-none-any.whl' }\n"
    )
    declare(project, text, dependencies="['base']")
    assert project.trail(*show("base")).out == "wheel\n"


# --- packages without a build


def test_a_folder_that_is_a_package(project: Project) -> None:
    write_files(
        project.root,
        {
            "src/__init__.py": "from weather.deep import FROM\ndef main():\n    print(FROM)\n",
            "src/deep.py": "FROM = 'src'\n",
            "plugins/one.py": "FROM = 'plugin'\n",
        },
    )
    text = (
        "[project.scripts]\nforecast = 'weather:main'\n"
        "[tool.trail]\npackage = { weather = 'src', plugins = 'plugins' }\n"
    )
    declare(project, text, dependencies="['base']")
    elsewhere = project.root / "elsewhere"
    elsewhere.mkdir()
    assert project.trail("run", "forecast", cwd=elsewhere).out == "src\n"
    (project.root / "src" / "deep.py").write_text("FROM = 'edited'\n")
    assert project.trail("run", "forecast", cwd=elsewhere).out == "edited\n"
    code = (
        "import importlib.metadata as m, plugins.one, weather; "
        "print(m.version('demo'), m.requires('demo'), plugins.one.FROM, weather.__file__)"
    )
    result = project.trail("run", "python", "-c", code, cwd=elsewhere)
    assert result.out == f"1 ['base'] plugin {project.root / 'src' / '__init__.py'}\n", result.err
    declare(project, "[tool.trail]\npackage = { weather = 'gone' }", dependencies="[]")
    assert project.trail("run", "python", "-c", "").err.splitlines()[1:] == [
        f"error: `{project.root}/pyproject.toml` names a folder that is not there",
        "  key:    tool.trail.package.weather",
        f"  folder: {project.root / 'gone'}",
    ]
    for wrong in ("{ a-b = 'src' }", "{ a = '../src' }", "{ a = '/src' }", "{ a = 1 }"):
        declare(project, f"[tool.trail]\npackage = {wrong}", dependencies="[]")
        assert "tool.trail.package.a" in project.trail("lock").err


# --- what only builds tell


def test_what_a_build_says_wins_over_what_the_file_repeats(
    project: Project, tmp_path: Path
) -> None:
    """A project without [project] is known by its build alone, if that is not Poetry's."""
    source = make_source(tmp_path / "thing", requires=("base", "user; extra == 'more'"))
    for path in source.iterdir():
        path.rename(project.root / path.name)
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text().partition("[project]")[0] + "[tool.poetry]\nname = 'x'\n")
    assert project.trail(*show("base")).out == "public\n"
    assert locked(project).keys() == {"base", "secret", "user"}
    assert locked(project)["user"]["marker"] == '"more" in extras'
    assert project.trail("run", "python", "-c", "import thing").code == 0
    path.write_text(path.read_text() + "more = 1\n")
    assert project.trail("lock", "--check").code == 1
