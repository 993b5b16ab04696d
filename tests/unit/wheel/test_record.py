from __future__ import annotations

import csv
import io

import pytest

from trail.wheel.faults import Fault
from trail.wheel.record import Row, format_record, parse_record

EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_rows() -> None:
    text = f'a,sha256={EMPTY},0\r\n\r"b,""c""",,\n'
    assert parse_record(text.encode(), "RECORD") == (
        Row(path="a", algorithm="sha256", digest=DIGEST, size=0),
        Row(path='b,"c"', algorithm=None, digest="", size=None),
    )


def test_the_hash_as_it_is_shown() -> None:
    strong, none = parse_record(f"a,sha256={EMPTY},\nb,,\n".encode(), "RECORD")
    assert strong.hash == f"sha256={DIGEST}"
    assert strong.strong
    assert none.hash is None
    assert not none.strong


@pytest.mark.parametrize("digits", [DIGEST, DIGEST.upper()])
def test_hexadecimal_digits(digits: str) -> None:
    """As in the wheels of furo 2022.9.29."""
    assert parse_record(f"a,sha256={digits},0\n".encode(), "RECORD") == (
        Row(path="a", algorithm="sha256", digest=DIGEST, size=0),
    )


def test_the_line_is_named() -> None:
    with pytest.raises(Fault) as caught:
        parse_record(b"a,,\n\nb,\n", "x/RECORD")
    fault = caught.value
    assert (fault.code, fault.member, fault.actual) == ("record-format", "x/RECORD", "line 3")


def test_what_is_written_can_be_read() -> None:
    paths = ["a", "é/日", 'with,"quotes"', "with space", "'x'", "#", "ü, 1"]
    data = format_record([(path, DIGEST, 0) for path in paths] + [("RECORD", None, None)])
    rows = parse_record(data, "RECORD")
    assert [row.path for row in rows] == sorted([*paths, "RECORD"])
    assert list(csv.reader(io.StringIO(data.decode()))) == [
        [row.path, f"sha256={EMPTY}" if row.strong else "", "0" if row.strong else ""]
        for row in rows
    ]
