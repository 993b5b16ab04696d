from __future__ import annotations

import pytest

from trail.model import Kind
from trail.wheel.facts import find_escapes, find_schemes, find_startup, find_top_level
from trail.wheel.placement import Placement

PATHS = [
    "a/__init__.py",
    "a/x/b.so",
    "a.libs/c.so",
    "d.so",
    "ns/one/lib/e.so",
    "nvidia/a/lib/f.so.1",
    "i-1.dist-info/x",
]


def test_the_order_of_files_does_not_change_a_kind() -> None:
    paths = ["a/b/c.py", "a/data", "a/__init__.py", "a/d.so"]
    for ordered in (paths, paths[::-1]):
        (top,) = find_top_level(ordered, "i-1.dist-info")
        assert (top.path, top.kind) == ("a", Kind.PACKAGE)


def test_only_its_own_dist_info_is_left_out() -> None:
    paths = ["i-1.dist-info/METADATA", "j-1.dist-info/METADATA"]
    assert [top.path for top in find_top_level(paths, "i-1.dist-info")] == ["j-1.dist-info"]


def test_startup_files_lie_at_the_top() -> None:
    assert find_startup(["b.start", "a.pth", "c/d.pth", "e.pth/f"]) == ("a.pth", "b.start")


@pytest.mark.parametrize(
    ("windows", "landings", "schemes"),
    [
        (False, ["bin/x", "lib/libtbb.so", "README", "lib/python/site-packages/a"], ("bin", "lib")),
        (False, ["lib/python/site-packages/a", "Lib/x"], ("Lib",)),
        (True, ["Scripts/x", "Lib/site-packages/a"], ("Scripts",)),
        (True, ["Lib/x/y", "Lib/site-packages/a"], ("Lib",)),
    ],
)
def test_schemes(landings: list[str], schemes: tuple[str, ...], *, windows: bool) -> None:
    placement = Placement(distribution="a", dist_info="a-1.dist-info", windows=windows)
    assert find_schemes(landings, placement) == schemes


@pytest.mark.parametrize(
    ("library", "element", "escapes"),
    [
        ("a/x/b.so", "$ORIGIN/../..", True),
        ("a/x/b.so", "${ORIGIN}/../../..", True),
        ("a/x/b.so", "@loader_path/../../other.libs", True),
        ("a/x/b.so", "$ORIGIN/../../i-1.dist-info", True),
        ("d.so", "$ORIGIN", True),
        ("ns/one/lib/e.so", "$ORIGIN/../../two/lib", True),
        ("nvidia/a/lib/f.so.1", "$ORIGIN/../../b/lib", True),
        ("a/x/b.so", "$ORIGIN/../../d.so", True),
        ("nvidia/a/lib/f.so.1", "$ORIGIN/../../a/lib", False),
        ("a/x/b.so", "$ORIGIN/../../a.libs", False),
        ("a/x/b.so", "$ORIGIN/../y/./z/", False),
        ("a/x/b.so", "/usr/lib", False),
        ("a/x/b.so", "", False),
        ("a/x/b.so", "$ORIGINAL/../../..", False),
        ("a/x/b.so", "../../..", False),
        ("ns/one/lib/e.so", "$ORIGIN/../lib", False),
        ("ns/one/lib/e.so", "$ORIGIN/..", False),
    ],
)
def test_escapes(library: str, element: str, *, escapes: bool) -> None:
    top_level = find_top_level(PATHS, "i-1.dist-info")
    found = find_escapes([(library, "DT_RUNPATH", element)], PATHS, top_level)
    assert bool(found) == escapes
