from __future__ import annotations

import itertools

import pytest
from packaging.tags import compatible_tags, cpython_tags, parse_tag, sys_tags

from trail.resolve.accepted import accepted_by, accepted_on, suits

PLATFORMS = [
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "linux_x86_64",
]
WHEELS = [
    "-".join(parts)
    for parts in itertools.product(
        ("py3", "py2.py3", "cp312", "cp311.cp312", "cp38", "pp310", "py312", "py31"),
        ("none", "abi3", "cp312", "cp311", "cp312t", "none.cp312"),
        ("any", "win_amd64", "linux_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
    )
]


@pytest.mark.parametrize("minor", range(8, 16))
def test_a_target_accepts_what_packaging_lists(minor: int) -> None:
    short = f"cp3{minor}"
    listed = [
        *cpython_tags((3, minor), [short], PLATFORMS),
        *compatible_tags((3, minor), short, PLATFORMS),
    ]
    assert accepted_on((3, minor), PLATFORMS) == accepted_by(listed)


def test_a_wheel_suits_if_one_of_its_tags_is_accepted() -> None:
    listed = frozenset(
        (
            *cpython_tags((3, 12), ["cp312"], PLATFORMS),
            *compatible_tags((3, 12), "cp312", PLATFORMS),
        )
    )
    accepted = accepted_on((3, 12), PLATFORMS)
    expected = [not parse_tag(tags).isdisjoint(listed) for tags in WHEELS]
    assert [suits(tags, accepted) for tags in WHEELS] == expected
    assert {True, False} == set(expected)


def test_the_tags_of_this_python() -> None:
    own = list(sys_tags())
    accepted = accepted_by(own)
    assert all(suits(str(tag), accepted) for tag in own)
    assert sum(map(len, accepted.values())) == len(set(own))


@pytest.mark.parametrize("tags", ["", "foo", "py3-none", "py3-none-any-more", "--"])
def test_what_has_no_tags_suits_nobody(tags: str) -> None:
    assert not suits(tags, accepted_on((3, 12), PLATFORMS))
