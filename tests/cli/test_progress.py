"""Bars and the line that says what goes on, as a terminal of 80 columns gets them."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from trail.cli.printer import Printer
from trail.cli.progress import TerminalReporter

if TYPE_CHECKING:
    import pytest

LONG = "charset_normalizer_with_more-3.4.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"


class Terminal(io.StringIO):
    """Remembers what a terminal would be sent."""

    def isatty(self) -> bool:
        return True


def test_names_and_figures_fit_into_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    with TerminalReporter(Printer(stream=terminal)) as reporter:
        for name in ("numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl", f"{LONG}.whl"):
            reporter.begin(name, 2_000_000)
            reporter.advance(name, 1_000_000)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    lines = [line.strip("\r ") for line in shown.splitlines() if "2.0 MB" in line]
    assert all(len(line) <= 78 for line in lines)
    assert re.match(r"numpy 2\.4\.6 .*━.* 1\.0/2\.0 MB", lines[-2])
    assert re.match(r"charset_normalizer_with_mor… .*━.* 1\.0/2\.0 MB", lines[-1])


def screen(sent: str) -> list[str]:
    """What is left on a terminal that was sent this."""
    lines = []
    for line in sent.split("\n"):
        shown: list[str] = []
        for part in line.split("\r"):
            shown[: len(part)] = part
        lines.append("".join(shown).rstrip())
    return lines


def test_what_goes_on_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    with TerminalReporter(Printer(stream=terminal)) as reporter:
        reporter.doing("resolving: 9 projects, charset-normalizer")
        reporter.doing("resolving: 10 projects, six")
        assert screen(terminal.getvalue()) == ["resolving: 10 projects, six"]
        reporter.warn("`six` is archived")
        assert screen(terminal.getvalue()) == ["warning: `six` is archived", ""]
        reporter.doing(f"building {LONG}")
        assert screen(terminal.getvalue())[1] == f"building {LONG}"[:79]
    assert screen(terminal.getvalue()) == ["warning: `six` is archived", ""]


def test_what_goes_on_waits_for_downloads_and_follows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with TerminalReporter(Printer(stream=terminal)) as reporter:
        reporter.begin("six.whl", 10)
        reporter.doing("building other")
        assert "building" not in terminal.getvalue()
        reporter.end("six.whl")
        reporter.doing("building six")
        assert terminal.getvalue().endswith("\rbuilding six")
