"""One target or many: which versions are chosen, and what the lock says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tests.helpers.memory_source import MemorySource, Release, normal
from tests.scenarios.check import select, wanted

from trail.errors import ResolutionError
from trail.report import Reporter
from trail.resolve.model import (
    Names,
    Options,
    Prerelease,
    Request,
    RootRequirement,
    Scope,
    ScopeKind,
    Strategy,
)
from trail.resolve.resolve import Outcome, resolve
from trail.resolve.targets import DEFAULT_PLATFORMS, make_targets, parse_platform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trail.resolve.model import Target

ONE = make_targets(SpecifierSet("==3.12.*"), [parse_platform("linux-x86_64")])
ALL = make_targets(SpecifierSet(">=3.11"), [parse_platform(name) for name in DEFAULT_PLATFORMS])
R = Release


class Warnings(Reporter):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def warn(self, message: str) -> None:
        self.texts.append(message)


def root(text: str, scope: str = "") -> RootRequirement:
    if not scope:
        return RootRequirement(requirement=Requirement(text))
    kind, _, name = scope.partition(" ")
    return RootRequirement(
        requirement=Requirement(text), scope=Scope(ScopeKind(kind), normal(name))
    )


def names(*texts: str) -> Names:
    return Names(names=frozenset(map(normal, texts)))


def chosen(source: MemorySource, *roots: str, options: Options | None = None) -> str:
    """Resolve for one target, and write the result as `a 1.0, b 2.0`."""
    request = Request(roots=tuple(map(root, roots)), options=options or Options())
    outcome = resolve(request, ONE, source)
    return ", ".join(f"{one.name} {one.version}" for one in outcome.locked.packages)


def markers(outcome: Outcome) -> list[tuple[str, str, str | None]]:
    return [(one.name, str(one.version), one.marker) for one in outcome.locked.packages]


# --- which versions


def test_newest_versions_are_chosen_and_backtracking_finds_older_ones() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(requires=("c<2",)), "2.0": R(requires=("c>=2",))},
            "b": {"1.0": R(requires=("c<2",))},
            "c": {"1.0": R(), "1.9": R(), "2.0": R()},
        }
    )
    assert chosen(source, "a") == "a 2.0, c 2.0"
    assert chosen(source, "a", "b") == "a 1.0, b 1.0, c 1.9"


def test_what_nobody_demands_any_more_is_left_out() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(), "2.0": R(requires=("only-of-a2", "z<2"))},
            "b": {"1.0": R(requires=("a<2", "z"))},
            "only-of-a2": {"1.0": R(requires=("z<1",))},
            "z": {"0.5": R(), "1.0": R(), "2.0": R()},
        }
    )
    assert chosen(source, "a", "b") == "a 1.0, b 1.0, z 2.0"


def test_lowest_versions() -> None:
    source = MemorySource(
        {
            "a": {f"1.{minor}": R(requires=("b>=2",)) for minor in range(3)},
            "b": {f"{major}.0": R() for major in range(1, 5)},
        }
    )
    assert chosen(source, "a>=1.1") == "a 1.2, b 4.0"
    assert chosen(source, "a>=1.1", options=Options(strategy=Strategy.LOWEST)) == "a 1.1, b 2.0"
    direct = Options(strategy=Strategy.LOWEST_DIRECT)
    assert chosen(source, "a>=1.1", options=direct) == "a 1.1, b 4.0"


def test_prereleases_come_last_unless_the_project_asks_for_one() -> None:
    source = MemorySource({"a": {"1.0": R(), "2.0rc1": R()}, "b": {"1.0": R(requires=("a>=1.5",))}})

    assert chosen(source, "a") == "a 1.0"
    assert chosen(source, "a>=2.0rc1") == "a 2.0rc1"
    assert chosen(source, "a>=1.0rc1") == "a 2.0rc1"
    assert chosen(source, "a>1") == "a 2.0rc1"
    assert chosen(source, "b") == "a 2.0rc1, b 1.0"
    assert chosen(source, "a", options=Options(prerelease=Prerelease.ALLOW)) == "a 2.0rc1"


def test_yanked_versions_need_a_person_or_a_lock() -> None:
    source = MemorySource(
        {"a": {"1.0": R(), "2.0": R(yanked="broken")}, "b": {"1.0": R(requires=("a==2.0",))}}
    )
    assert chosen(source, "a") == "a 1.0"
    assert chosen(source, "a==2.0") == "a 2.0"
    assert chosen(source, "b", "a==2.0") == "a 2.0, b 1.0"
    kept = Options(preferences={normal("a"): (Version("2.0"),)})
    assert chosen(source, "a", options=kept) == "a 2.0"
    with pytest.raises(ResolutionError):
        chosen(source, "a==2.*")
    with pytest.raises(ResolutionError):
        chosen(source, "b")


def test_preferences_hold_unless_they_cannot_or_are_upgraded() -> None:
    source = MemorySource({"a": {f"{major}.0": R() for major in range(1, 5)}})
    options = Options(preferences={normal("a"): (Version("2.0"), Version("7.0"))})

    assert chosen(source, "a", options=options) == "a 2.0"
    assert chosen(source, "a>=3", options=options) == "a 4.0"
    assert chosen(source, "a", options=replace(options, upgrade=names("a"))) == "a 4.0"
    assert chosen(source, "a", options=replace(options, upgrade=Names(everything=True))) == "a 4.0"


def test_constraints_hold_only_for_what_is_required() -> None:
    source = MemorySource({"a": {"1.0": R(requires=("b",))}, "b": {"1.0": R(), "2.0": R()}})
    options = Options(constraints=(root("b<2"), root("unknown<1")))

    assert chosen(source, "a", options=options) == "a 1.0, b 1.0"


def test_overrides_replace_what_anybody_requires() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(requires=("b[x]<2", "c"))},
            "b": {"1.0": R(), "2.0": R(extras={"x": ("d",)})},
            "c": {"1.0": R()},
            "d": {"1.0": R()},
        }
    )
    options = Options(overrides=(root("b>=2"), root("c ; sys_platform == 'win32'")))

    assert chosen(source, "a", options=options) == "a 1.0, b 2.0, d 1.0"


def test_newer_files_do_not_exist() -> None:
    source = MemorySource(
        {
            "a": {
                f"{year}.0": R(uploaded=datetime(year, 1, 1, tzinfo=UTC))
                for year in range(2020, 2026)
            }
        }
    )
    limit = Options(exclude_newer=datetime(2023, 1, 1, tzinfo=UTC))
    assert chosen(source, "a", options=limit) == "a 2022.0"


def test_version_without_fitting_wheel_needs_a_source() -> None:
    windows = ("cp312-cp312-win_amd64",)
    source = MemorySource(
        {"a": {"1.0": R(), "2.0": R(wheels=windows), "3.0": R(wheels=windows, sdist=False)}}
    )
    assert chosen(source, "a") == "a 2.0"
    assert chosen(source, "a", options=Options(no_build=names("a"))) == "a 1.0"
    outcome = resolve(Request(roots=(root("a"),)), ONE, source)
    assert outcome.resolutions[0].packages[normal("a")].build


# --- extras


def test_extras_are_followed_and_unknown_ones_reported() -> None:
    source = MemorySource(
        {
            "a": {
                "1.0": R(
                    requires=("c",),
                    extras={"One_Two": ("b", "a[three]"), "three": ("d ; python_version > '3'",)},
                )
            },
            "b": {"1.0": R(requires=("a",))},
            "c": {"1.0": R()},
            "d": {"1.0": R()},
        }
    )
    reporter = Warnings()
    outcome = resolve(Request(roots=(root("a[one.two,four]"),)), ONE, source, reporter=reporter)

    assert [one.name for one in outcome.locked.packages] == ["a", "b", "c", "d"]
    assert outcome.locked.packages[0].extras == {"one-two", "three"}
    assert reporter.texts == ["`a` 1.0 has no extra `four`"]


def test_extra_asked_for_later_does_not_change_the_version() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(extras={"x": ("c",)}), "2.0": R(extras={"x": ("c<1",)})},
            "b": {"1.0": R(requires=("a[x]",))},
            "c": {"1.0": R()},
        }
    )
    assert chosen(source, "a", "b") == "a 1.0, b 1.0, c 1.0"


def test_marker_of_an_extra_with_or_is_evaluated() -> None:
    source = MemorySource(
        {
            "a": {
                "1.0": R(
                    requires=(
                        "b ; extra == 'x' or sys_platform == 'linux'",
                        "c ; extra == 'x' or sys_platform == 'win32'",
                    )
                )
            },
            "b": {"1.0": R()},
            "c": {"1.0": R()},
        }
    )
    assert chosen(source, "a") == "a 1.0, b 1.0"
    assert chosen(source, "a[x]") == "a 1.0, b 1.0, c 1.0"


# --- direct references


def test_direct_reference_is_used_for_everybody() -> None:
    url = "https://files.example/a-9.zip"
    source = MemorySource(
        {"a": {"1.0": R()}, "b": {"1.0": R(requires=("a",))}, "c": {"1.0": R()}},
        directs={url: ("a", "9.0rc1", R(requires=("c",)))},
    )
    assert chosen(source, f"a @ {url}", "b") == "a 9.0rc1, b 1.0, c 1.0"
    with pytest.raises(ResolutionError) as caught:
        chosen(source, f"a @ {url}", "a @ https://files.example/other.zip")
    assert caught.value.message == "`a` is required from two places"
    with pytest.raises(ResolutionError) as caught:
        chosen(source, "a @ https://files.example/gone.zip")
    assert caught.value.message == "`a` cannot be had from `https://files.example/gone.zip`"
    assert caught.value.details == (("reason", "nothing is there"),)


def test_direct_reference_may_name_others() -> None:
    one, two = "https://files.example/one.zip", "https://files.example/two.zip"
    source = MemorySource(
        {"two": {"1.0": R()}},
        directs={one: ("one", "1.0", R(requires=(f"two @ {two}",))), two: ("two", "2.0", R())},
    )
    assert chosen(source, f"one @ {one}", "two") == "one 1.0, two 2.0"


# --- many targets


def check(
    outcome: Outcome, request: Request, source: MemorySource, targets: Iterable[Target]
) -> None:
    """Hold a lock against the metadata, on every target, with every extra and group alone."""
    locked = outcome.locked
    for target in targets:
        for extra in (None, *locked.extras):
            for group in (None, *locked.groups):
                extras, groups = filter(None, [extra]), filter(None, [group])
                choice = {"extras": tuple(extras), "groups": tuple(groups)}
                versions = select(locked, target, **choice)
                assert wanted(request, source, target, versions, **choice) == set(versions)


def test_one_result_serves_all_targets_that_cannot_be_told_apart() -> None:
    source = MemorySource(
        {"a": {"1.0": R(requires=("b ; sys_platform == 'win32'",))}, "b": {"1.0": R()}}
    )
    request = Request(roots=(root("a"),))
    outcome = resolve(request, ALL, source)

    assert outcome.solved == 2
    assert len(outcome.resolutions) == len(ALL)
    assert markers(outcome) == [("a", "1.0", None), ("b", "1.0", "sys_platform == 'win32'")]
    assert outcome.locked.packages[0].dependencies[0].marker == "sys_platform == 'win32'"
    check(outcome, request, source, ALL)


def test_versions_differ_only_where_they_must() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(), "2.0": R(requires_python=">=3.13")},
            "b": {"1.0": R(requires=("c==1.0",)), "2.0": R(requires=("c==1.0",))},
            "c": {"1.0": R(), "2.0": R()},
            "d": {"1.0": R(requires=("a<2 ; sys_platform == 'darwin'", "b"))},
        }
    )
    request = Request(roots=(root("a"), root("d")))
    outcome = resolve(request, ALL, source)

    assert markers(outcome) == [
        ("a", "1.0", "sys_platform == 'darwin' or python_version < '3.13'"),
        ("a", "2.0", "python_version >= '3.13' and sys_platform != 'darwin'"),
        ("b", "2.0", None),
        ("c", "1.0", None),
        ("d", "1.0", None),
    ]
    check(outcome, request, source, ALL)


def test_extras_and_groups_get_markers() -> None:
    source = MemorySource(
        {
            "a": {"1.0": R(requires=("shared",))},
            "web": {"1.0": R(requires=("shared", "loop ; sys_platform != 'win32'"))},
            "test": {"1.0": R(requires=("loop",))},
            "shared": {"1.0": R()},
            "loop": {"1.0": R()},
        }
    )
    request = Request(
        name=normal("project"),
        roots=(
            root("a"),
            root("web", "extra web"),
            root("project[web]", "extra all"),
            root("project[all]", "extra all"),
            root("test", "group dev"),
            root("project[web] ; python_version < '3.12'", "group docs"),
        ),
    )
    outcome = resolve(request, ALL, source)

    loop = (
        "(sys_platform != 'win32' and ('all' in extras or 'web' in extras))"
        " or 'dev' in dependency_groups"
        " or (python_version < '3.12' and sys_platform != 'win32'"
        " and 'docs' in dependency_groups)"
    )
    web = (
        "'all' in extras or 'web' in extras"
        " or (python_version < '3.12' and 'docs' in dependency_groups)"
    )
    assert markers(outcome) == [
        ("a", "1.0", None),
        ("loop", "1.0", loop),
        ("shared", "1.0", None),
        ("test", "1.0", "'dev' in dependency_groups"),
        ("web", "1.0", web),
    ]
    check(outcome, request, source, ALL)
    assert outcome.locked.extras == ("all", "web")
    assert outcome.locked.groups == ("dev", "docs")


def test_project_itself_satisfies_who_requires_it() -> None:
    source = MemorySource(
        {"plugin": {"1.0": R(requires=("project[fast]>=99",))}, "speedup": {"1.0": R()}}
    )
    request = Request(name=normal("project"), roots=(root("plugin"), root("speedup", "extra fast")))
    assert markers(resolve(request, ONE, source)) == [
        ("plugin", "1.0", None),
        ("speedup", "1.0", None),
    ]


def test_what_cannot_be_used_is_said_of_all_pythons_that_are_left_out_for_it() -> None:
    old = R(wheels=("py3-none-macosx_11_0_arm64", "py3-none-win_amd64"), sdist=False)
    new = R(wheels=("py3-none-win_amd64",), sdist=False)
    source = MemorySource(
        {"a": {"1.0": R(requires=("t>=2",))}, "t": {"1.0": old, "2.0": new, "3.0": new}}
    )
    platforms = [parse_platform(name) for name in ("windows-x86_64", "macos-arm64")]
    targets = make_targets(SpecifierSet(">=3.11,<3.13"), platforms)
    reporter = Warnings()
    resolve(Request(roots=(root("a"),)), targets, source, required=(), reporter=reporter)
    (warning,) = reporter.texts
    assert warning == (
        "cpython-3.12, cpython-3.11 are left out on macos-arm64: no version of `t` can be used:"
        " 2.0 and 3.0 have no wheel for macos-arm64, and no source distribution"
    )


def test_target_without_solution_is_left_out_unless_it_is_required() -> None:
    wheels = ("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-win_amd64")
    source = MemorySource({"a": {"1.0": R(wheels=wheels, sdist=False)}})
    platforms = [parse_platform(name) for name in DEFAULT_PLATFORMS]
    targets = make_targets(SpecifierSet("==3.12.*"), platforms)
    reporter = Warnings()
    request = Request(roots=(root("a"),))
    outcome = resolve(request, targets, source, required=(targets[0].name,), reporter=reporter)

    assert [target.name for target, _ in outcome.left_out] == [
        "cpython-3.12 linux-aarch64",
        "cpython-3.12 macos-arm64",
    ]
    (warning,) = reporter.texts
    assert warning == (
        "cpython-3.12 is left out on linux-aarch64, macos-arm64: no version of `a` can be used:"
        " 1.0 has no wheel for linux-aarch64, and no source distribution"
    )
    assert markers(outcome) == [("a", "1.0", None)]
    assert [one.partition(" and ")[0] for one in outcome.locked.environments] == [
        "platform_system == 'Linux'",
        "platform_system == 'Windows'",
    ]
    with pytest.raises(
        ResolutionError, match=r"there is no solution for cpython-3\.12 linux-aarch64"
    ):
        resolve(request, targets, source)


def test_version_must_suit_all_platforms_that_markers_cannot_tell_apart() -> None:
    both = ("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-musllinux_1_1_x86_64")
    source = MemorySource(
        {"a": {"1.0": R(wheels=both, sdist=False), "2.0": R(wheels=both[:1], sdist=False)}}
    )
    platforms = [parse_platform("linux-x86_64"), parse_platform("linux-x86_64-musl")]
    outcome = resolve(
        Request(roots=(root("a"),)), make_targets(SpecifierSet("==3.12.*"), platforms), source
    )
    assert markers(outcome) == [("a", "1.0", None)]
    assert len(outcome.locked.packages[0].files) == 2


def test_patch_releases_are_split_where_a_marker_asks_for_them() -> None:
    source = MemorySource(
        {"a": {"1.0": R(requires=("b ; python_full_version < '3.11.3'",))}, "b": {"1.0": R()}}
    )
    outcome = resolve(Request(roots=(root("a"),)), ALL, source)

    assert markers(outcome) == [("a", "1.0", None), ("b", "1.0", "python_full_version < '3.11.3'")]
    assert "cpython-3.11.3 linux-x86_64" in outcome.locked.targets


def test_files_are_those_that_some_target_accepts() -> None:
    wheels = ("cp312-cp312-win_amd64", "cp39-cp39-win_amd64", "cp312-cp312-manylinux2014_x86_64")
    source = MemorySource({"a": {"1.0": R(wheels=wheels)}})
    request = Request(roots=(root("a ; sys_platform == 'win32'"),))
    outcome = resolve(request, ALL, source)

    assert [one.filename for one in outcome.locked.packages[0].files] == [
        "a-1.0-cp312-cp312-win_amd64.whl",
        "a-1.0.tar.gz",
    ]


# --- what is fetched


def test_only_metadata_of_what_is_tried_is_read_and_hinted_before() -> None:
    source = MemorySource(
        {
            "a": {f"{major}.0": R(requires=("b", "c")) for major in range(50)},
            "b": {"1.0": R()},
            "c": {"1.0": R()},
        }
    )
    chosen(source, "a")

    assert sorted(source.asked) == [("a", "49.0"), ("b", "1.0"), ("c", "1.0")]
    assert source.hinted == [("a",), ("b", "c")]
    assert source.hinted_versions == [("a", "49.0"), ("b", "1.0"), ("c", "1.0")]


def test_long_histories_are_fetched_ahead() -> None:
    releases = {f"{major}.0": R(requires=(f"b=={major}.0",)) for major in range(100)}
    source = MemorySource({"a": releases, "b": {f"{major}.0": R() for major in range(100)}})

    assert chosen(source, "a", "b<50") == "a 49.0, b 49.0"
    assert max(len(hint) for hint in source.hinted_versions) > 20


def test_hard_history_is_resolved_in_few_steps() -> None:
    # Each `a` wants its own `b`, and all `b` but the oldest want an old `c`.
    size = 120
    source = MemorySource(
        {
            "a": {f"{n}.0": R(requires=(f"b>={n}.0",)) for n in range(size)},
            "b": {f"{n}.0": R(requires=(f"c<={size - n}.0",)) for n in range(size)},
            "c": {f"{n}.0": R() for n in range(size + 1)},
            **{f"x{n}": {"1.0": R(), "2.0": R()} for n in range(30)},
        }
    )
    found = chosen(source, "a", *(f"x{n}" for n in range(30)), f"c>={size - 5}.0")

    assert found.startswith("a 5.0, b 5.0, c 115.0")
    assert len(source.asked) < 3 * size
