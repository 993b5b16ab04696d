from __future__ import annotations

import pytest

from trail.wheel.names import PathSet, decode_name, fold, is_python_name, is_safe_name


@pytest.mark.parametrize("name", ["a", "a/", "a/b.py", "...", "é/ü", "1:", "a b", "-", "ab:c"])
def test_safe_names(name: str) -> None:
    assert is_safe_name(name, windows=False)


@pytest.mark.parametrize(
    "name",
    [
        "ab:c",
        "a.",
        "a ",
        "a./b",
        "CON",
        "con.txt",
        "a/nul",
        "COM1.x.y",
        "lpt³",
        "aux .c",
        "a?",
        "a*",
    ],
)
def test_names_that_windows_takes_for_something_else(name: str) -> None:
    assert not is_safe_name(name, windows=True)
    assert is_safe_name(name, windows=False)


@pytest.mark.parametrize("name", ["a.b", "console", "com", "com10", "lpt.x", "a/b c", "é", ".x"])
def test_names_that_are_safe_on_windows(name: str) -> None:
    assert is_safe_name(name, windows=True)


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("python", True),
        ("PYTHON3.11.EXE", True),
        ("python3.13t", True),
        ("pythonw", True),
        ("python-config", False),
        ("pythonx", False),
        ("ipython", False),
    ],
)
def test_names_of_pythons(name: str, *, python: bool) -> None:
    assert is_python_name(name) == python


def test_undecodable_names() -> None:
    assert decode_name(b"a\xe2\x82b", utf8=True) == "a\\xe2\\x82b"
    assert decode_name("é".encode(), utf8=False) == "\\xc3\\xa9"


def test_folding() -> None:
    assert fold("Straße") == fold("STRASSE") == "strasse"
    assert fold("e\u0301") == fold("É")
    assert fold("A/b") != fold("A_b")


def test_paths_that_cannot_lie_in_one_tree() -> None:
    paths = PathSet()
    assert paths.add("a/b/c")
    assert paths.add("A/d")
    assert paths.add("a", folder=True)
    assert not paths.add("A", folder=True)
    assert not paths.add("a/B")
    assert not paths.add("a/b/c/d")
    assert paths.add("a/b", folder=True)
