"""`trail run` with several -p."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.helpers.trail import Project, make_project
from tests.helpers.wheels import make_wheel

from trail.commands.each import split_pythons
from trail.commands.words import WITH_VALUE

if TYPE_CHECKING:
    from pathlib import Path

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
RANGE = f">={MINOR}"
CODE = "import sys, tool; print(tool.NAME, sys.argv[1:])"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.lock([make_wheel(tmp_path, "tool", "1.0", {"tool.py": "NAME = 'tool'\n"})])
    return project


@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")], ids=["one-by-one", "side-by-side"])
def test_each_python_gets_the_command(project: Project, jobs: tuple[str, ...]) -> None:
    words = ("-p", MINOR, *jobs, "--python", RANGE, "--", "python", "-c", CODE, "-p", "x")
    result = project.trail("run", *words)
    assert (result.out, result.code) == ("tool ['-p', 'x']\n" * 2, 0), result.err
    head = f"== Python {MINOR}\n"
    assert head in result.err
    assert f"== Python {RANGE}\n" in result.err
    table = result.err.splitlines()[-2:]
    assert re.fullmatch(rf"{MINOR}    ok +[\d.m s]+", table[0])
    assert re.fullmatch(rf"{RANGE}  ok +[\d.m s]+", table[1])


def test_the_first_failure_is_the_exit_code(project: Project) -> None:
    words = ("-p", MINOR, "-p", RANGE, "-p", "3.99", "python", "-c", "raise SystemExit(7)")
    result = project.trail("run", *words)
    assert result.code == 7
    assert [line.split()[1:4] for line in result.err.splitlines()[-3:]] == [
        ["exit", "code", "7"],
        ["exit", "code", "7"],
        ["exit", "code", "1"],
    ]
    assert "error: found no Python for `3.99`" in result.err


def test_the_same_python_twice_is_one(project: Project) -> None:
    result = project.trail("run", "-p", MINOR, "-p", MINOR, "python", "-c", CODE)
    assert (result.out, result.code) == ("tool []\n", 0)
    assert "==" not in result.err


def test_options_are_split() -> None:
    typed = [
        "-p",
        "3.11",
        "--with",
        "-p",
        "-q",
        "--python=3.12",
        "-p3.13",
        "--group",
        "x",
        "-p",
        "3.11",
    ]
    pythons, others = split_pythons(typed, WITH_VALUE)
    assert pythons == ["3.11", "3.12", "3.13"]
    assert others == ["--with", "-p", "-q", "--group", "x"]
