"""Conflicts, word for word as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tests.helpers.memory_source import MemorySource, Release, normal

from trail.cli.printer import format_error
from trail.errors import ResolutionError
from trail.resolve.model import (
    Names,
    Options,
    Origin,
    Request,
    RootRequirement,
    Scope,
    ScopeKind,
)
from trail.resolve.resolve import resolve
from trail.resolve.targets import make_targets, parse_platform

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Origin(file="pyproject.toml", key="project.dependencies")
CONSTRAINTS = Origin(file="constraints.txt", key="line 1")


def story(
    packages: Mapping[str, Mapping[str, Release]],
    *roots: str,
    options: Options | None = None,
    more: tuple[RootRequirement, ...] = (),
) -> str:
    written = (RootRequirement(requirement=Requirement(root), origin=PROJECT) for root in roots)
    request = Request(
        roots=(*written, *more),
        options=options or Options(),
    )
    targets = make_targets(SpecifierSet("==3.12.*"), [parse_platform("linux-x86_64")])
    with pytest.raises(ResolutionError) as caught:
        resolve(request, targets, MemorySource(packages))
    return "\n".join(
        f"{label}: {text}" if label else text for label, text in format_error(caught.value)
    )


def lines(*texts: str) -> str:
    return "\n".join(("error: there is no solution for cpython-3.12 linux-x86_64", *texts))


def test_project_requires_two_versions() -> None:
    packages = {"a": {"1.0": Release(), "2.0": Release()}}

    assert story(packages, "a>=2", "a<2") == lines(
        "  because: your project requires `a>=2` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `a<2` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` satisfies `a>=2` and `a<2` together: there are 1.0 and 2.0",
        "hint: loosen or remove one of `a>=2` and `a<2`",
    )


def test_two_packages_require_different_versions() -> None:
    packages = {
        "a": {"1.0": Release(requires=("c<2",)), "1.1": Release(requires=("c<2",))},
        "b": {"1.0": Release(requires=("c (>=2)",))},
        "c": {"1.0": Release(), "2.0": Release()},
        "other": {"1.0": Release()},
    }

    assert story(packages, "other", "a", "b") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `b` (project.dependencies in pyproject.toml)",
        "  and:     every version of `a` (1.0 and 1.1) requires `c<2`",
        "  and:     `b` 1.0 (there is no other version) requires `c>=2`",
        "  so:      no version of `c` satisfies `c<2` and `c>=2` together: there are 1.0 and 2.0",
        "hint: loosen or remove one of `a` and `b`",
    )


def test_package_requires_what_the_project_excludes() -> None:
    packages = {
        "web": {"3.0": Release(requires=("http>=2 ; python_version >= '3.8'",))},
        "http": {"1.0": Release(), "1.5": Release(), "2.0": Release()},
    }

    assert story(packages, "web", "http<2") == lines(
        "  because: your project requires `http<2` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `web` (project.dependencies in pyproject.toml)",
        "  and:     `web` 3.0 (there is no other version) requires"
        " `http>=2 ; python_version >= '3.8'`",
        "  so:      no version of `http` satisfies `http<2` and `http>=2` together:"
        " there are 1.0, 1.5 and 2.0",
        "hint: loosen or remove one of `http<2` and `web`",
    )


def test_name_is_unknown() -> None:
    assert story({}, "frobnicate") == lines(
        "  because: your project requires `frobnicate` (project.dependencies in pyproject.toml)",
        "  so:      there is no project `frobnicate` on any index",
        "hint: check the spelling of the name, or add the index that has it",
    )


def test_version_does_not_exist() -> None:
    packages = {"a": {f"1.{minor}": Release() for minor in range(9)}}

    assert story(packages, "a>=2") == lines(
        "  because: your project requires `a>=2` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` satisfies `a>=2`: there are 1.0 to 1.8 (9 versions)",
        "hint: allow a version that there is, for instance `a==1.8`",
    )


def test_python_is_too_old() -> None:
    packages = {
        "a": {"1.0": Release(), "2.0": Release(requires_python=">=3.13")},
        "b": {"1.0": Release(requires_python="<3.10", early=False)},
    }

    assert story(packages, "a>=2") == lines(
        "  because: your project requires `a>=2` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` can be used: 2.0 requires Python >=3.13"
        " (this is for Python 3.12.0)",
        "hint: support only Pythons that it supports (`requires-python`),"
        " or allow other versions of `a`",
    )
    assert story(packages, "b") == lines(
        "  because: your project requires `b` (project.dependencies in pyproject.toml)",
        "  and:     `b` 1.0 (there is no other version) requires Python <3.10",
        "  so:      no version of `b` can be used with Python 3.12.0",
        "hint: support only Pythons that it supports (`requires-python`),"
        " or allow other versions of `b`",
    )


def test_platform_has_no_wheel() -> None:
    packages = {"a": {"1.0": Release(wheels=("cp312-cp312-win_amd64",), sdist=False)}}

    assert story(packages, "a") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` can be used: 1.0 has no wheel for linux-x86_64,"
        " and no source distribution",
        "hint: leave this platform out of `platforms` in `[tool.trail]`,"
        " or require `a` only elsewhere, with a marker",
    )


def test_only_version_is_yanked() -> None:
    packages = {
        "a": {"1.0": Release(requires=("b",))},
        "b": {"1.0": Release(yanked="loses data")},
    }

    assert story(packages, "a") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) requires `b`",
        "  so:      no version of `b` can be used: 1.0 was yanked (loses data)",
        "hint: if it has to be a yanked version, require `b==1.0`",
    )


def test_everything_is_too_new() -> None:
    packages = {"a": {"1.0": Release(uploaded=datetime(2026, 5, 1, tzinfo=UTC))}}
    options = Options(exclude_newer=datetime(2026, 1, 1, tzinfo=UTC))

    assert story(packages, "a", options=options) == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` can be used:"
        " 1.0 was uploaded after 2026-01-01T00:00:00+00:00",
        "hint: choose a later date for `--exclude-newer`, or allow older versions",
    )


def test_constraint_excludes_what_is_required() -> None:
    packages = {
        "a": {"1.0": Release(requires=("b>=2",))},
        "b": {"1.0": Release(), "2.0": Release()},
    }
    constraint = RootRequirement(requirement=Requirement("b<2"), origin=CONSTRAINTS)

    assert story(packages, "a", options=Options(constraints=(constraint,))) == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) requires `b>=2`",
        "  and:     a constraint allows only `b<2` (line 1 in constraints.txt)",
        "  so:      no version of `b` satisfies `b>=2` and `b<2` together: there are 1.0 and 2.0",
        "hint: loosen or remove `a`",
    )


def test_source_may_not_be_built() -> None:
    packages = {"a": {"1.0": Release(wheels=())}}
    options = Options(no_build=Names(names=frozenset({normal("a")})))

    assert story(packages, "a", options=options) == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` can be used: 1.0 has no wheel for linux-x86_64,"
        " and may not be built",
        "hint: allow that `a` is built, or allow other versions of it",
    )


def test_every_version_clashes_in_its_own_way() -> None:
    packages = {
        "a": {"1.0": Release(requires=("c<2",)), "2.0": Release(requires=("c>=4",))},
        "b": {"1.0": Release(requires=("c>=2,<4",))},
        "c": {f"{major}.0": Release() for major in range(1, 6)},
    }

    assert story(packages, "a", "b") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `b` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 requires `c<2`",
        "  and:     `a` 2.0 requires `c>=4`",
        "  and:     `b` 1.0 (there is no other version) requires `c>=2,<4`",
        "  so:      no versions are left that fit together",
        "hint: loosen or remove one of `a` and `b`",
    )


def test_metadata_cannot_be_read() -> None:
    packages = {
        "a": {"1.0": Release(broken="cannot be read")},
        "b": {"1.0": Release(requires=("/",))},
    }

    assert story(packages, "a") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) has metadata that cannot be read",
        "  so:      no version of `a` can be used",
        "hint: loosen or remove `a`",
    )
    assert "has a wrong requirement: " in story(packages, "b")


def test_package_may_not_send_us_to_a_url() -> None:
    packages = {"a": {"1.0": Release(requires=("b @ https://evil.example/b.whl",))}}

    assert story(packages, "a") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) names a URL:"
        " `b @ https://evil.example/b.whl`",
        "  so:      no version of `a` can be used",
        "hint: if you trust it, require `b @ https://evil.example/b.whl` in the project itself",
    )


def test_hopeless_package_is_found_among_many_others() -> None:
    # resolvelib alone would try all combinations of the others.
    packages = {
        f"x{n}": {
            f"{major}.0": Release(requires=(f"x{n + 1}>=1",) if n < 19 else ())
            for major in range(30)
        }
        for n in range(20)
    }
    packages["a"] = {f"{major}.0": Release(requires=("p",)) for major in range(30)}
    packages["p"] = {f"{major}.0": Release(requires=("q>=99",)) for major in range(30)}
    packages["q"] = {"1.0": Release()}

    assert story(packages, *(f"x{n}" for n in range(20)), "a") == lines(
        "  because: your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     every one of the 30 versions of `a` requires `p`",
        "  and:     every one of the 30 versions of `p` requires `q>=99`",
        "  so:      no version of `q` satisfies `q>=99`: there is 1.0",
        "hint: loosen or remove `a`",
    )


def test_bound_is_hidden_deep_in_the_chain() -> None:
    packages = {
        "a": {"1.0": Release(requires=("b",))},
        "b": {"1.0": Release(requires=("c>=1",)), "1.1": Release(requires=("c>=1",))},
        "c": {"1.0": Release(requires=("d<3",))},
        "d": {"2.0": Release(), "3.0": Release(), "4.0": Release()},
    }

    assert story(packages, "a", "d>=3") == lines(
        "  because: your project requires `d>=3` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `a` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) requires `b`",
        "  and:     every version of `b` (1.0 and 1.1) requires `c>=1`",
        "  and:     `c` 1.0 (there is no other version) requires `d<3`",
        "  so:      no version of `d` satisfies `d>=3` and `d<3` together:"
        " there are 2.0, 3.0 and 4.0",
        "hint: loosen or remove one of `d>=3` and `a`",
    )


def test_only_a_pre_release_comes_near() -> None:
    packages = {"a": {"1.0": Release(), "2.0rc1": Release()}}

    assert story(packages, "a>=2") == lines(
        "  because: your project requires `a>=2` (project.dependencies in pyproject.toml)",
        "  so:      no version of `a` satisfies `a>=2`: there are 1.0 and 2.0rc1",
        "hint: there is only a pre-release: if it will do, require `a>=2.0rc1`",
    )


def test_extra_requires_what_the_project_excludes() -> None:
    packages = {
        "a": {"1.0": Release(extras={"fast": ("b>=2",)})},
        "b": {"1.0": Release(), "2.0": Release()},
    }

    assert story(packages, "a[fast]", "b<2") == lines(
        "  because: your project requires `b<2` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `a[fast]` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 (there is no other version) requires `b>=2` for its extra `fast`",
        "  so:      no version of `b` satisfies `b<2` and `b>=2` together: there are 1.0 and 2.0",
        "hint: loosen or remove one of `b<2` and `a[fast]`",
    )


def test_group_and_project_exclude_each_other() -> None:
    packages = {"a": {"1.0": Release(), "2.0": Release()}}
    group = RootRequirement(
        requirement=Requirement("a<2"),
        origin=Origin(file="pyproject.toml", key="dependency-groups.docs"),
        scope=Scope(ScopeKind.GROUP, normal("docs")),
    )

    assert story(packages, "a>=2", more=(group,)) == lines(
        "  because: your project requires `a>=2` (project.dependencies in pyproject.toml)",
        "  and:     your project requires `a<2` (dependency-groups.docs in pyproject.toml)",
        "  so:      no version of `a` satisfies `a>=2` and `a<2` together: there are 1.0 and 2.0",
        "hint: loosen or remove one of `a>=2` and `a<2`",
    )


def test_two_addresses_of_one_package() -> None:
    group = RootRequirement(
        requirement=Requirement("a @ https://files.example/a-2.0.zip"),
        origin=Origin(file="pyproject.toml", key="dependency-groups.docs"),
        scope=Scope(ScopeKind.GROUP, normal("docs")),
    )

    assert story({}, "a @ https://me:secret@files.example/a-1.0.zip", more=(group,)) == (
        "error: `a` is required from two places\n"
        "  one:   from `https://***@files.example/a-1.0.zip`"
        " (project.dependencies in pyproject.toml)\n"
        "  other: from `https://files.example/a-2.0.zip`"
        " (dependency-groups.docs in pyproject.toml)\n"
        "hint: keep one of the two"
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [("reqeusts", "requests"), ("sklearn", "scikit-learn"), ("our-own-lbi", "our-own-lib")],
)
def test_name_is_nearly_one(name: str, meant: str) -> None:
    packages = {"our-own-lib": {"1.0": Release()}}

    assert story(packages, "our-own-lib", name) == lines(
        f"  because: your project requires `{name}` (project.dependencies in pyproject.toml)",
        f"  so:      there is no project `{name}` on any index",
        f"hint: did you mean `{meant}`? Or check the spelling of the name,"
        " or add the index that has it",
    )


def test_versions_lead_to_different_dead_ends() -> None:
    packages = {
        "a": {
            "1.0": Release(requires=("c",)),
            "2.0": Release(extras={"x": ("d>=1; python_version >= '3.8'",)}),
        },
        "c": {"1.0": Release(wheels=())},
        "d": {"1.0": Release(yanked="broken")},
    }
    options = Options(no_build=Names(names=frozenset({normal("c")})))

    assert story(packages, "a[x]", options=options) == lines(
        "  because: your project requires `a[x]` (project.dependencies in pyproject.toml)",
        "  and:     `a` 1.0 requires `c`",
        "  and:     `a` 2.0 requires `d>=1; python_version >= '3.8'` for its extra `x`",
        "  and:     no version of `d` can be used: 1.0 was yanked (broken)",
        "  and:     no version of `c` can be used: 1.0 has no wheel for linux-x86_64,"
        " and may not be built",
        "  so:      no versions are left that fit together",
        "hint: loosen or remove `a[x]`",
    )
