"""Run a case in a virtualenv and in trail, and compare."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.compat.table import Case
    from tests.compat.worlds import Outcome, Session

    from trail.interpreter.model import Interpreter

__all__ = ["Verdict", "compare", "judge"]

# Words for verdicts.
SAME = "same"
KNOWN = "known difference"
FAILED = "failed"
SKIPPED = "skipped"

_LINES = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case.

    Args:
        word: one of those above.
        reason: why it is so; empty for the same.
        python: the version it ran with.
    """

    word: str
    reason: str = ""
    python: str = ""


def judge(session: Session, case: Case, minor: str) -> Verdict:
    """Run a case.

    Args:
        session: where its worlds are.
        case: what to run.
        minor: for which Python, as in the table.
    """
    python = session.python(minor)
    reason = case.skip or (f"there is no Python {minor} here" if python is None else "")
    reason = reason or _apt_fault(case)
    if reason or python is None:
        return Verdict(SKIPPED, reason, minor)
    control = session.run(case, python, "control")
    if fault := control_fault(case, control):
        return Verdict(FAILED, f"the control {fault}", python.version)
    difference = compare(control, session.run(case, python, "auto"))
    if case.differs is None:
        return Verdict(FAILED if difference else SAME, difference, python.version)
    if not difference:
        reason = "the table says that trail differs, but it does not"
        return Verdict(FAILED, reason, python.version)
    if rest := _workaround_fault(session, case, python, control):
        return Verdict(FAILED, rest, python.version)
    return Verdict(KNOWN, case.differs.reason, python.version)


def _workaround_fault(
    session: Session, case: Case, python: Interpreter, control: Sequence[Outcome]
) -> str:
    """Try what the table says that helps; an empty string if it does."""
    known = case.differs
    if known is None:
        return ""
    if mode := known.link_mode:
        rest = compare(control, session.run(case, python, mode))
        if rest:
            return f"--link-mode {mode} does not help\n{rest}"
    if known.run:
        other = replace(case, run=known.run)
        control = session.run(other, python, "control")
        rest = control_fault(other, control) or compare(control, session.run(other, python, "auto"))
        if rest:
            return f"the workaround does not help\n{rest}"
    return ""


def control_fault(case: Case, outcomes: Sequence[Outcome]) -> str:
    """Say why the control shows nothing; an empty string if it does."""
    last = outcomes[-1]
    if last.code is None:
        return f"did not end within {case.timeout:.0f} s\n{_tail(last)}"
    if (last.code != 0) is not case.fails:
        return f"ended with {last.code}\n{_tail(last)}"
    output = "\n".join(outcome.output for outcome in outcomes)
    if not re.search(case.expect, output, re.MULTILINE):
        return f"did not print `{case.expect}`\n{_tail(last)}"
    return ""


def compare(control: Sequence[Outcome], trail: Sequence[Outcome]) -> str:
    """Describe the difference of two outcomes; an empty string if there is none."""
    if [(each.code, each.output) for each in control] == [
        (each.code, each.output) for each in trail
    ]:
        return ""
    diff = list(
        difflib.unified_diff(_lines(control), _lines(trail), "control", "trail", lineterm="", n=1)
    )
    said = [f"! {line}" for line in trail[-1].errors.splitlines()[-_LINES:]]
    return "\n".join([*diff[:_LINES], *said])


def _lines(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        line
        for outcome in outcomes
        for line in (*outcome.output.splitlines(), f"exit code {outcome.code}")
    ]


def _tail(outcome: Outcome) -> str:
    return "\n".join((outcome.output + outcome.errors).splitlines()[-_LINES:])


def _apt_fault(case: Case) -> str:
    """Install Debian packages if that is possible here; say why not."""
    if not case.apt:
        return ""
    if shutil.which("dpkg") is None:
        return f"needs Debian packages: {', '.join(case.apt)}"
    missing = [
        name
        for name in case.apt
        if subprocess.run(["dpkg", "-s", name], capture_output=True, check=False).returncode
    ]
    if not missing:
        return ""
    if os.geteuid() != 0:
        return f"needs root to install {', '.join(missing)}"
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    return "" if done.returncode == 0 else f"apt-get cannot install {', '.join(missing)}"
