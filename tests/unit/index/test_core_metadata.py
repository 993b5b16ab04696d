from __future__ import annotations

import pytest

from trail.errors import MetadataError
from trail.index.core_metadata import CoreMetadata, parse_metadata
from trail.model import NormalizedName

FOO = NormalizedName("foo-bar")
FILE = "foo_bar-1.0-py3-none-any.whl"
HEAD = b"Metadata-Version: 2.4\nName: Foo.Bar\nVersion: 1.0.0\n"


def parse(data: bytes) -> CoreMetadata:
    return parse_metadata(data, filename=FILE, name=FOO, version="1.0")


def test_what_counts() -> None:
    found = parse(
        HEAD
        + b"Requires-Dist: a>=1\nSummary: x\nrequires-dist: b[c] ; extra == 'All'\n"
        + b"Requires-Python: >=3.8, !=3.9.0\nProvides-Extra: All_Of.It\nProvides-Extra: all-of-it\n"
        + b"Dynamic: Requires-Dist\nDynamic: License-File\n\nRequires-Dist: not-me\n\xff"
    )
    assert found == CoreMetadata(
        name=FOO,
        version="1.0",
        requires_dist=("a>=1", "b[c] ; extra == 'All'"),
        requires_python=">=3.8, !=3.9.0",
        extras=(NormalizedName("all-of-it"),),
        metadata_version="2.4",
        dynamic=("license-file", "requires-dist"),
    )


def test_the_least() -> None:
    found = parse(b"Name: foo-bar\r\nVersion: 1\r\nRequires-Python:\r\n")
    assert found == CoreMetadata(name=FOO, version="1.0", metadata_version="1.0")


@pytest.mark.parametrize(
    ("fields", "static"),
    [
        (b"Metadata-Version: 2.1", False),
        (b"Metadata-Version: 2.2", True),
        (b"Metadata-Version: 2.6\nDynamic: License", True),
        (b"Metadata-Version: 2.2\nDynamic: Requires-Dist", False),
        (b"Metadata-Version: 2.2\nDynamic: provides-extra", False),
        (b"Metadata-Version: 2.2\nDynamic: Requires-Python", False),
        (b"Metadata-Version: soon", False),
    ],
)
def test_what_is_static(fields: bytes, *, static: bool) -> None:
    assert parse(fields + b"\nName: foo-bar\nVersion: 1.0\n").static is static


@pytest.mark.parametrize(
    ("data", "reason", "details"),
    [
        (b"", "METADATA cannot be read", ()),
        (b"Name: foo-bar\n", "METADATA cannot be read", ()),
        (HEAD + b"Author: \xff\n", "METADATA cannot be read", ()),
        (
            b"Name: bar\nVersion: 1.0\n",
            "METADATA names another distribution than the file name",
            (("expected", "foo-bar"), ("actual", "bar")),
        ),
        (
            b"Name: foo-bar\nVersion: 1.1\n",
            "METADATA names another version than the file name",
            (("expected", "1.0"), ("actual", "1.1")),
        ),
        (
            b"Metadata-Version: 3.0\nName: foo-bar\nVersion: 1.0\n",
            "its format is of version 3.0, this trail knows 2.x",
            (),
        ),
    ],
)
def test_what_cannot_be_used(data: bytes, reason: str, details: object) -> None:
    with pytest.raises(MetadataError) as caught:
        parse(data)
    assert str(caught.value) == f"cannot read the metadata of `{FILE}`: {reason}"
    assert caught.value.details == details
    assert (caught.value.filename, caught.value.reason) == (FILE, reason)
