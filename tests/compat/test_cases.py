"""The short part of the compatibility suite; `python3 dev.py compat` runs the whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.compat.judge import KNOWN, SAME, SKIPPED, Verdict, compare, control_fault, judge
from tests.compat.table import Case, parse_cases, read_table
from tests.compat.worlds import Outcome, Session, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = read_table()
SHORT = [
    pytest.param(case, minor, id=f"{case.name}-{minor or 'running'}")
    for case in CASES
    if case.short
    for minor in case.pythons
]


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    with Session() as made:
        yield made


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.xdist_group("compat")
@pytest.mark.skipif(sys.platform != "linux", reason="the cases are for Linux")
@pytest.mark.parametrize(("case", "minor"), SHORT)
def test_a_case_is_as_in_a_virtualenv(case: Case, minor: str, session: Session) -> None:
    verdict = judge(session, case, minor)

    if verdict.word == SKIPPED:
        pytest.skip(verdict.reason)
    wanted = KNOWN if case.differs else SAME
    assert verdict == Verdict(
        wanted, case.differs.reason if case.differs else "", verdict.python
    ), verdict.reason


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.xdist_group("compat")
@pytest.mark.skipif(sys.platform != "linux", reason="the cases are for Linux")
def test_no_case_has_changed_the_depot(session: Session) -> None:
    if not session.depot.exists():
        pytest.skip("no case was run")

    assert session.changes() == []


def test_each_group_has_short_cases() -> None:
    groups = {case.group for case in CASES if case.group[0] in "12345"}

    assert {case.group for case in CASES if case.short} >= groups


def test_a_case_names_what_it_needs() -> None:
    text = b"""\
[[case]]
name = "one"
requirements = ["six==1.17.0"]
run = ["python -c 'print(1)'"]
differs = { reason = "links", workaround = "none", link-mode = "hardlink", run = ["a"] }
"""

    [case] = parse_cases(text, "1")

    assert case.pythons == ("",)
    assert case.differs is not None
    assert case.differs.link_mode == "hardlink"
    assert case.differs.run == ("a",)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"case `one` of 1: .* unexpected keyword argument 'rum'"):
        parse_cases(b'[[case]]\nname = "one"\nrun = []\nrum = []\n', "1")


def test_a_difference_is_shown() -> None:
    control = [Outcome(0, "a\nb\n", "")]
    trail = [Outcome(1, "a\nc\n", "oh\n")]

    assert compare(control, control) == ""
    assert compare(control, trail).splitlines()[3:] == [
        *(" a", "-b", "-exit code 0", "+c", "+exit code 1", "! oh")
    ]


def test_the_control_must_do_what_the_case_is_about() -> None:
    [case] = parse_cases(b'[[case]]\nname = "one"\nrun = ["x"]\nexpect = "^done"\n', "1")

    assert control_fault(case, [Outcome(0, "so\ndone\n", "")]) == ""
    assert control_fault(case, [Outcome(0, "not done", "")]) == "did not print `^done`\nnot done"
    assert control_fault(case, [Outcome(3, "done", "")]) == "ended with 3\ndone"
    assert control_fault(case, [Outcome(None, "", "")]) == "did not end within 120 s\n"


def test_places_and_times_do_not_count() -> None:
    text = "/p/x/a.py <object at 0x7f00aabbcc> in 0.12s, pid 77"

    found = normalised(text, (("/p/x", "<prefix>"),), (r"pid \d+",))

    assert found == "<prefix>/a.py <object at <address>> in <time>, "
