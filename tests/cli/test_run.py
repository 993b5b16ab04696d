"""`trail run` as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.helpers.trail import Project, make_project, package
from tests.helpers.wheels import make_wheel

from trail.depot.roots import Root, is_settled, read_root


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    tool = make_wheel(
        tmp_path,
        "tool",
        "1.0",
        {
            "tool/__init__.py": "def main():\n    import sys\n    print('tool', sys.argv[1:])\n"
            "    sys.exit(3)\n",
            "tool/__main__.py": "from tool import main\nmain()\n",
        },
        entry_points="[console_scripts]\ntool = tool:main\n",
        data={"scripts/plain": "#!/bin/sh\necho plain $1\n"},
        executable=["tool-1.0.data/scripts/plain"],
    )
    extra = make_wheel(
        tmp_path,
        "checker",
        "1.0",
        {"checker.py": "def main():\n    print('checked')\n"},
        entry_points="[console_scripts]\ncheck-all = checker:main\n",
    )
    project.lock(
        [tool, package(extra, marker='"dev" in dependency_groups')],
        head='dependency-groups = ["dev"]\ndefault-groups = []\n',
    )
    return project


FIRST_OR_AGAIN = pytest.mark.parametrize("again", [False, True], ids=["first", "again"])


@pytest.fixture
def warm(project: Project, again: bool) -> Project:
    """A project whose `trail run` takes the slow path, or the fast one."""
    if again:
        assert project.trail("run", "python", "-c", "pass").code == 0
    return project


@FIRST_OR_AGAIN
@pytest.mark.parametrize(
    ("command", "out", "code"),
    [
        (["python", "-c", "import tool; print(tool.__name__)"], "tool\n", 0),
        (["python3", "-c", "print(1)"], "1\n", 0),
        (["tool", "-x", "--", "y"], "tool ['-x', '--', 'y']\n", 3),
        (["--", "tool", "-x"], "tool ['-x']\n", 3),
        (["-m", "tool", "-q"], "tool ['-q']\n", 3),
        (["plain", "a"], "plain a\n", 0),
        (["script.py", "-v"], "script ['-v']\n", 0),
        (["./script.py"], "script []\n", 0),
        (["-q", "sh", "-c", "exit 5"], "", 5),
    ],
)
def test_commands(warm: Project, command: list[str], out: str, code: int) -> None:
    (warm.root / "script.py").write_text("import sys, tool\nprint('script', sys.argv[1:])\n")
    result = warm.trail("run", *command)
    assert (result.out, result.code) == (out, code), result.err


@FIRST_OR_AGAIN
def test_what_is_missing_is_installed_and_the_interpreter_is_the_prefix(warm: Project) -> None:
    code = (
        "import json, sys, os; print(json.dumps([sys.executable, sys.prefix, os.environ['PATH']]))"
    )
    result = warm.trail("run", "python", "-c", code, VIRTUAL_ENV="/nowhere", PYTHONHOME="")
    executable, prefix, path = json.loads(result.out)
    assert Path(prefix).parent == warm.depot / "prefixes"
    assert Path(executable).parent == Path(prefix) / "bin"
    assert path.split(os.pathsep)[0] == str(Path(prefix) / "bin")


@FIRST_OR_AGAIN
def test_children_run_in_the_prefix_and_nothing_leaks(warm: Project) -> None:
    code = (
        "import subprocess, sys, os\n"
        "print('VIRTUAL_ENV' in os.environ, 'PYTHONPATH' in os.environ)\n"
        "sys.stdout.flush()\n"
        "subprocess.run([sys.executable, '-I', '-c', 'import tool; print(tool.__name__)'])\n"
    )
    result = warm.trail("run", "python", "-c", code, VIRTUAL_ENV="/nowhere")
    assert result.out == "False False\ntool\n"


@FIRST_OR_AGAIN
def test_a_subfolder_belongs_to_the_project(warm: Project) -> None:
    below = warm.root / "below"
    below.mkdir()
    result = warm.trail("run", "python", "-c", "import os; print(os.getcwd())", cwd=below)
    assert result.out == f"{below}\n"


@FIRST_OR_AGAIN
def test_an_unknown_command_names_what_is_close(warm: Project) -> None:
    result = warm.trail("run", "tol")
    assert result.code == 127
    assert result.err.startswith("error: cannot run `tol`: it was not found\n  close: tool\n")


@FIRST_OR_AGAIN
def test_a_command_of_a_locked_package_that_is_not_selected(warm: Project) -> None:
    assert warm.trail("run", "--group", "dev", "check-all").out == "checked\n"
    result = warm.trail("run", "check-all")
    assert result.code == 127
    assert result.err == (
        "error: cannot run `check-all`: it was not found\n"
        "  package: checker, locked but not selected\n"
        '  marker:  "dev" in dependency_groups\n'
        "hint: trail run --group dev check-all\n"
    )


@FIRST_OR_AGAIN
def test_no_other_program_stands_in_for_a_package_that_is_not_selected(
    warm: Project, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "checker"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho of another Python\n")
    other.chmod(0o755)
    path = f"{other.parent}{os.pathsep}{os.environ['PATH']}"
    result = warm.trail("run", "checker", PATH=path)
    assert result.code == 127
    assert result.err == (
        "error: cannot run `checker`: it was not found\n"
        "  package:  checker, locked but not selected\n"
        '  marker:   "dev" in dependency_groups\n'
        f"  not used: {other}\n"
        "hint: trail run --group dev checker\n"
    )
    assert warm.trail("run", str(other)).out == "of another Python\n"


def test_groups_add_to_the_default_ones(project: Project, tmp_path: Path) -> None:
    one, two = (make_wheel(tmp_path, name, "1", {f"{name}.py": ""}) for name in ("one", "two"))
    project.lock(
        [
            package(one, marker='"base" in dependency_groups'),
            package(two, marker='"more" in dependency_groups'),
        ],
        head='dependency-groups = ["more"]\ndefault-groups = ["base"]\n',
    )
    code = "import importlib.util as u; print([n for n in ('one', 'two') if u.find_spec(n)])"
    seen = [
        project.trail("run", *options, "python", "-c", code).out
        for options in (
            (),
            ("--group", "more"),
            ("--no-default-groups",),
            ("--no-default-groups", "--group", "more"),
        )
    ]
    assert seen == ["['one']\n", "['one', 'two']\n", "[]\n", "['two']\n"]


@FIRST_OR_AGAIN
def test_what_cannot_be_executed_is_126(warm: Project) -> None:
    file = warm.root / "data.bin"
    file.write_bytes(b"\0")
    result = warm.trail("run", "./data.bin")
    assert result.code == 126
    assert result.err == "error: cannot run `./data.bin`: it is not executable\n"


@FIRST_OR_AGAIN
def test_the_end_by_a_signal_is_the_commands_own(warm: Project) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert warm.trail("run", "python", "-c", code).code == -signal.SIGTERM


def test_a_changed_lock_takes_effect_at_once(project: Project, tmp_path: Path) -> None:
    assert project.trail("run", "python", "-c", "import tool").code == 0
    other = make_wheel(tmp_path, "other", "1.0", {"other.py": "print('other')\n"})
    project.lock([other])
    result = project.trail("run", "python", "-c", "import other")
    assert result.out == "other\n"
    assert project.trail("run", "python", "-c", "import tool").code == 1


def test_a_removed_prefix_is_made_again(project: Project) -> None:
    assert project.trail("run", "python", "-c", "import tool").code == 0
    where = Path(project.trail("prefix", "path").out.strip())
    subprocess.run(["chmod", "-R", "u+w", str(where)], check=True)
    subprocess.run(["rm", "-r", str(where)], check=True)
    assert project.trail("run", "python", "-c", "import tool").code == 0


def test_a_lock_without_a_project_chooses_the_python(project: Project, tmp_path: Path) -> None:
    (project.root / "pyproject.toml").unlink()
    newest = sys.version_info.minor
    wheel = make_wheel(tmp_path, "any", "1.0", {"any.py": ""})
    project.lock([wheel], head=f'requires-python = ">=3.{newest + 1}"\n')
    result = project.trail("run", "python", "-c", "import sys; print(sys.version_info.minor)")
    if result.code == 0:  # there is a newer one on this machine
        assert int(result.out) > newest
    else:
        assert result.err.startswith("error: found no Python for this project\n")


def test_nothing_to_run_is_wrong_usage(project: Project) -> None:
    result = project.trail("run")
    assert (result.code, result.err) == (
        2,
        "error: there is nothing to run\nhint: trail run python\n",
    )


@FIRST_OR_AGAIN
def test_code_archives_come_with_a_variable(warm: Project) -> None:
    code = "import _trail_boot, importlib.util as u; print(bool(u.find_spec('_trail_archive')))"

    assert warm.trail("run", "python", "-c", code).out == "False\n"
    assert warm.trail("run", "python", "-c", code, TRAIL_CODE_ARCHIVES="1").out == "True\n"


def test_an_unknown_group_is_named(project: Project) -> None:
    result = project.trail("run", "--group", "docs", "python")
    assert result.code == 1
    assert result.err.startswith(
        f"error: `{project.root / 'pylock.toml'}` has no dependency group `docs`\n  known: dev\n"
    )


@pytest.fixture
def loaded(project: Project, tmp_path: Path) -> list[str]:
    """The modules that the fast path has loaded when it starts the program."""
    assert project.trail("run", "python", "-c", "pass").code == 0
    report = tmp_path / "modules.json"
    code = (
        "import sys, os\n"
        "before = set(sys.modules)\n"
        "def listen(event, arguments):\n"
        "    if event == 'os.exec':\n"
        "        names = sorted(set(sys.modules) - before)\n"
        f"        open({str(report)!r}, 'w').write(__import__('json').dumps(names))\n"
        "sys.addaudithook(listen)\n"
        "sys.argv = ['trail', 'run', 'python', '-c', 'pass']\n"
        "from trail.__main__ import main\n"
        "main()\n"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=project.root,
        env=project.surroundings(),
        check=True,
    )
    names: list[str] = json.loads(report.read_text())
    return names


def test_the_fast_path_loads_next_to_nothing(loaded: list[str]) -> None:
    allowed = {
        "__future__",
        "trail",
        "trail.__main__",
        "trail.commands",
        "trail.commands.replay",
        "trail.commands.start",
        "trail.commands.words",
        "trail.depot",
        "trail.depot.boot",
        "trail.depot.durable",
        "trail.depot.roots",
        "trail.prefix",
        "trail.prefix.background",
        "zlib",
    }
    # The record is young in this test, so its inputs are compared by content.
    racy = {"trail.sha256", "_sha2", "_sha256"}
    assert sorted(set(loaded) - allowed - racy) == []


def test_the_fast_path_reads_a_handful_of_files(project: Project, tmp_path: Path) -> None:
    assert project.trail("run", "python", "-c", "pass").code == 0
    report = tmp_path / "opened.txt"
    code = (
        "import sys\n"
        "from trail.__main__ import main\n"
        "import trail.commands.replay, trail.commands.start\n"
        "opened = []\n"
        "def listen(event, arguments):\n"
        "    if event in ('open', 'os.listdir', 'os.scandir'):\n"
        "        opened.append(str(arguments[0]))\n"
        "    if event == 'os.exec':\n"
        f"        open({str(report)!r}, 'w').write('\\n'.join(opened))\n"
        "import hashlib\n"
        "sys.addaudithook(listen)\n"
        "sys.argv = ['trail', 'run', 'python', '-c', 'pass']\n"
        "main()\n"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=project.root,
        env=project.surroundings(),
        check=True,
    )
    files = [name for name in report.read_text().splitlines() if name != str(report)]
    assert len(files) <= 8, files


def test_a_record_of_young_files_becomes_a_record_of_time_stamps(project: Project) -> None:
    assert project.trail("run", "python", "-c", "pass").code == 0
    records = list((project.depot / "roots").iterdir())
    assert not any(is_settled(parsed(path)) for path in records)
    time.sleep(2.1)
    assert project.trail("run", "python", "-c", "pass").code == 0
    assert all(is_settled(parsed(path)) for path in records)


def parsed(path: Path) -> Root:
    root = read_root(path)
    assert root is not None
    return root


def test_ctrl_c_reaches_the_program(project: Project) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("who started the tests had it ignored, as nohup does")
    assert project.trail("run", "python", "-c", "pass").code == 0
    code = (
        "import time\n"
        "print('ready', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    raise SystemExit(7)\n"
    )
    with subprocess.Popen(
        project.command("run", "python", "-c", code),
        cwd=project.root,
        env=project.surroundings(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 7


def test_another_trail_finds_out_anew(project: Project) -> None:
    """Its import hook may be another one, and the fast path must not keep the old one."""
    words = ("run", "python", "-c", "pass")
    for _ in range(2):
        assert project.trail(*words).code == 0
    before = set((project.depot / "roots").iterdir())
    command = project.command(*words)
    place = command.index("-c") + 1
    command[place] = f"import trail; trail.__version__ = '99.0'; {command[place]}"
    for _ in range(2):
        subprocess.run(command, cwd=project.root, env=project.surroundings(), check=True)
    [record] = set((project.depot / "roots").iterdir()) - before
    root = read_root(record)
    assert root is not None
    assert root.request == ("run", "trail==99.0")
