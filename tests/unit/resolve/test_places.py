"""Where packages are to come from: pinned to an index, or from a source of their own."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tests.helpers.memory_source import MemorySource, Release, normal

from trail.errors import ResolutionError
from trail.resolve.model import Origin, Place, Request, RootRequirement
from trail.resolve.resolve import Outcome, resolve
from trail.resolve.source import Direct
from trail.resolve.targets import make_targets, parse_platform

INDEX = "https://index.example/simple"
OTHER = "https://me:secret@other.example/simple"
SHOWN = "https://***@other.example/simple"
LOCAL = "file:///projects/a"
ORIGIN = Origin(file="pyproject.toml", key="project.dependencies")
TARGETS = make_targets(
    SpecifierSet("==3.12.*"), [parse_platform("linux-x86_64"), parse_platform("windows-x86_64")]
)


def place(name: str, *, index: str | None = None, url: str = "", marker: str = "") -> Place:
    direct = Direct(url=url, editable=True) if url else None
    return Place(name=normal(name), index=index, direct=direct, marker=marker)


def solve(source: MemorySource, *roots: str, places: tuple[Place, ...]) -> Outcome:
    request = Request(
        roots=tuple(RootRequirement(requirement=Requirement(one), origin=ORIGIN) for one in roots),
        places=places,
    )
    return resolve(request, TARGETS, source)


def locked(outcome: Outcome) -> list[str]:
    return [f"{one.name} {one.version}" for one in outcome.locked.packages]


def test_pinned_project_is_asked_for_at_its_index_whoever_requires_it() -> None:
    source = MemorySource({"a": {"1.0": Release(requires=("b",))}, "b": {"1.0": Release()}})
    outcome = solve(source, "a", places=(place("b", index=INDEX),))
    assert locked(outcome) == ["a 1.0", "b 1.0"]
    assert {index for name, index in source.pinned if name == "b"} == {INDEX}
    assert {index for name, index in source.pinned if name == "a"} == {None}
    assert all("b" not in names for names in source.hinted)
    assert source.elsewhere == {"b"}


def test_pinned_project_that_its_index_lacks_is_taken_from_no_other() -> None:
    source = MemorySource({"a": {"1.0": Release()}})
    with pytest.raises(ResolutionError) as caught:
        solve(source, "a", places=(place("a", index=OTHER),))
    assert caught.value.details == (
        ("because", "your project requires `a` (project.dependencies in pyproject.toml)"),
        ("so", f"there is no project `a` on {SHOWN}, where it is to come from"),
    )
    assert caught.value.hint == "check the name and the index; no other index is asked for it"
    assert {index for _, index in source.pinned} == {OTHER}


def test_pin_holds_where_its_marker_does() -> None:
    source = MemorySource({"a": {"1.0": Release()}})
    solve(source, "a", places=(place("a", index=INDEX, marker="sys_platform == 'win32'"),))
    assert {index for _, index in source.pinned} == {INDEX, None}


def test_source_is_used_for_everybody_and_must_satisfy_what_is_required() -> None:
    source = MemorySource(
        {"a": {"1.0": Release()}, "b": {"1.0": Release(requires=("a>=2",))}},
        directs={LOCAL: ("a", "2.0", Release(extras={"x": ("b",)}))},
    )
    outcome = solve(source, "a[x]", places=(place("a", url=LOCAL),))
    assert locked(outcome) == ["a 2.0", "b 1.0"]
    assert outcome.locked.packages[0].direct == Direct(url=LOCAL, editable=True)
    assert "a" not in {name for name, _ in source.pinned}
    with pytest.raises(ResolutionError):
        solve(source, "a<2", places=(place("a", url=LOCAL),))


def test_source_that_nobody_requires_is_not_looked_at() -> None:
    source = MemorySource({"b": {"1.0": Release()}})
    gone = place("a", url="file:///nothing")
    assert locked(solve(source, "b", "a; sys_platform == 'beos'", places=(gone,))) == ["b 1.0"]


def test_sources_of_a_source_hold_for_its_extras_too() -> None:
    other = "file:///projects/b"
    source = MemorySource(
        {"b": {"9.0": Release()}},
        directs={
            LOCAL: ("a", "1.0", Release(extras={"x": (f"b @ {other}",)})),
            other: ("b", "1.0", Release()),
        },
    )
    assert locked(solve(source, "a[x]", places=(place("a", url=LOCAL),))) == ["a 1.0", "b 1.0"]
    assert locked(solve(source, "a", "b", places=(place("a", url=LOCAL),))) == ["a 1.0", "b 9.0"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (place("a", index=INDEX), place("a", index=OTHER)),
        (place("a", url=LOCAL), place("a", url="file:///projects/b")),
        (place("a", url=LOCAL), place("a", index=OTHER)),
        (place("a", index=OTHER), place("a", url=LOCAL)),
    ],
)
def test_two_places_for_one_package(one: Place, two: Place) -> None:
    with pytest.raises(ResolutionError) as caught:
        solve(MemorySource({}), "a", places=(one, two))
    assert caught.value.message == "`a` is required from two places"
    assert "secret" not in str(caught.value.details)
    apart = (
        place("a", index=INDEX, marker="sys_platform == 'linux'"),
        place("a", index=OTHER, marker="sys_platform == 'beos'"),
    )
    source = MemorySource({"a": {"1.0": Release()}})
    assert locked(solve(source, "a", places=apart)) == ["a 1.0"]
