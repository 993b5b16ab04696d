"""Workspaces: one lock for several projects, each importable, locked and run by the command."""

from __future__ import annotations

import shutil
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.helpers.index import IndexServer, serve_index
from tests.helpers.members import MEMBER, make_member, make_workspace, write_files
from tests.helpers.trail import Project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("base", "fast", "check", "docs"):
        make_wheel(folder, name, "1.0", {f"{name}.py": "VERSION = '1.0'\n"})
    # Somebody else's, with the name of a member.
    make_wheel(folder, "core", "9.0", {"evil.py": ""})
    with serve_index(folder) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path, index: IndexServer) -> Project:
    """Five members: src, flat and namespace layouts, one without a build, one with an entry."""
    root = make_workspace(tmp_path / "project")
    return Project(root, tmp_path / "depot", {"TRAIL_INDEX_URL": index.url})


def locked(project: Project) -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in document(project)["packages"]}


def document(project: Project) -> dict[str, Any]:
    return tomllib.loads((project.root / "pylock.toml").read_text())


def python(code: str, *options: str) -> list[str]:
    return ["run", *options, "python", "-c", code]


def missing(*names: str) -> str:
    return (
        "import importlib\ndef lacks(name):\n    try: importlib.import_module(name)\n"
        f"    except ImportError: return True\nprint([n for n in {names!r} if lacks(n)])"
    )


def test_one_lock_for_all_members(workspace: Project, index: IndexServer) -> None:
    result = workspace.trail("lock")
    assert result.code == 0, result.err
    *lines, last = result.err.splitlines()
    assert lines == [
        "+ acme-one (packages/one)",
        "+ acme-two (packages/two)",
        "+ app (app)",
        "+ base 1.0",
        "+ check 1.0",
        "+ core (packages/core)",
        "+ fast 1.0",
        "+ flat (packages/flat)",
    ]
    assert last.startswith("locked 8 packages for ")
    packages = locked(workspace)
    assert sorted(packages) == [
        *("acme-one", "acme-two", "app", "base", "check", "core", "fast", "flat")
    ]
    assert packages["core"]["directory"] == {"path": "packages/core", "editable": True}
    assert packages["app"]["directory"] == {"path": "app", "editable": True}
    assert [one["name"] for one in packages["app"]["dependencies"]] == [
        *("acme-two", "core", "flat")
    ]
    lock = document(workspace)
    assert lock["requires-python"] == f">={HERE}"
    assert lock["default-groups"] == [
        *("member-app", "member-core", "member-flat", "member-acme-one", "member-acme-two")
    ]
    assert lock["dependency-groups"] == [
        *("lint", "member-core-extra-fast", "member-core-group-test")
    ]
    assert not any("/core/" in path or "/flat/" in path for path in index.paths())
    data = (workspace.root / "pylock.toml").read_bytes()
    assert str(workspace.root) not in data.decode()
    again = workspace.trail("lock").err
    assert again.startswith("nothing to do: ")
    assert "8 packages" in again
    assert workspace.trail("lock", "--check").code == 0
    (workspace.root / "pylock.toml").unlink()
    assert workspace.trail("lock", cwd=workspace.root / "app").code == 0
    assert (workspace.root / "pylock.toml").read_bytes() == data


def test_members_import_each_other_and_edits_are_seen_at_once(workspace: Project) -> None:
    first = workspace.trail("run", "greet")
    assert first.out == "app flat on core\n", first.err
    code = "import acme.two, acme.one, flat, base, fast; print(acme.two.WORD)"
    assert workspace.trail(*python(code)).out == "two and one\n"
    (workspace.root / "packages/core/src/core/__init__.py").write_text("WORD = 'the new core'\n")
    assert workspace.trail("run", "greet").out == "app flat on the new core\n"
    (workspace.root / "packages/two/src/acme/three.py").write_text("WORD = 3\n")
    assert workspace.trail(*python("import acme.three as t; print(t.WORD)")).out == "3\n"


def test_a_member_has_what_it_requires_and_no_more(workspace: Project) -> None:
    names = ("core", "flat", "base", "fast", "check")
    result = workspace.trail(*python(missing(*names), "--package", "core"))
    assert result.out == "['flat', 'fast', 'check']\n", result.err
    chosen = ("--package", "Core", "--extra", "fast", "--group", "test")
    assert workspace.trail(*python(missing(*names), *chosen)).out == "['flat']\n"
    several = ("--package", "flat", "--package", "acme.one")
    assert workspace.trail(*python(missing(*names, "acme"), *several)).out == (
        "['fast', 'check']\n"
    )
    assert workspace.trail(*python(missing(*names), "--group", "lint")).out == "[]\n"
    wrong = workspace.trail(*python("", "--package", "core", "--extra", "slow"))
    assert wrong.code == 1
    assert wrong.err.splitlines() == ["error: `core` has no extra `slow`", "  known: fast"]
    unknown = workspace.trail(*python("", "--package", "left"))
    assert unknown.err.splitlines() == [
        f"error: there is no `left` in the workspace `{workspace.root}`",
        "  projects: acme-one, acme-two, app, core, flat",
    ]


def test_what_is_there_for_other_members_is_told(workspace: Project) -> None:
    inside = workspace.root / "packages" / "one"
    result = workspace.trail(*python("import base"), cwd=inside)
    assert result.err.splitlines()[-2:] == [
        "`base` is locked as a requirement of the member `app`",
        "hint: trail add base",
    ]
    optional = workspace.trail(*python("import check"), cwd=inside)
    assert optional.err.splitlines()[-2:] == [
        "`check` is locked for the group `lint`",
        "hint: trail run --group lint COMMAND",
    ]
    # The group of the root is gone: then it is there for one of a member.
    path = workspace.root / "pyproject.toml"
    path.write_text(path.read_text().replace('lint = ["check"]', ""))
    member = workspace.trail(*python("import check"), cwd=inside)
    assert member.err.splitlines()[-2:] == [
        "`check` is locked for the group `test` of the member `core`",
        "hint: trail run --package core --group test COMMAND",
    ]
    there = python("import check", "--package", "core", "--group", "test")
    assert workspace.trail(*there, cwd=inside).code == 0


def test_in_a_members_folder_the_member_is_meant(workspace: Project) -> None:
    inside = workspace.root / "packages" / "core" / "src"
    names = ("core", "base", "flat", "acme.one")
    result = workspace.trail(*python(missing(*names)), cwd=inside)
    assert result.out == "['flat', 'acme.one']\n", result.err
    # The second time nothing is left to be found out.
    again = workspace.trail("-v", *python(missing(*names)), cwd=inside)
    assert again.out == "['flat', 'acme.one']\n"
    quick = workspace.trail(*python(missing(*names)), cwd=inside)
    assert quick.out == "['flat', 'acme.one']\n"
    assert workspace.trail("install", cwd=inside).err.startswith("nothing to do: 2 packages")
    everything = workspace.trail(*python(missing(*names), "--all-packages"), cwd=inside)
    assert everything.out == "[]\n"
    outside = workspace.trail("lock", cwd=workspace.root / "packages" / "left")
    assert "there-is-none" in outside.err


def test_requirements_change_in_a_member_and_the_lock_of_the_root(workspace: Project) -> None:
    inside = workspace.root / "packages" / "one"
    added = workspace.trail("add", "docs", cwd=inside)
    assert added.code == 0, added.err
    assert 'dependencies = ["docs>=1.0"]' in (inside / "pyproject.toml").read_text()
    assert not (inside / "pylock.toml").exists()
    assert locked(workspace)["docs"]["marker"] == (
        '"member-acme-one" in dependency_groups or "member-acme-two" in dependency_groups'
        ' or "member-app" in dependency_groups'
    )
    tree = workspace.trail("tree", "--package", "acme-two")
    assert tree.out.splitlines() == [
        "acme-two: dependencies:",
        "acme-one (built from packages/one)",
        "└── docs 1.0",
    ]
    here = workspace.trail("tree", cwd=inside)
    assert here.out.splitlines() == ["acme-one: dependencies:", "docs 1.0"]
    why = workspace.trail("why", "docs")
    assert "app: dependencies" in why.out
    removed = workspace.trail("remove", "--package", "acme-one", "docs")
    assert removed.code == 0, removed.err
    assert "docs" not in locked(workspace)
    exported = workspace.trail("export", "-f", "requirements", "--package", "flat")
    lines = exported.out.splitlines()
    assert [line for line in lines if "--hash" not in line] == [
        *("base==1.0 \\", "-e ./packages/core", "-e ./packages/flat")
    ]


def test_adding_a_member_says_where_it_comes_from(workspace: Project) -> None:
    inside = workspace.root / "packages" / "one"
    added = workspace.trail("add", "--group", "test", "flat", cwd=inside)
    assert added.code == 0, added.err
    text = (inside / "pyproject.toml").read_text()
    assert 'test = ["flat"]' in text
    assert "[tool.trail.sources]\nflat = {workspace = true}" in text
    assert workspace.trail(*python("import flat", "--group", "test"), cwd=inside).code == 0
    assert workspace.trail("add", "flat", cwd=inside).code == 0
    # The source is needed until the last requirement for it is gone.
    assert workspace.trail("remove", "flat", cwd=inside).code == 0
    assert "flat = {workspace = true}" in (inside / "pyproject.toml").read_text()
    removed = workspace.trail("remove", "--group", "test", "Flat", cwd=inside)
    assert removed.code == 0, removed.err
    assert "flat" not in (inside / "pyproject.toml").read_text()
    assert workspace.trail("add", "../flat", cwd=inside).code == 0
    assert "flat = {workspace = true}" in (inside / "pyproject.toml").read_text()
    assert workspace.trail("lock", "--check").code == 0


def test_a_requirement_for_a_member_must_say_so(workspace: Project, index: IndexServer) -> None:
    path = workspace.root / "packages" / "one" / "pyproject.toml"
    path.write_text(path.read_text() + "dependencies = ['flat']\n")
    result = workspace.trail("lock")
    assert result.code == 1
    assert result.err.splitlines() == [
        (
            "error: `acme-one` requires `flat`, a member of the workspace, without saying where it"
            " comes from"
        ),
        "  required in: project.dependencies in packages/one/pyproject.toml",
        f"  member:      {workspace.root / 'packages' / 'flat'}",
        "  write:       [tool.trail.sources] flat = { workspace = true }",
        (
            "hint: write it into packages/one/pyproject.toml, or into the root's pyproject.toml for"
            " all members"
        ),
    ]
    assert not any("flat" in path for path in index.paths())
    assert not (workspace.root / "pylock.toml").exists()
    path.write_text(path.read_text() + "[tool.trail.sources]\nflat = { index = 'other' }\n")
    other = workspace.trail("lock")
    assert other.err.splitlines()[0] == (
        "error: `acme-one` takes `flat` from elsewhere, but that is a member of the workspace"
    )
    path.write_text(path.read_text().replace("flat = { index", "base = { workspace = true }\n#"))
    text = path.read_text().replace("['flat']", "['base']")
    path.write_text(text)
    nobody = workspace.trail("lock")
    assert nobody.err.splitlines()[0] == (
        f"error: `{path}` says that `base` is a member of the workspace, which it is not"
    )


def test_what_others_require_is_the_member_too(workspace: Project, index: IndexServer) -> None:
    make_wheel(index.folder, "plugin", "1.0", {"plugin.py": ""}, requires=["core"])
    path = workspace.root / "packages" / "one" / "pyproject.toml"
    path.write_text(path.read_text() + "dependencies = ['plugin']\n")
    result = workspace.trail("lock")
    assert result.code == 0, result.err
    assert locked(workspace)["core"]["directory"] == {"path": "packages/core", "editable": True}
    assert not any("/core/" in path for path in index.paths())


def test_the_lock_follows_its_members(workspace: Project) -> None:
    assert workspace.trail("lock").code == 0
    path = workspace.root / "packages" / "one" / "pyproject.toml"
    text = path.read_text()
    path.write_text(text + "dependencies = ['docs']\n")
    check = workspace.trail("lock", "--check")
    assert check.code == 1
    assert "acme-one: dependencies: `docs` is new" in check.err
    assert workspace.trail(*python("import docs", "--package", "acme-one")).code == 0
    path.write_text(text)
    assert workspace.trail(*python("", "--locked")).code == 1
    assert workspace.trail("lock").code == 0
    make_member(workspace.root / "packages/six", "six", {"six.py": "WORD = 6\n"})
    assert "member six: `default` became `packages/six`" in workspace.trail("lock", "--check").err
    assert workspace.trail(*python("import six", "--package", "six")).code == 0


def test_strict_members_import_what_they_declare(workspace: Project) -> None:
    path = workspace.root / "pyproject.toml"
    path.write_text("[tool.trail]\nstrict = true\n" + path.read_text())
    result = workspace.trail(*python("import core, flat", "--package", "app"))
    assert result.code == 0, result.err
    # What its members require is not required by it, and each of them is judged by itself.
    indirect = workspace.trail(*python("import base", "--package", "flat"))
    error, hint = indirect.err.splitlines()[-2:]
    assert error.startswith(  # Python 3.15 has guesses to add
        "ModuleNotFoundError: No module named 'base': this project does not declare `base`"
        " (there for `core`)"
    )
    assert hint == "hint: trail add base"
    core = workspace.root / "packages/core/src/core/__init__.py"
    core.write_text("import base, fast\nWORD = 'core'\n")
    assert workspace.trail(*python("import core", "--package", "app")).code == 0
    flat = workspace.root / "packages/flat/flat.py"
    flat.write_text("import core, base\n")
    for _ in range(2):
        member = workspace.trail(*python("import flat", "--package", "app"))
        assert "this project does not declare `base` (there for `core`)" in member.err
    core.write_text("WORD = 'core'\n")
    flat.write_text("import core\n")
    lint = python("import check, core", "--package", "flat")
    assert "No module named 'check'" in workspace.trail(*lint).err
    assert workspace.trail(*lint[:1], "--group", "lint", *lint[1:]).code == 0


def test_new_members_are_seen_by_the_next_start(workspace: Project) -> None:
    everything = python(missing("six", "notes", "demo"), "--all-packages")
    rest = "['six', 'notes', 'demo']\n"
    for _ in range(2):
        result = workspace.trail(*everything)
        assert result.out == rest, result.err
    # A folder is new; one that was there becomes a project; one is declared.
    make_member(workspace.root / "packages/six", "six", {"six.py": ""})
    assert workspace.trail(*everything).out == "['notes', 'demo']\n"
    make_member(workspace.root / "packages/notes", "notes", {"notes.py": ""})
    assert workspace.trail(*everything).out == "['demo']\n"
    demo = make_member(workspace.root / "examples/demo", "demo", {"demo.py": ""})
    alone = python(missing("demo", "check"))
    for _ in range(2):
        assert workspace.trail(*alone, cwd=demo).out == "['check']\n"
    path = workspace.root / "pyproject.toml"
    text = path.read_text().replace('"app"]', '"app", "examples/demo"]')
    path.write_text('[tool.trail]\ndefault-groups = ["lint"]\n' + text)
    shutil.rmtree(workspace.root / "packages/six")
    assert workspace.trail(*alone, cwd=demo).out == "[]\n"
    assert workspace.trail(*everything).out == "['six']\n"


def test_projects_without_a_build_run_from_their_folder(workspace: Project) -> None:
    write_files(
        workspace.root,
        {
            "packages/site/pyproject.toml": "[project]\nname = 'site-tools'\nversion = '1'\n"
            "dependencies = ['core', 'docs']\n",
            "packages/site/page.py": "import core, docs; print(core.WORD)\n",
            "packages/user/pyproject.toml": "[project]\nname = 'user'\n"
            f"dependencies = ['site-tools']\n[tool.trail.sources]\nsite-tools = {MEMBER}\n",
        },
    )
    result = workspace.trail("run", "page.py", cwd=workspace.root / "packages/site")
    assert result.out == "core\n", result.err
    assert "site-tools" not in locked(workspace)
    assert workspace.trail(*python("import core, docs", "--package", "user")).code == 0
    assert workspace.trail(*python("", "--all-packages")).code == 0


def test_a_root_that_is_a_project_itself(workspace: Project) -> None:
    path = workspace.root / "pyproject.toml"
    head = (
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'top'\nversion = '1.0'\ndependencies = ['flat', 'docs']\n"
        "[project.optional-dependencies]\nfast = ['fast']\n"
    )
    text = path.read_text() + f"flat = {MEMBER}\ntop = {MEMBER}\n"
    make_member(workspace.root, "top", {"top.py": ""}, requires=("flat", "docs"))
    path.write_text(head + text)
    two = workspace.root / "packages" / "two" / "pyproject.toml"
    two.write_text(two.read_text().replace("['acme-one']", "['acme-one', 'top']"))
    result = workspace.trail("lock")
    assert result.code == 0, result.err
    lock = document(workspace)
    assert lock["default-groups"] == ["member-top"]
    assert lock["extras"] == ["fast"]
    assert locked(workspace)["top"]["directory"] == {"path": ".", "editable": True}
    names = ("top", "docs", "flat", "core", "fast", "acme.two")
    assert workspace.trail(*python(missing(*names))).out == "['fast', 'acme.two']\n"
    assert workspace.trail(*python(missing(*names), "--extra", "fast")).out == "['acme.two']\n"
    two_has = workspace.trail(*python(missing(*names), "--package", "acme_two"))
    assert two_has.out == "['fast']\n"


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        (
            {"packages/flat/pyproject.toml": "[tool.x]\n"},
            [
                (
                    "error: `{root}/packages/flat/pyproject.toml` is declared as a member of a"
                    " workspace, but has no [project]"
                ),
                "  declared in: {root}/pyproject.toml",
                'hint: leave it out: exclude = ["packages/flat"]',
            ],
        ),
        (
            {"packages/flat/pyproject.toml": "[project]\nname = 'Core'\nversion = '1'\n"},
            [
                "error: two projects of the workspace `{root}` are named `core`",
                "  one:   {root}/packages/core/pyproject.toml",
                "  other: {root}/packages/flat/pyproject.toml",
            ],
        ),
        (
            {"pyproject.toml": "[tool.trail.workspace]\nmembers = ['gone']\n"},
            [
                "error: `{root}/pyproject.toml` has a wrong value",
                "  key:     tool.trail.workspace.members[0]",
                "  problem: there is no pyproject.toml in `gone`",
            ],
        ),
        (
            {"packages/flat/pyproject.toml": "[project]\nname='f'\n[tool.uv.workspace]\n"},
            [
                (
                    "error: `{root}/packages/flat/pyproject.toml` is a member of a workspace, and"
                    " declares one itself"
                ),
                "  declared in: {root}/pyproject.toml",
            ],
        ),
        (
            {
                "packages/flat/pyproject.toml": "[project]\nname='flat'\nversion = '1'\n"
                "requires-python = '<3.8'\n"
            },
            [
                "error: there is no Python that the project supports",
                "  packages/core/pyproject.toml: >={here}",
                "  packages/flat/pyproject.toml: <3.8",
                "  packages/one/pyproject.toml:  >=3.8",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_workspace(
    workspace: Project, files: dict[str, str], lines: list[str]
) -> None:
    write_files(workspace.root, files)
    result = workspace.trail("lock")
    assert result.code == 1
    assert result.err.splitlines() == [
        line.format(root=workspace.root, here=HERE) for line in lines
    ]
