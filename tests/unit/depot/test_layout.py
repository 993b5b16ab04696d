from __future__ import annotations

from pathlib import Path

import pytest

from trail.depot.layout import Layout, entry_id, flat, scripts, site_packages
from trail.errors import DepotError
from trail.model import EntryId, NormalizedName, Sha256

SHA = Sha256("0123456789ab" + "c" * 52)
NUMPY = "numpy/1.22.3/cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64-0123456789ab"


def test_an_entry_is_named_by_name_version_tags_and_hash() -> None:
    identity = entry_id(
        NormalizedName("numpy"),
        "1.22.3",
        "numpy-1.22.3-cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        SHA,
    )
    assert identity == NUMPY
    assert Layout(Path("/d")).entry(identity) == Path("/d/installed") / NUMPY


def test_a_build_tag_is_not_part_of_the_name() -> None:
    identity = entry_id(NormalizedName("a"), "1.0", "a-1.0-2-py3-none-any.whl", SHA)
    assert identity == "a/1.0/py3-none-any-0123456789ab"


def test_tags_that_are_too_long_for_a_file_name_are_cut() -> None:
    tags = ".".join(f"manylinux_2_{minor}_x86_64" for minor in range(40))
    identity = entry_id(NormalizedName("a"), "1.0", f"a-1.0-py3-none-{tags}.whl", SHA)
    folder = identity.split("/")[2]
    assert len(folder) == 213
    assert folder.startswith("py3-none-manylinux_2_0_x86_64.")
    assert folder.endswith("-0123456789ab")
    assert Layout(Path("/d")).entry(identity).name == folder


@pytest.mark.parametrize(
    "identity",
    [
        "a/1.0",
        "a/1.0/py3-none-any",
        "a/../py3-none-any-0123456789ab",
        "a/./py3-none-any-0123456789ab",
        "../1.0/py3-none-any-0123456789ab",
        "A/1.0/py3-none-any-0123456789ab",
        "a/1.0/x/py3-none-any-0123456789ab",
        "a/1.0/py3-none-any-0123456789AB",
        "a/1\\0/py3-none-any-0123456789ab",
        "a/1.0/py3-none-any-0123456789ab\n",
        "-a/1.0/py3-none-any-0123456789ab",
    ],
)
def test_what_is_not_an_id_never_becomes_a_path(identity: str) -> None:
    with pytest.raises(DepotError) as caught:
        Layout(Path("/d")).entry(EntryId(identity))
    assert caught.value.message == f"`{identity}` is not the id of a depot entry"


@pytest.mark.parametrize("key", ["", ".hidden", "..", "a/b", "a\\b"])
def test_what_is_not_a_key_never_becomes_a_path(key: str) -> None:
    with pytest.raises(DepotError) as caught:
        Layout(Path("/d")).prefix(key)
    assert caught.value.message == f"`{key}` is not the key of a prefix"


def test_an_entry_has_the_folders_of_an_installation() -> None:
    entry = Path("/e")
    assert site_packages(entry, windows=False) == Path("/e/lib/python/site-packages")
    assert site_packages(entry, windows=True) == Path("/e/Lib/site-packages")
    assert scripts(entry, windows=False) == Path("/e/bin")
    assert scripts(entry, windows=True) == Path("/e/Scripts")


def test_a_subject_becomes_one_file_name() -> None:
    assert flat("a/1.0+cpu/py3-none-any-0123456789ab") == "a+1.0+cpu+py3-none-any-0123456789ab"
    assert Layout(Path("/d")).lock("cp312-abc") == Path("/d/staging/locks/cp312-abc.lock")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a" * 300 + "1", "a" * 300 + "2"),
        ("1" + "a" * 300, "2" + "a" * 300),
        ("wheel:a", "wheel?a"),
        ("wheel:a", "wheel_a"),
        ("ä", "ö"),
    ],
)
def test_long_and_strange_subjects_stay_apart(one: str, other: str) -> None:
    assert flat(one) != flat(other)
    assert all(len(flat(subject)) <= 200 and flat(subject).isascii() for subject in (one, other))
