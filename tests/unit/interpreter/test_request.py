from __future__ import annotations

import pytest

from trail.errors import InterpreterError
from trail.interpreter.request import parse_request, read_version_file


@pytest.mark.parametrize(
    ("text", "implementation", "specifier", "minor", "free_threaded"),
    [
        ("3", None, "==3.*", None, False),
        ("3.12", None, "==3.12.*", "3.12", False),
        ("3.12.1", None, "==3.12.1", "3.12", False),
        ("3.15.0rc1", None, "==3.15.0rc1", "3.15", False),
        ("python3.12", None, "==3.12.*", "3.12", False),
        ("cpython3.12", "cpython", "==3.12.*", "3.12", False),
        ("cpython@3.12", "cpython", "==3.12.*", "3.12", False),
        ("CPython-3.12.1-linux-x86_64-gnu", "cpython", "==3.12.1", "3.12", False),
        ("pypy3.10", "pypy", "==3.10.*", "3.10", False),
        ("pypy3.10-7.3.15", "pypy", "==3.10.*", "3.10", False),
        ("pypy", "pypy", "", None, False),
        ("python", None, "", None, False),
        ("3.13t", None, "==3.13.*", "3.13", True),
        ("cpython-3.13.0+freethreaded-linux-x86_64-gnu", "cpython", "==3.13.0", "3.13", True),
        (">=3.9", None, ">=3.9", None, False),
        (" >=3.9,<3.13 ", None, "<3.13,>=3.9", None, False),
        ("~=3.10", None, "~=3.10", None, False),
    ],
)
def test_versions_and_names(
    text: str, implementation: str | None, specifier: str, minor: str | None, *, free_threaded: bool
) -> None:
    found = parse_request(text)
    assert found.implementation == implementation
    assert str(found.specifier) == specifier
    assert found.minor == minor
    assert found.free_threaded == free_threaded
    assert found.place is None


@pytest.mark.parametrize("text", ["/usr/bin/python3", "./venv", "~/py", "miniconda3-latest"])
def test_places(text: str) -> None:
    assert parse_request(text).place == text


def test_a_broken_range() -> None:
    with pytest.raises(InterpreterError, match=r"^`>=three` is not a version range$"):
        parse_request(">=three")


def test_an_empty_request() -> None:
    with pytest.raises(InterpreterError, match=r"^the wanted Python has no name$"):
        parse_request(" ")


def test_a_version_file() -> None:
    text = "\ufeff# ours\n3.12.1  # first\n\nsystem\npypy3.10-7.3.15\r\n"
    assert [one.text for one in read_version_file(text)] == ["3.12.1", "pypy3.10-7.3.15"]
