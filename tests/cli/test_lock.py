"""`trail init|add|remove|lock|tree|why|outdated|export` with a real index on this machine."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHONS = ">=3.11,<3.13"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    folder.mkdir()

    def wheel(name: str, version: str, *requires: str, extra: str = "") -> None:
        files = {f"{name}.py": f"VERSION = {version!r}\n"}
        make_wheel(folder, name, version, files, requires=[*requires, *filter(None, [extra])])

    wheel("app", "1.0", "base>=1", "colour; sys_platform == 'win32'")
    wheel("app", "2.0", "base>=2", "colour; sys_platform == 'win32'")
    wheel("base", "1.0")
    wheel("base", "2.0")
    wheel("colour", "1.0")
    wheel("plot", "1.0", "base<2")
    wheel("check", "1.0", "base")
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, index: IndexServer) -> Project:
    return make_project(tmp_path, TRAIL_INDEX_URL=index.url)


def declare(project: Project, text: str) -> Path:
    path = project.root / "pyproject.toml"
    path.write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "{PYTHONS}"\n{text}'
    )
    return path


def locked(project: Project) -> dict[str, dict[str, Any]]:
    document = tomllib.loads((project.root / "pylock.toml").read_text())
    return {package["name"]: package for package in document["packages"]}


def test_a_lock_covers_every_target_and_is_the_same_each_time(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n')
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert result.err.splitlines()[-1] == "locked 3 packages for 8 targets"
    packages = locked(project)
    assert {name: one["version"] for name, one in packages.items()} == {
        "app": "2.0",
        "base": "2.0",
        "colour": "1.0",
    }
    assert "marker" not in packages["app"]
    assert packages["colour"]["marker"] == 'sys_platform == "win32"'
    assert packages["app"]["dependencies"] == [{"name": "base"}, {"name": "colour"}]
    data = (project.root / "pylock.toml").read_bytes()
    (project.root / "pylock.toml").unlink()
    assert project.trail("lock").code == 0
    assert (project.root / "pylock.toml").read_bytes() == data
    assert "nothing to do" in project.trail("lock").err


def test_locked_versions_stay_until_they_are_let_go(project: Project) -> None:
    declare(project, 'dependencies = ["app<2"]\n')
    assert project.trail("lock").code == 0
    declare(project, 'dependencies = ["app"]\n')
    kept = project.trail("lock")
    assert locked(project)["app"]["version"] == "1.0", kept.err
    result = project.trail("lock", "--upgrade-package", "App")
    assert locked(project)["app"]["version"] == "2.0"
    assert "~ app 1.0 -> 2.0" in result.err


def test_extras_and_groups_have_markers_and_are_selected(project: Project) -> None:
    declare(
        project,
        'dependencies = ["base"]\n[project.optional-dependencies]\nplots = ["app"]\n'
        '[dependency-groups]\ntest = ["check"]\n',
    )
    assert project.trail("lock").code == 0
    packages = locked(project)
    assert packages["app"]["marker"] == '"plots" in extras'
    assert packages["check"]["marker"] == '"test" in dependency_groups'
    code = "import importlib.util as u; print([n for n in ('app', 'check') if u.find_spec(n)])"
    assert project.trail("run", "python", "-c", code).out == "[]\n"
    assert project.trail("run", "--extra", "plots", "python", "-c", code).out == "['app']\n"
    assert project.trail("run", "--group", "test", "python", "-c", code).out == "['check']\n"


def test_run_locks_and_installs_by_itself(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n')
    first = project.trail("run", "python", "-c", "import app; print(app.VERSION)")
    assert first.out == "2.0\n", first.err
    assert "locked 3 packages in pylock.toml" in first.err
    declare(project, 'dependencies = ["app", "check"]\n')
    refused = project.trail("run", "--locked", "python", "-c", "import check")
    assert refused.code == 1
    assert refused.err == (
        f"error: `{project.root / 'pylock.toml'}` does not meet the project any more\n"
        "  change: dependencies: `check` is new\n"
        "hint: trail lock\n"
    )
    frozen = project.trail("run", "--frozen", "python", "-c", "import check")
    assert frozen.code == 1
    assert "ModuleNotFoundError" in frozen.err
    assert project.trail("run", "python", "-c", "import check").code == 0


def test_run_with_more_packages_leaves_the_lock_alone(project: Project) -> None:
    declare(project, 'dependencies = ["app<2"]\n')
    assert project.trail("lock").code == 0
    data = (project.root / "pylock.toml").read_bytes()
    code = "import app, check; print(app.VERSION, check.VERSION)"
    for _ in range(2):
        result = project.trail("run", "--with", "check", "python", "-c", code)
        assert result.out == "1.0 1.0\n", result.err
    assert (project.root / "pylock.toml").read_bytes() == data
    assert project.trail("run", "python", "-c", code).code == 1


def test_run_with_more_packages_beside_a_foreign_lock(project: Project) -> None:
    (project.root / "pyproject.toml").unlink()
    (project.root / "requirements.txt").write_text("base==1.0\n")
    code = "import base, check; print(base.VERSION)"
    result = project.trail("run", "--with", "check", "python", "-c", code)
    assert result.out == "1.0\n", result.err


def test_check_compares_without_network(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n')
    assert project.trail("lock").code == 0
    checked = project.trail("--offline", "lock", "--check")
    assert (checked.code, checked.err) == (0, "the lock meets the project (3 packages)\n")
    declare(project, 'dependencies = ["app>=2"]\n')
    assert project.trail("--offline", "lock", "--check").code == 1


def test_add_writes_the_requirement_and_the_lock(project: Project) -> None:
    path = declare(project, 'dependencies = [\n    "base",  # why\n]\n')
    result = project.trail("add", "app", "colour<2")
    assert result.code == 0, result.err
    assert path.read_text().endswith(
        'dependencies = [\n    "app>=2.0",\n    "base",  # why\n    "colour<2",\n]\n'
    )
    assert set(locked(project)) == {"app", "base", "colour"}
    assert project.trail("--offline", "lock", "--check").code == 0
    grouped = project.trail("add", "--group", "test", "check")
    assert grouped.code == 0, grouped.err
    assert '[dependency-groups]\ntest = ["check>=1.0"]' in path.read_text()


def test_add_changes_nothing_if_there_is_no_solution(project: Project) -> None:
    path = declare(project, 'dependencies = ["app>=2"]\n')
    assert project.trail("lock").code == 0
    before = path.read_bytes(), (project.root / "pylock.toml").read_bytes()
    result = project.trail("add", "plot")
    assert result.code == 1
    assert "plot" in result.err
    assert "base" in result.err
    assert (path.read_bytes(), (project.root / "pylock.toml").read_bytes()) == before
    missing = project.trail("add", "nowhere-to-be-found")
    assert missing.code == 1
    assert path.read_bytes() == before[0]


def test_remove_takes_it_out_again(project: Project) -> None:
    path = declare(project, 'dependencies = ["app", "check"]\n')
    assert project.trail("lock").code == 0
    result = project.trail("remove", "app")
    assert result.code == 0, result.err
    assert 'dependencies = ["check"]' in path.read_text()
    assert set(locked(project)) == {"base", "check"}
    again = project.trail("remove", "app")
    assert again.code == 1
    assert again.err == f"error: `project.dependencies` in `{path}` does not name `app`\n"


def test_init_makes_a_project_to_start_from(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "My Project"
    folder.mkdir()
    assert project.trail("init", cwd=folder).code == 0
    document = tomllib.loads((folder / "pyproject.toml").read_text())
    assert document["project"]["name"] == "my-project"
    assert project.trail("init", cwd=folder).code == 1
    assert project.trail("add", "base", cwd=folder).code == 0
    ran = project.trail("run", "python", "-c", "import base; print(base.VERSION)", cwd=folder)
    assert ran.out == "2.0\n", ran.err


def test_init_makes_the_folder_that_is_named(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "Other_Project"
    done = project.trail("init", "new/Other_Project", cwd=tmp_path)
    assert (done.code, done.err) == (0, f"made {folder / 'pyproject.toml'}\n")
    document = tomllib.loads((folder / "pyproject.toml").read_text())
    assert document["project"]["name"] == "other-project"
    again = project.trail("init", "Other_Project", "--project", str(tmp_path / "new"))
    assert (again.code, again.err) == (
        1,
        f"error: `{folder / 'pyproject.toml'}` is there already\nhint: trail add NAME\n",
    )
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below" / "pyproject.toml"
    wrong = project.trail("init", "file/below", cwd=tmp_path)
    assert (wrong.code, wrong.err) == (1, f"error: cannot write `{below}`: Not a directory\n")


def test_tree_and_why_show_who_requires_whom(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n[dependency-groups]\ntest = ["check"]\n')
    assert project.trail("lock").code == 0
    assert project.trail("tree").out == (
        "dependencies:\n"
        "app 2.0\n"
        "├── base 2.0\n"
        "└── colour 1.0\n"
        "group test:\n"
        "check 1.0\n"
        "└── base 2.0\n"
    )
    assert project.trail("tree", "--invert", "base").out == (
        "base 2.0\n├── app 2.0\n└── check 1.0\n"
    )
    shown = json.loads(project.trail("tree", "--json").out)
    assert shown["group test"][0]["name"] == "check"
    assert project.trail("why", "base").out == (
        "dependencies: app 2.0 -> base 2.0\ngroup test: check 1.0 -> base 2.0\n"
    )
    assert project.trail("why", "plot").err == (
        "error: the lock does not name `plot`\nhint: trail tree\n"
    )


def test_outdated_shows_newer_releases(project: Project) -> None:
    declare(project, 'dependencies = ["app<2", "base<2"]\n')
    assert project.trail("lock").code == 0
    assert project.trail("outdated").out == (
        "package  locked  newest  status\napp      1.0     2.0\nbase     1.0     2.0\n"
    )
    assert json.loads(project.trail("outdated", "--json").out)[0] == {
        "name": "app",
        "locked": "1.0",
        "newest": "2.0",
        "status": "active",
        "reason": None,
    }


def test_outdated_leaves_out_what_the_project_does(project: Project) -> None:
    # The index says of every file that it was uploaded on 2026-01-02.
    declare(project, 'dependencies = ["app<2", "base<2"]\n')
    assert project.trail("lock").code == 0
    assert project.trail("outdated", TRAIL_EXCLUDE_NEWER="2026-01-02").out == ""
    assert project.trail("outdated", TRAIL_EXCLUDE_NEWER="2026-01-03").out != ""


def test_exports_can_be_installed_again(
    project: Project, index: IndexServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "other", "direct", "1.0", {"direct.py": ""})
    shutil.copy(wheel, index.folder)
    url = index.file_url(wheel.name)
    declare(project, f'dependencies = ["app", "direct @ {url}"]\n')
    text = project.trail("export").out  # which locks first
    assert text.startswith("app==2.0 \\\n    --hash=sha256:")
    assert f"direct @ {url} \\\n    --hash=sha256:" in text
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    requirements = elsewhere / "requirements.txt"
    requirements.write_text(text)
    result = project.trail("install", "-r", "requirements.txt", cwd=elsewhere)
    assert result.code == 0, result.err
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install")
    sources = ("--require-hashes", "--index-url", index.url, "--no-cache-dir")
    done = subprocess.run(
        [*pip, *sources, "--target", str(elsewhere / "site"), "-r", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.stem for path in (elsewhere / "site").glob("*.py")) == [
        "app",
        "base",
        "direct",
    ]
    pylock = project.trail("export", "-f", "pylock").out
    assert pylock == (project.root / "pylock.toml").read_text()
    path = declare(project, 'dependencies = ["base"]\n')
    refused = project.trail("export", "--locked")
    assert (refused.code, refused.out) == (1, "")
    assert project.trail("export", "--frozen").out == text
    assert project.trail("export").out.startswith("base==2.0")
    assert path.exists()


def test_the_bill_of_materials_meets_its_schema(project: Project, index: IndexServer) -> None:
    declare(project, 'dependencies = ["app"]\n[dependency-groups]\ntest = ["check"]\n')
    result = project.trail("export", "-f", "cyclonedx", "--group", "test")
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(result.out) is None
    assert validator.validate_str(result.out.replace('"name"', '"nom"')) is not None
    document = json.loads(result.out)
    app, base, check = document["components"]
    assert [app["purl"], base["purl"]] == ["pkg:pypi/app@2.0", "pkg:pypi/base@2.0"]
    assert app["externalReferences"] == [
        {"type": "distribution", "url": index.file_url("app-2.0-py3-none-any.whl")}
    ]
    assert {one["ref"]: one["dependsOn"] for one in document["dependencies"]} == {
        "demo": [app["purl"], check["purl"]],
        app["purl"]: [base["purl"]],
        base["purl"]: [],
        check["purl"]: [base["purl"]],
    }


def test_lowest_versions_and_dates(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n')
    assert project.trail("lock", "--resolution", "lowest").code == 0
    assert locked(project)["app"]["version"] == "1.0"
    # A run keeps the way in which the lock was made.
    ran = project.trail("run", "python", "-c", "import app; print(app.VERSION)")
    assert ran.out == "1.0\n", ran.err
    wrong = project.trail("lock", "--exclude-newer", "yesterday")
    assert (wrong.code, wrong.err) == (
        2,
        "error: `yesterday` is no date and no duration\nhint: write 2026-01-31, or 7d\n",
    )


KILLED = """\
import os, pathlib, signal, sys
name = sys.argv[1]
real = pathlib.Path.replace
def replace(self, target):
    if target.name == name:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)
pathlib.Path.replace = replace
sys.argv = ["trail", *sys.argv[2:]]
from trail.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("name", ["pyproject.toml", "pylock.toml"])
def test_add_can_be_killed_before_each_file(project: Project, name: str) -> None:
    path = declare(project, 'dependencies = ["app>=2"]\n')
    assert project.trail("lock").code == 0
    lock = project.root / "pylock.toml"
    before = path.read_bytes(), lock.read_bytes()
    done = subprocess.run(
        [sys.executable, "-P", "-c", KILLED, name, "add", "check"],
        cwd=project.root,
        env=project.surroundings(),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert lock.read_bytes() == before[1]
    if name == "pyproject.toml":  # nothing happened
        assert path.read_bytes() == before[0]
        assert project.trail("lock", "--check").code == 0
    else:  # what was asked for is there, and the next command finishes it
        assert project.trail("lock", "--check").code == 1
        assert project.trail("run", "python", "-c", "import check").code == 0
        assert project.trail("lock", "--check").code == 0
        assert locked(project).keys() == {"app", "base", "check", "colour"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_add_can_be_killed_while_it_resolves(project: Project, index: IndexServer) -> None:
    path = declare(project, 'dependencies = ["app>=2"]\n')
    assert project.trail("lock").code == 0
    lock = project.root / "pylock.toml"
    before = path.read_bytes(), lock.read_bytes()
    index.requests.clear()
    index.switches.latency = 60.0
    process = subprocess.Popen(
        project.command("add", "check"), cwd=project.root, env=project.surroundings()
    )
    time.sleep(1.5)
    process.kill()
    process.wait()
    assert (path.read_bytes(), lock.read_bytes()) == before
    assert sorted(path.name for path in project.root.iterdir()) == ["pylock.toml", "pyproject.toml"]


def test_add_puts_the_project_back_if_the_lock_cannot_be_written(project: Project) -> None:
    path = declare(project, 'dependencies = ["app>=2"]  # as it was\n')
    before = path.read_bytes()
    (project.root / "pylock.toml").mkdir()
    result = project.trail("add", "check")
    assert (result.code, result.err) == (
        1,
        f"error: cannot write `{project.root / 'pylock.toml'}`: Is a directory\n",
    )
    assert path.read_bytes() == before


def test_add_keeps_comments_order_and_spaces(project: Project) -> None:
    path = declare(
        project,
        "# above\ndependencies = [\n"
        "    # the framework\n"
        '    "app>=2",   # pinned by hand\n'
        "    # last\n"
        "]\n"
        "\n[tool.other]   # not ours\n"
        "b = 1\na   = 'x'\n",
    )
    text = path.read_text()
    assert project.trail("add", "check", "base").code == 0
    assert project.trail("remove", "check", "base").code == 0
    assert path.read_text() == text


# --- how versions are chosen, said in the project


def test_constraints_and_overrides_of_the_project(project: Project) -> None:
    path = declare(
        project,
        'dependencies = ["app"]\n[tool.trail]\nconstraint-dependencies = ["base<2", "plot<1"]\n',
    )
    assert project.trail("lock").code == 0
    packages = locked(project)
    assert {name: one["version"] for name, one in packages.items()} == {
        "app": "1.0",  # 2.0 needs a newer base
        "base": "1.0",
        "colour": "1.0",  # a constraint asks for nothing
    }
    assert project.trail("lock", "--check").code == 0
    declare(
        project, 'dependencies = ["app"]\n[tool.trail]\noverride-dependencies = ["base==1.0"]\n'
    )
    checked = project.trail("lock", "--check")
    assert checked.code == 1
    assert "  change: constraints: `base<2` is gone\n" in checked.err
    assert "  change: overrides: `base==1.0` is new\n" in checked.err
    assert project.trail("lock", "--upgrade").code == 0
    assert locked(project)["app"]["version"] == "2.0"
    assert locked(project)["base"]["version"] == "1.0"
    declare(project, 'dependencies = []\n[tool.trail]\nconstraint-dependencies = ["base<"]\n')
    wrong = project.trail("lock")
    assert wrong.code == 1
    assert wrong.err == (
        f"error: `[tool.trail] constraint-dependencies` in `{path}` is `['base<']`,"
        " expected a list of requirements\n"
    )


def test_a_conflict_with_a_constraint_says_where_it_stands(project: Project) -> None:
    declare(
        project, 'dependencies = ["app>=2"]\n[tool.trail]\nconstraint-dependencies = ["base<2"]\n'
    )
    assert (
        "a constraint allows only `base<2` (tool.trail.constraint-dependencies in pyproject.toml)"
    ) in project.trail("lock").err


def test_an_age_stays_one_in_the_lock(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n[tool.trail]\nexclude-newer = "7 days"\n')
    # The index says of every file that it was uploaded on 2026-01-02.
    assert project.trail("lock").code == 0
    text = (project.root / "pylock.toml").read_text()
    assert 'exclude-newer = "7d"' in text
    assert project.trail("lock", "--check").code == 0
    assert project.trail("lock", "--check", "--exclude-newer", "1w").code == 1
    assert project.trail("run", "--locked", "python", "-c", "").code == 0
    declare(project, 'dependencies = ["app"]\n[tool.trail]\nexclude-newer = 2026-01-02\n')
    refused = project.trail("lock")
    assert refused.code == 1
    assert "were uploaded after 2026-01-02T00:00:00+00:00" in refused.err


def test_packages_that_are_not_too_new(project: Project) -> None:
    text = 'dependencies = ["app"]\n[tool.trail]\nexclude-newer = 2026-01-01\n'
    text += 'exclude-newer-package = { App = false, base = "2026-01-01" }\n'
    declare(project, text)
    refused = project.trail("lock")
    assert "`base`" in refused.err
    assert "uploaded after 2026-01-01T00:00:00+00:00" in refused.err
    declare(project, text.replace('base = "2026-01-01"', 'base = "2026-01-03"'))
    assert project.trail("lock").code == 0
    inputs = tomllib.loads((project.root / "pylock.toml").read_text())["tool"]["trail"]["inputs"]
    assert inputs["exclude-newer-package"] == ["app any", "base 2026-01-03T00:00:00+00:00"]
    declare(project, text.replace('base = "2026-01-01"', "base = false"))
    check = project.trail("lock", "--check")
    assert "exclude-newer-package: `base any` is new" in check.err
    assert project.trail("outdated").code == 0


def test_what_a_lock_was_made_with_is_kept_by_add_and_run(project: Project) -> None:
    declare(project, 'dependencies = ["app"]\n')
    assert project.trail("lock", "--resolution", "lowest").code == 0
    assert project.trail("add", "check").code == 0
    assert locked(project)["app"]["version"] == "1.0"
    assert 'strategy = "lowest"' in (project.root / "pylock.toml").read_text()
    declare(project, 'dependencies = ["app"]\n[tool.trail]\nresolution = "lowest-direct"\n')
    assert project.trail("lock", "--upgrade").code == 0
    assert {name: one["version"] for name, one in locked(project).items()} == {
        "app": "1.0",
        "base": "2.0",
        "colour": "1.0",
    }
    ran = project.trail("lock", "--upgrade", "--resolution", "highest")
    assert ran.code == 0
    assert locked(project)["app"]["version"] == "2.0"


# --- locks that somebody else has changed


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            'created-by = "trail"',
            '<<<<<<< HEAD\ncreated-by = "trail"\n=======\ncreated-by = "x"\n>>>>>>> branch',
            [
                "has the conflict markers of a merge",
                "  place: line 9",
                "hint: git checkout --ours pylock.toml && trail lock",
            ],
        ),
        (
            '\nname = "base"',
            '\nname = "base',
            [
                "is not valid TOML",
                "  place:   line 21, column 13",
                "  problem: illegal character '\\n'",
            ],
        ),
        (
            '\nname = "base"',
            '\nname = "Base_"',
            [
                "is not a valid lock",
                "  place:   packages[1].name",
                "  problem: name 'Base_' is not normalized",
            ],
        ),
        (
            "[tool.trail.inputs]",
            '[tool.trail.inputs]\nexclude-newer = "soon"',
            [
                "is not as trail wrote it",
                "  place:  tool.trail.inputs.exclude-newer",
                "  actual: soon",
                "hint: trail lock",
            ],
        ),
    ],
    ids=["merge", "syntax", "value", "inputs"],
)
def test_a_changed_lock_is_refused_with_the_place(
    project: Project, old: str, new: str, error: list[str]
) -> None:
    declare(project, 'dependencies = ["app"]\n')
    assert project.trail("lock").code == 0
    path = project.root / "pylock.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    for words in (("run", "python"), ("add", "check")):
        result = project.trail(*words)
        assert (result.code, result.err.splitlines()) == (
            1,
            [f"error: `{path}` {error[0]}", *error[1:]],
        )
    assert path.read_text() == text.replace(old, new)


# --- targets without a solution


def test_a_python_without_wheels_is_left_out_unless_it_is_at_hand(
    project: Project, index: IndexServer
) -> None:
    own, other = sys.version_info[:2], (3, 12) if sys.version_info[:2] != (3, 12) else (3, 11)
    for name, (major, minor) in (("mine", own), ("theirs", other)):
        make_wheel(index.folder, name, "1.0", {f"{name}.py": ""}, tag=f"cp{major}{minor}-none-any")
    path = declare(project, 'dependencies = ["mine"]\n')
    path.write_text(path.read_text().replace(PYTHONS, ">=3.11"))
    (project.root / ".python-version").write_text(f"{own[0]}.{own[1]}\n")
    result = project.trail("lock")
    assert result.code == 0, result.err
    assert result.err.endswith("locked 1 package for 4 targets\n")
    everywhere = "linux-x86_64, linux-aarch64, macos-arm64, windows-x86_64"
    if sys.platform == "linux":  # what is at hand comes first
        others = ", ".join(f"cpython-3.{minor}" for minor in range(15, 10, -1) if minor != own[1])
        assert f"{others} are left out on {everywhere}: no version of `mine`" in result.err
    assert project.trail("run", "python", "-c", "import mine").code == 0
    path.write_text(path.read_text().replace("mine", "theirs"))
    refused = project.trail("lock")
    assert refused.code == 1
    assert f"there is no solution for cpython-{own[0]}.{own[1]} " in refused.err


# --- extras that name extras, groups that include groups


def test_extras_of_the_project_itself_and_groups_in_groups(project: Project) -> None:
    declare(
        project,
        'dependencies = ["colour"]\n'
        "[project.optional-dependencies]\n"
        'plots = ["plot"]\nall = ["Demo[plots,checks]"]\nchecks = ["check"]\n'
        "[dependency-groups]\n"
        'base = ["base"]\ntest = [{include-group = "Base"}, "demo[checks]"]\n',
    )
    result = project.trail("lock")
    assert result.code == 0, result.err
    packages = locked(project)
    assert {name: one.get("marker") for name, one in packages.items()} == {
        "base": '"all" in extras or "checks" in extras or "plots" in extras'
        ' or "base" in dependency_groups or "test" in dependency_groups',
        "check": '"all" in extras or "checks" in extras or "test" in dependency_groups',
        "colour": None,
        "plot": '"all" in extras or "plots" in extras',
    }
    assert packages["base"]["version"] == "1.0"  # which `plot` asks for
    code = "import importlib.util as u; print(*(n for n in ('check', 'plot') if u.find_spec(n)))"
    assert project.trail("run", "--extra", "all", "python", "-c", code).out == "check plot\n"
    assert project.trail("run", "--group", "test", "python", "-c", code).out == "check\n"
    (project.root / "pyproject.toml").write_text(
        (project.root / "pyproject.toml").read_text().replace("Base", "nowhere")
    )
    missing = project.trail("lock")
    assert missing.code == 1
    assert "  key:     dependency-groups.test\n" in missing.err


def test_an_inverted_tree_as_data(project: Project) -> None:
    declare(project, 'dependencies = ["app", "check"]\n')
    assert project.trail("lock").code == 0
    shown = json.loads(project.trail("tree", "--invert", "--json", "Base").out)
    assert shown == {
        "": [
            {
                "name": "base",
                "version": "2.0",
                "built": None,
                "children": [
                    {"name": "app", "version": "2.0", "built": None, "children": []},
                    {"name": "check", "version": "1.0", "built": None, "children": []},
                ],
            }
        ]
    }
    missing = project.trail("tree", "Nothing")
    assert (missing.code, missing.err) == (
        1,
        "error: the lock does not name `nothing`\nhint: trail tree\n",
    )


# --- wheels in a folder


def test_a_folder_of_wheels_is_locked_by_relative_paths(
    project: Project, index: IndexServer
) -> None:
    declare(
        project, 'dependencies = ["app"]\n[tool.trail]\nfind-links = ["wheels"]\nno-index = true\n'
    )
    shutil.copytree(index.folder, project.root / "wheels")
    result = project.trail("lock")
    assert result.code == 0, result.err
    (wheel,) = locked(project)["app"]["wheels"]
    assert wheel["path"] == "wheels/app-2.0-py3-none-any.whl"
    assert set(wheel["hashes"]) == {"sha256"}
    assert str(project.root) not in (project.root / "pylock.toml").read_text()
    assert index.requests == []
    moved = project.root.with_name("moved")
    project.root.rename(moved)
    ran = project.trail("run", "python", "-c", "import app; print(app.VERSION)", cwd=moved)
    assert ran.out == "2.0\n", ran.err
    (moved / "wheels" / "app-2.0-py3-none-any.whl").write_bytes(b"another")
    shutil.rmtree(project.depot)
    spoiled = project.trail("run", "python", "-c", "import app", cwd=moved)
    assert spoiled.code == 1
    assert "nothing of it was installed" in spoiled.err
