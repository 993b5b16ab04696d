from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from trail.resolve.markers import Markers, all_of, any_of
from trail.resolve.targets import (
    DEFAULT_PLATFORMS,
    make_targets,
    parse_platform,
    split_patches,
)

if TYPE_CHECKING:
    from trail.resolve.model import Target

TARGETS = make_targets(
    SpecifierSet(">=3.11"), [parse_platform(name) for name in (*DEFAULT_PLATFORMS, "macos-x86_64")]
)


def where(targets: tuple[Target, ...], marker: str | None) -> int:
    """Evaluate a marker everywhere, with packaging."""
    if marker is None:
        return (1 << len(targets)) - 1
    parsed = Marker(marker)
    return sum(
        1 << place for place, one in enumerate(targets) if parsed.evaluate(dict(one.environment))
    )


def chosen(marker: str) -> str | None:
    """Ask for a marker that is true where another one is."""
    return Markers(TARGETS).marker(where(TARGETS, marker))


@pytest.mark.parametrize(
    "marker",
    [
        "sys_platform == 'win32'",
        "sys_platform != 'win32'",
        "sys_platform == 'linux'",
        "python_version < '3.13'",
        "python_version >= '3.12'",
        "python_version == '3.12'",
        "python_version != '3.13'",
        "python_version >= '3.12' and python_version < '3.14'",
        "platform_machine == 'arm64'",
        "sys_platform == 'linux' and platform_machine == 'x86_64'",
        "python_version < '3.12' and sys_platform == 'win32'",
    ],
)
def test_marker_is_as_a_person_would_write_it(marker: str) -> None:
    assert chosen(marker) == marker


def test_marker_of_all_targets_is_none() -> None:
    assert chosen("python_version >= '3.8'") is None


def test_equal_markers_become_the_better_known_one() -> None:
    assert chosen("os_name == 'nt'") == "sys_platform == 'win32'"
    assert chosen("platform_system == 'Darwin'") == "sys_platform == 'darwin'"


def test_sum_of_two() -> None:
    assert chosen("sys_platform == 'win32' or python_version < '3.12'") == (
        "sys_platform == 'win32' or python_version < '3.12'"
    )


def test_free_targets_make_it_shorter() -> None:
    markers = Markers(TARGETS)
    wanted = where(TARGETS, "sys_platform == 'win32' and python_version >= '3.13'")
    free = where(TARGETS, "sys_platform == 'win32'")

    assert markers.marker(wanted, free) == "sys_platform == 'win32'"
    assert markers.marker(wanted, markers.everything & ~wanted) is None


def test_patch_releases_are_told_apart() -> None:
    target = make_targets(SpecifierSet("==3.11.*"), [parse_platform("linux-x86_64")])[0]
    targets = split_patches(target, [3])

    assert [one.name for one in targets] == [
        "cpython-3.11.3 linux-x86_64",
        "cpython-3.11 linux-x86_64",
    ]
    assert Markers(targets).marker(0b10) == "python_full_version < '3.11.3'"
    assert Markers(targets).marker(0b01) == "python_full_version >= '3.11.3'"


def test_any_set_has_its_marker() -> None:
    markers = Markers(TARGETS)
    chance = random.Random(5)
    for _ in range(300):
        wanted = chance.getrandbits(len(TARGETS)) & chance.getrandbits(len(TARGETS))
        free = chance.getrandbits(len(TARGETS)) & ~wanted
        if wanted:
            found = where(TARGETS, markers.marker(wanted, free))
            assert found & ~free == wanted


def test_targets_that_nothing_tells_apart_are_an_error() -> None:
    one = TARGETS[0]
    with pytest.raises(ValueError, match="no marker tells these targets from others"):
        Markers((one, one)).marker(0b01)


def test_environments_name_each_platform_and_the_pythons_if_not_all() -> None:
    targets = make_targets(
        SpecifierSet(">=3.13"),
        [parse_platform(name) for name in ("linux-x86_64", "windows-x86_64")],
    )
    covered = where(targets, "sys_platform == 'linux' or python_version < '3.15'")

    linux, windows = Markers(targets).environments(covered)
    assert linux == (
        "platform_system == 'Linux' and platform_machine == 'x86_64'"
        " and implementation_name == 'cpython'"
    )
    assert windows == (
        "platform_system == 'Windows' and platform_machine == 'AMD64'"
        " and implementation_name == 'cpython' and python_version < '3.15'"
    )


def test_markers_are_joined_with_the_parentheses_that_they_need() -> None:
    assert any_of("a == 'b'", "c == 'd' and e == 'f'") == "a == 'b' or (c == 'd' and e == 'f')"
    assert all_of("a == 'b'", "c == 'd' or e == 'f'") == "a == 'b' and (c == 'd' or e == 'f')"
    assert any_of("a == 'b'", None) is None
    assert all_of("a == 'b'", None) == "a == 'b'"
    assert all_of(None, None) is None
