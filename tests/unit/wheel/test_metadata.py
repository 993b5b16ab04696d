from __future__ import annotations

import pytest

from trail.model import EntryPoint
from trail.wheel.faults import Fault
from trail.wheel.metadata import (
    check_metadata,
    parse_entry_points,
    parse_wheel,
    same_name,
    same_version,
)


def test_names_and_versions_by_their_meaning() -> None:
    assert same_name("Foo._Bar", "foo-bar")
    assert not same_name("foobar", "foo-bar")
    assert same_version("1.0.0", "1")
    assert same_version("1.0-1", "1.0.post1")
    assert not same_version("1.0+a", "1.0")
    assert not same_version("one", "one")


def test_wheel_says_whether_the_root_is_purelib() -> None:
    assert parse_wheel(b"Wheel-Version: 1.0\r\nROOT-IS-PURELIB:  True \r\n", "WHEEL")
    assert not parse_wheel(b"Root-Is-Purelib: FALSE\rWheel-Version: 1.0", "WHEEL")


def test_metadata_has_a_body_of_any_encoding() -> None:
    check_metadata(b"Name: A\nVersion: 1\n\n\xff", "METADATA", name="a", version="1.0")
    check_metadata(b"Name: A\nVersion: 1\n\xff", "METADATA", name="a", version="1.0")


def test_metadata_of_another_version() -> None:
    with pytest.raises(Fault) as caught:
        check_metadata(b"Name: a\nVersion: 2\n", "METADATA", name="a", version="1")
    fault = caught.value
    assert (fault.code, fault.expected, fault.actual) == ("metadata-version", "1", "2")


def test_scripts() -> None:
    text = "[console_scripts]\nb = m:f\na = m.n:c.d [x]\n[gui_scripts]\nc=m:g\n[other]\nd=m:h\n"
    assert parse_entry_points(text.encode(), "entry_points.txt") == (
        EntryPoint(name="a", value="m.n:c.d"),
        EntryPoint(name="b", value="m:f"),
        EntryPoint(name="c", value="m:g", gui=True),
    )


@pytest.mark.parametrize("value", ["", "m", "m:", ":f", "m:f()", "m-n:f", "m:f g", "m::f", "m.:f"])
def test_what_is_no_function_makes_no_script(value: str) -> None:
    text = f"[console_scripts]\nx = m:f\nx = {value}\n"
    assert parse_entry_points(text.encode(), "entry_points.txt") == ()
