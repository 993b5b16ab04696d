from __future__ import annotations

import random

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from trail.resolve.versions import Versions

RELEASES = ("0.9", "1", "1.0", "1.0.1", "1.1", "1.10", "2", "2.0.3", "10.0", "1!0.5")
ENDINGS = (
    "",
    ".dev0",
    "a1",
    "a1.dev3",
    "b2",
    "rc1",
    "rc1.post2",
    ".post0",
    ".post1.dev2",
    ".post3",
)
LOCALS = ("", "+abc", "+1.2")

EVERYTHING = tuple(
    {
        Version(release + ending + local)
        for release in RELEASES
        for ending in ENDINGS
        for local in LOCALS
    }
)
SPECIFIERS = (
    *(
        f"{sign}{release}{ending}"
        for sign in ("==", "!=", ">=", "<=", ">", "<")
        for release in RELEASES
        for ending in ENDINGS
    ),
    *(f"~={release}{ending}" for release in RELEASES for ending in ENDINGS if "." in release),
    *(f"{sign}{release}.*" for sign in ("==", "!=") for release in RELEASES),
    *(f"{sign}1.0+abc" for sign in ("==", "!=")),
    "===1.0",
    "===1.0+abc",
    "===nonsense",
)


def plain(versions: Versions, specifiers: SpecifierSet) -> set[int]:
    found = set(specifiers.filter(versions, prereleases=True))
    return {place for place, version in enumerate(versions) if version in found}


def places(mask: int) -> set[int]:
    return {place for place in range(mask.bit_length()) if mask >> place & 1}


def lazily(versions: tuple[Version, ...]) -> Versions:
    return Versions([str(version) for version in sorted(versions, reverse=True)])


@pytest.mark.parametrize("share", [1.0, 0.3, 0.05])
def test_every_kind_of_specifier_is_as_packaging_has_it(share: float) -> None:
    chance = random.Random(7)  # no secret
    for text in SPECIFIERS:
        some = tuple(one for one in EVERYTHING if chance.random() < share)
        versions = lazily(some)
        specifiers = SpecifierSet(text)
        assert places(versions.satisfying(specifiers)) == plain(versions, specifiers), text


def test_several_specifiers_hold_together() -> None:
    chance = random.Random(11)  # no secret
    versions = lazily(EVERYTHING)
    for _ in range(200):
        specifiers = SpecifierSet(",".join(chance.sample(SPECIFIERS, 3)))
        assert places(versions.satisfying(specifiers)) == plain(versions, specifiers), specifiers


def test_an_empty_set_of_specifiers_takes_all() -> None:
    versions = lazily(EVERYTHING)
    assert versions.satisfying(SpecifierSet()) == versions.everything


def test_nothing_is_parsed_that_nobody_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(text: str) -> Version:
        parsed.append(text)
        return Version(text)

    monkeypatch.setattr("trail.resolve.versions.Version", parse)
    versions = Versions([f"{number}.0" for number in range(1000, 0, -1)])
    mask = versions.satisfying(SpecifierSet(">=500,<800"))
    assert len(places(mask)) == 300
    assert len(parsed) < 50


def test_a_version_is_found_however_it_is_spelled() -> None:
    versions = lazily((Version("2.0"), Version("1.0"), Version("0.5")))
    assert [versions.place(Version(text)) for text in ("2.0", "1.0.0", "1", "0.4", "3")] == [
        *(0, 1, 1, None, None)
    ]


def test_versions_that_are_parsed_are_sorted() -> None:
    versions = Versions.of([Version("1.0"), Version("2.0rc1"), Version("2.0")])
    assert list(versions) == [Version("2.0"), Version("2.0rc1"), Version("1.0")]
    assert len(versions) == 3
    assert not Versions([])
