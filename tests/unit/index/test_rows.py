from __future__ import annotations

import pytest

from trail.index.rows import Packed, pack_rows, unpack_rows

VERSIONS = [f"{number}.0" for number in range(30, 0, -1)]


def test_the_rows_of_each_version_are_where_the_places_say() -> None:
    groups = [(version, [("foo", version, number)]) for number, version in enumerate(VERSIONS)]
    packed = pack_rows(groups)
    places = packed.places()

    assert [*places] == VERSIONS
    assert len(places) == len(VERSIONS)
    for version, rows in groups:
        assert unpack_rows(packed.part(*places[version])) == rows
    assert packed.size == places[VERSIONS[-1]][1]


@pytest.mark.parametrize("version", ["31.0", "1", ""])
def test_versions_that_are_not_there(version: str) -> None:
    places = pack_rows((version, []) for version in VERSIONS).places()

    assert version not in places
    assert places.get(version) is None
    assert places.get("30.0") == (0, places["30.0"][1])
    assert "1.0" in places


def test_a_head_that_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="1"):
        Packed(versions="1.0 2.0", ends=[5], data=b"").places()
    assert [*Packed(versions="", ends=[], data=b"").places()] == []
