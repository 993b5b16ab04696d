"""The document that the compatibility suite writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.compat.judge import FAILED, KNOWN, SAME, Verdict
from tests.compat.matrix import Matrix
from tests.compat.table import parse_cases

if TYPE_CHECKING:
    from pathlib import Path

TABLE = b"""\
[[case]]
name = "one"
requirements = ["six==1.17.0"]
pythons = ["", "3.8"]
run = ["python -c 'import six'"]

[[case]]
name = "two"
run = ["python"]
differs = { reason = "links are links", workaround = "none" }
"""


def test_the_document_shows_every_case(tmp_path: Path) -> None:
    one, two = parse_cases(TABLE, "1_names")
    matrix = Matrix([one, two], tmp_path / "verdicts.json")
    matrix.add(one, "", Verdict(SAME, python="3.11.7"))
    matrix.add(two, "", Verdict(KNOWN, "links are links", "3.11.7"))

    text = Matrix([one, two], tmp_path / "verdicts.json").text()

    assert "3 cases: 1 same, 1 known difference, 0 failed, 0 skipped, 1 not run yet." in text
    assert "- **two**: links are links. Workaround: none." in text
    assert "| one | six 1.17.0 | 3.11.7 | same |" in text
    assert "| one | six 1.17.0 | 3.8 | not run yet |" in text


def test_a_verdict_ends_with_its_case(tmp_path: Path) -> None:
    one, two = parse_cases(TABLE, "1_names")
    matrix = Matrix([one, two], tmp_path / "verdicts.json")
    matrix.add(one, "", Verdict(SAME))
    matrix.add(two, "", Verdict(FAILED))

    assert matrix.has(one, "")
    assert not matrix.has(one, "3.8")
    assert matrix.has(replace(one, short=True), "")
    assert not matrix.has(replace(one, requirements=("six==1.16.0",)), "")
    assert not matrix.has(two, "")  # a failure is always tried again
