from __future__ import annotations

import pytest
from packaging.tags import Tag

from trail.errors import TrailError
from trail.wheel.filename import parse_filename


def test_all_parts() -> None:
    name = parse_filename("Foo_Bar-1.0.post0-2a-cp311.cp312-abi3-manylinux_2_17_x86_64.whl")
    assert name.name == "foo-bar"
    assert name.version == "1.0.post0"
    assert name.build == "2a"
    assert name.tags == {
        Tag("cp311", "abi3", "manylinux_2_17_x86_64"),
        Tag("cp312", "abi3", "manylinux_2_17_x86_64"),
    }
    assert name.filename.startswith("Foo_Bar-")


def test_the_version_is_normalised() -> None:
    assert parse_filename("a-1.0RC1-py3-none-any.whl").version == "1.0rc1"
    assert parse_filename("a-1.0-py3-none-any.whl").build == ""


@pytest.mark.parametrize(
    ("filename", "problem"),
    [
        ("a-1.0.tar.gz", "invalid wheel filename (extension must be '.whl')"),
        ("a-1.0.whl", "invalid wheel filename (wrong number of parts)"),
        ("a-one-py3-none-any.whl", "invalid wheel filename (invalid version)"),
        ("a b-1.0-py3-none-any.whl", "invalid project name"),
        ("a-1.0-x1-py3-none-any.whl", "invalid build number: x1"),
    ],
)
def test_what_is_no_wheel_is_named(filename: str, problem: str) -> None:
    with pytest.raises(TrailError) as caught:
        parse_filename(filename)
    assert str(caught.value) == f"`{filename}` is not the file name of a wheel"
    assert dict(caught.value.details)["problem"] == problem
