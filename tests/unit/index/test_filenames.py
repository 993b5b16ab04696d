from __future__ import annotations

import pytest

from trail.index.filenames import split_filename
from trail.model import NormalizedName


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("A.b_C-1.0RC1-py3-none-any.whl", ("a-b-c", "1.0rc1")),
        ("a-1.0-2-py3-none-any.whl", ("a", "1.0")),
        ("a-b-1.0.tar.gz", ("a-b", "1.0")),
        ("a-b-1.0.zip", ("a-b", "1.0")),
        ("a-1.0.tar.bz2", None),
        ("a.tar.gz", None),
        ("a-1.0.whl", None),
        ("..\\a-1.0.tar.gz", None),
        ("", None),
    ],
)
def test_names_of_files(filename: str, expected: object) -> None:
    assert split_filename(filename) == expected


def test_the_expected_project_decides_where_the_version_begins() -> None:
    name = "a-b-1.0-2.zip"
    assert split_filename(name) == ("a-b-1-0", "2")
    assert split_filename(name, NormalizedName("a-b")) == ("a-b", "1.0.post2")
    assert split_filename(name, NormalizedName("c")) is None
