"""What holds for every command: options, messages, and odd surroundings."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import PATIENCE, Project, make_project
from tests.helpers.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    alpha = make_wheel(
        tmp_path,
        "alpha",
        "1.0",
        {"alpha.py": "def main():\n    print('alpha')\n"},
        entry_points="[console_scripts]\nalpha = alpha:main\n",
        data={"scripts/own": "#!python\nimport alpha\nalpha.main()\n"},
    )
    project.lock([alpha])
    return project


def test_ctrl_c_while_modules_are_loaded_is_quiet() -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'trail.cli.main':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from trail.__main__ import main\n"
        "sys.argv = ['trail', 'doctor']\n"
        "sys.exit(main())\n"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (130, "")


def test_the_end_waits_for_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, threading\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "from trail.__main__ import main\n"
        "sys.argv = ['trail', 'depot', *sys.argv[1:]]\n"
        "main()\n"
    )
    ends = [
        subprocess.run(
            [sys.executable, "-P", "-c", code, word],
            env={**os.environ, "TRAIL_DEPOT": str(tmp_path / word)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        for word in ("path", "nowhere")
    ]
    assert [end.returncode for end in ends] == [0, 2]
    assert ends[0].stdout.decode().strip() == str(tmp_path / "path")


@pytest.mark.parametrize("words", [["install"], ["run", "alpha"], ["doctor"], ["depot", "list"]])
def test_a_removed_folder_is_said_to_be_gone(tmp_path: Path, words: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [sys.executable, "-c", f"import os; os.rmdir({str(gone)!r}); "]
    command[-1] += f"os.execv({sys.executable!r}, {[*make_project(tmp_path).command(*words)]!r})"
    result = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        2,
        "error: the current folder does not exist any more\nhint: cd to one that does\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(project: Project, streams: str) -> None:
    for words in (["install"], ["install"], ["run", "sh", "-c", "exit 5"]):
        command = ["sh", "-c", f'"$@" {streams}', "sh", *project.command(*words)]
        done = subprocess.run(command, cwd=project.root, env=project.surroundings(), check=False)
        assert done.returncode == (5 if words[0] == "run" else 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_output_that_finds_no_room_is_an_error(project: Project) -> None:
    assert project.trail("install").code == 0
    command = ["sh", "-c", '"$@" >/dev/full', "sh", *project.command("depot", "list")]
    done = subprocess.run(
        command,
        cwd=project.root,
        env=project.surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "error: the system says: no space left on device\n",
    )


def test_one_v_shows_no_traceback_and_two_do(project: Project) -> None:
    assert "Traceback" not in project.trail("-v", "install", "-r", "nope.txt").err
    assert "Traceback" in project.trail("-vv", "install", "-r", "nope.txt").err


def test_options_stand_before_or_after_the_command(project: Project) -> None:
    assert project.trail("-q", "install").err == ""
    assert project.trail("--offline", "install", "--quiet").err == ""
    assert project.trail("--color", "always", "--color", "never", "nope").err == (
        "error: no such command 'nope'\nhint: trail --help\n"
    )


def test_colours_are_asked_for(project: Project) -> None:
    words = ("install", "-r", "nope.txt")
    assert "\x1b" not in project.trail(*words).err
    assert "\x1b" in project.trail(*words, FORCE_COLOR="1").err
    assert "\x1b" not in project.trail(*words, FORCE_COLOR="1", NO_COLOR="1").err
    assert "\x1b" in project.trail("--color", "always", *words, NO_COLOR="1").err


def test_a_wrong_option_is_named(project: Project) -> None:
    result = project.trail("install", "--index-url", "nowhere")
    assert result.err == (
        "error: `--index-url` is `nowhere`, expected an address with http, https or file\n"
    )


def test_a_depot_may_lie_below_any_name(project: Project, tmp_path: Path) -> None:
    depot = str(tmp_path / "dépôt with spaces")
    for words in (["alpha"], ["own"], ["alpha"]):
        result = project.trail("run", *words, TRAIL_DEPOT=depot)
        assert (result.code, result.out) == (0, "alpha\n"), result.err
    verified = project.trail("depot", "verify", TRAIL_DEPOT=depot)
    assert (verified.code, verified.out) == (0, "")
