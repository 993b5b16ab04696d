from __future__ import annotations

import pytest

from trail.extras import extras_named, split_extra


@pytest.mark.parametrize(
    ("marker", "rest", "extra"),
    [
        ('extra == "x"', "", "x"),
        (" extra=='X.y' ", "", "X.y"),
        ("(extra == 'x')", "", "x"),
        ("os_name == 'nt' and extra == 'x'", "os_name == 'nt'", "x"),
        ("extra == 'x' and os_name == 'nt'", "os_name == 'nt'", "x"),
        ("a == '1' and (extra == 'x') and b == '2'", "a == '1' and b == '2'", "x"),
        ("(a == '1' or b == '2') and extra == 'x'", "(a == '1' or b == '2')", "x"),
        ("a == 'this or that' and extra == 'x'", "a == 'this or that'", "x"),
        ("a == '(' and extra == 'x'", "a == '('", "x"),
    ],
)
def test_the_extra_is_taken_out(marker: str, rest: str, extra: str) -> None:
    assert split_extra(marker) == (rest, extra)


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "os_name == 'nt'",
        "a == '1' or extra == 'x'",
        "a == '1' or b == '2' and extra == 'x'",
        "(a == '1' or extra == 'x')",
        "extra == 'x' and extra == 'y'",
        "extra == 'x' and (a == '1' or extra == 'y')",
        "(a == '1') or (extra == 'x')",
        "extra != 'x'",
    ],
)
def test_what_may_hold_without_it_stays_as_it_is(marker: str) -> None:
    assert split_extra(marker) == (marker, "")


def test_all_extras_are_named() -> None:
    marker = "extra == 'x' or (os_name == 'nt' and extra==\"y\") or extra == 'x'"
    assert extras_named(marker) == ["x", "y", "x"]
    assert extras_named("os_name == 'nt'") == []
