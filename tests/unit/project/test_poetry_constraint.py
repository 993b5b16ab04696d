from __future__ import annotations

import random

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from poetry.core.constraints.generic import parse_constraint as parse_generic
from poetry.core.constraints.version import Version as PoetryVersion
from poetry.core.constraints.version import parse_constraint
from poetry.core.packages.utils.utils import create_nested_marker
from poetry.core.version.markers import parse_marker

from trail.project.poetry_constraint import (
    GapError,
    platform_marker,
    python_marker,
    read_constraint,
    read_pythons,
)

ENDS = ("", ".0", ".2", ".3.4", ".0.4", "rc1", ".dev1", ".post1", ".2rc1", ".0.dev0", ".2.post1")
VERSIONS = [f"{major}.{minor}{end}" for major in range(5) for minor in range(6) for end in ENDS]
VERSIONS += ["1!1.2", "1!2.0", "2021.1"]
OPERATORS = ["^", "^", "~", "~=", "==", "", ">=", "<", "<=", ">", "!=", "==*", "!=*", "*"]
PYTHONS = ["2.7.18", *(f"3.{minor}.{patch}" for minor in range(15) for patch in (0, 1, 5))]


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("*", ""),
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("^ 1.2", ">=1.2,<2"),
        ("^1!1.2", ">=1!1.2,<1!2"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("~=1", ">=1,<2"),
        ("1.2", "==1.2"),
        ("=1.2", "==1.2"),
        ("1.2.*", "==1.2.*"),
        ("1.*.*", "==1.*"),
        (">=1.*", ">=1"),
        (">= 1.2, < 2", ">=1.2,<2"),
        (">=1.2 <2 !=1.5", ">=1.2,<2,!=1.5"),
        ("^1.2,", ">=1.2,<2"),
        ("^1.2 || ^2", ">=1.2,<3"),
        ("^1 | ^2 | ^3", ">=1,<4"),
        ("^1 || ^3", ">=1,!=2.*,<4"),
        ("^1.2||^3.1", ">=1.2,!=2.*,!=3.0.*,<4"),
        ("~1.2 || ~1.4", ">=1.2,!=1.3.*,<1.5"),
        ("<2 || >=3", "!=2.*"),
        (">=1,!=1.5,<2 || ^3", ">=1,!=1.5,!=2.*,<4"),
        ("^1 || *", ""),
        ("<1 || >=1", ""),
    ],
)
def test_constraints(text: str, specifier: str) -> None:
    assert read_constraint(text) == SpecifierSet(specifier)


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("~1.2 || ^3", ">=1.2,<4"),
        ("1.2 || 1.4", ">=1.2,<=1.4"),
        ("<1.2 || >1.4", ""),
        ("^1 || ^500", ">=1,<501"),
    ],
)
def test_gaps_that_no_specifier_leaves_out(text: str, around: str) -> None:
    with pytest.raises(GapError) as caught:
        read_constraint(text)
    assert str(caught.value) == f"no version specifier (PEP 440) says `{text}`"
    assert caught.value.around == around


@pytest.mark.parametrize("text", ["", "^", "^1.x.y", "one", "===1", "^1.*", "^1 ||", "1 2 three"])
def test_what_is_no_constraint(text: str) -> None:
    with pytest.raises(ValueError, match="is no constraint of versions"):
        read_constraint(text)


def test_what_allows_nothing() -> None:
    with pytest.raises(ValueError, match="allows no version at all"):
        read_constraint(">2,<1 || >3,<2")


def make_version(chance: random.Random) -> str:
    numbers = [str(chance.randint(0, 4)) for _ in range(chance.choice([1, 2, 2, 3, 3, 4]))]
    return ".".join(numbers) + chance.choice(["", "", "", "", "", "", "rc1", ".dev1", ".post1"])


def make_constraint(chance: random.Random) -> str:
    def one() -> str:
        operator = chance.choice(OPERATORS)
        if operator == "*":
            return "*"
        if operator.endswith("*"):
            return f"{operator[:-1]}{chance.randint(0, 4)}.{chance.randint(0, 4)}.*"
        return operator + make_version(chance)

    def both() -> str:
        return chance.choice([",", " ", ", "]).join(one() for _ in range(chance.choice([1, 1, 2])))

    number = chance.choice([1, 1, 2, 2, 3])
    return chance.choice([" || ", "||", "|"]).join(both() for _ in range(number))


@pytest.mark.parametrize("seed", range(8))
def test_the_same_versions_are_allowed_as_by_poetry(seed: int) -> None:
    """For many constraints; where pre-releases of a bound may differ, that is written down.

    PEP 440 says of `!=1.2` that it allows `1.2.post1`, and Poetry writes `!=1.2` into metadata,
    but does not allow it itself.
    """
    chance = random.Random(seed)
    said = 0
    for _ in range(40):
        text = make_constraint(chance)
        theirs = parse_constraint(text)
        allowed = {version for version in VERSIONS if theirs.allows(PoetryVersion.parse(version))}
        try:
            ours = read_constraint(text)
        except GapError:
            continue
        except ValueError:
            assert not allowed, text
            continue
        said += 1
        for version in allowed ^ {one for one in VERSIONS if ours.contains(one, prereleases=True)}:
            found = Version(version)
            begins = "|" in text and is_of_bound(found, text)
            assert begins or (found.is_postrelease and "!=" in text), (text, str(ours), version)
    assert said > 20


def is_of_bound(version: Version, text: str) -> bool:
    """Whether it is a pre-release of a version that the constraint names."""
    words = text.replace("|", " ").replace(",", " ").split()
    bounds = [Version(word.lstrip("^~=<>!").removesuffix(".*")) for word in words if word != "*"]
    base = Version(version.base_version)
    return version.is_prerelease and any(base == Version(one.base_version) for one in bounds)


@pytest.mark.parametrize(
    "text",
    [
        *("3.8", "3.8.1", "^3.8", "~3.9", ">=3.8,<3.11", "~2.7 || ^3.5", ">3.8", "<=3.9", "3.*"),
        *(">=3.8.1", "!=3.9", "3.9.*", "!=3.9.*", "~3.8.1", "~=3.8", "~=3.8.2", "^3.8.1 || ~2.7"),
    ],
)
def test_the_same_pythons_are_meant_as_by_poetry(text: str) -> None:
    theirs = parse_marker(create_nested_marker("python_version", parse_constraint(text)))
    ours, specifier = python_marker(text), read_pythons(text)
    assert ours is not None
    for python in PYTHONS:
        minor = ".".join(python.split(".")[:2])
        environment = {"python_version": minor, "python_full_version": python}
        expected = theirs.validate(environment)
        assert ours.evaluate(environment) is expected, python
        assert specifier.contains(python) is expected, python


def test_all_pythons() -> None:
    assert python_marker("*") is None
    assert read_pythons("*") == SpecifierSet()
    assert read_pythons("~2.7 || ^3.3") == SpecifierSet(">=2.7,!=3.0.*,!=3.1.*,!=3.2.*,<4")


@pytest.mark.parametrize("text", ["win32", "!=win32", "win32 || darwin", "!=win32,!=darwin"])
def test_platforms(text: str) -> None:
    expected = create_nested_marker("sys_platform", parse_generic(text))
    assert platform_marker(text) == Marker(expected)


def test_any_platform() -> None:
    assert platform_marker("*") is None
    with pytest.raises(ValueError, match="is no constraint of platforms"):
        platform_marker(">=win32")
