from __future__ import annotations

import sys
import sysconfig

import pytest
from packaging.markers import Marker, default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, sys_tags

from trail.errors import SettingsError
from trail.resolve.accepted import suits
from trail.resolve.targets import make_targets, parse_platform, split_patches


def accepts(platform: str, tags: str, python: str = "==3.12.*") -> bool:
    (target,) = make_targets(SpecifierSet(python), [parse_platform(platform)])
    return suits(tags, target.tags)


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        ("linux-x86_64", "py3-none-any"),
        ("linux-x86_64", "cp312-cp312-manylinux_2_28_x86_64"),
        ("linux-x86_64", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("linux-x86_64", "cp39-abi3-manylinux1_x86_64"),
        ("linux-x86_64", "cp312-cp312-linux_x86_64"),
        ("linux-x86_64-glibc2.34", "cp312-cp312-manylinux_2_34_x86_64"),
        ("linux-aarch64", "cp312-cp312-manylinux2014_aarch64"),
        ("linux-x86_64-musl", "cp312-cp312-musllinux_1_2_x86_64"),
        ("linux-x86_64-musl", "cp312-cp312-musllinux_1_1_x86_64"),
        ("macos-arm64", "cp312-cp312-macosx_13_0_arm64"),
        ("macos-arm64", "cp312-cp312-macosx_11_0_universal2"),
        ("macos-arm64-14", "cp312-cp312-macosx_14_0_arm64"),
        ("macos-x86_64", "cp312-cp312-macosx_10_9_x86_64"),
        ("windows-x86_64", "cp312-cp312-win_amd64"),
        ("windows-arm64", "cp312-cp312-win_arm64"),
    ],
)
def test_wheel_is_accepted(platform: str, tags: str) -> None:
    assert accepts(platform, tags)


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        ("linux-x86_64", "cp312-cp312-manylinux_2_34_x86_64"),
        ("linux-x86_64", "cp312-cp312-musllinux_1_2_x86_64"),
        ("linux-x86_64", "cp313-cp313-manylinux_2_17_x86_64"),
        ("linux-x86_64", "cp312-cp312t-manylinux_2_17_x86_64"),
        ("linux-x86_64-musl", "cp312-cp312-manylinux_2_17_x86_64"),
        ("linux-aarch64", "cp312-cp312-manylinux1_aarch64"),
        ("macos-arm64", "cp312-cp312-macosx_14_0_arm64"),
        ("macos-arm64", "cp312-cp312-macosx_10_9_x86_64"),
        ("windows-x86_64", "cp312-cp312-win32"),
    ],
)
def test_wheel_is_not_accepted(platform: str, tags: str) -> None:
    assert not accepts(platform, tags)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "linux",
        "linux-arm64",
        "macos-aarch64",
        "linux-x86_64-2.28",
        "windows-x86_64-11",
        "bsd-x86_64",
        "macos-arm64-musl",
        "linux-x86_64-glibc2.x",
    ],
)
def test_name_that_is_no_platform_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_platform(name)

    assert caught.value.message == f"no such platform: `{name}`"
    assert caught.value.details[0][1].startswith("one of linux-x86_64, linux-aarch64, ")


def test_targets_are_pythons_on_each_platform_with_the_newest_one_last() -> None:
    platforms = [parse_platform("linux-x86_64"), parse_platform("windows-x86_64")]
    targets = make_targets(SpecifierSet(">=3.14,!=3.15.0"), platforms)

    assert [(target.name, str(target.python)) for target in targets] == [
        ("cpython-3.14 linux-x86_64", "3.14.0"),
        ("cpython-3.14 windows-x86_64", "3.14.0"),
        ("cpython-3.15.1 linux-x86_64", "3.15.1"),
        ("cpython-3.15.1 windows-x86_64", "3.15.1"),
    ]


def test_platforms_that_markers_cannot_tell_apart_share_a_target() -> None:
    platforms = [parse_platform("linux-x86_64"), parse_platform("linux-x86_64-musl")]
    (target,) = make_targets(SpecifierSet("==3.12.*"), platforms)

    assert target.name == "cpython-3.12 linux-x86_64, linux-x86_64-musl"
    assert "cp312-cp312" in target.tags["manylinux_2_28_x86_64"]
    assert "cp312-cp312" in target.more_tags[0]["musllinux_1_2_x86_64"]


def test_split_changes_the_full_version_alone() -> None:
    (target,) = make_targets(SpecifierSet(">=3.11.2,<3.12"), [parse_platform("linux-x86_64")])
    newer, older, same = split_patches(target, [9, 4, 2, 0])

    assert same is target
    assert [one.environment["python_full_version"] for one in (newer, older, same)] == [
        "3.11.9",
        "3.11.4",
        "3.11.2",
    ]
    assert newer.environment["python_version"] == "3.11"
    assert Marker("python_full_version < '3.11.4'").evaluate(dict(older.environment)) is False


@pytest.mark.skipif(sysconfig.get_platform() != "linux-x86_64", reason="compares with this Python")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="compares with this Python")
def test_own_platform_is_as_python_says() -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    (target,) = make_targets(
        SpecifierSet(f"=={version}.*"), [parse_platform("linux-x86_64-glibc2.17")]
    )
    own = dict(default_environment())
    unknown = {
        "platform_release",
        "platform_version",
        "python_full_version",
        "implementation_version",
    }

    assert target.environment.keys() == own.keys()
    assert {key: value for key, value in target.environment.items() if key not in unknown} == {
        key: value for key, value in own.items() if key not in unknown
    }
    listed = {
        Tag(interpreter, abi, platform)
        for platform, pairs in target.tags.items()
        for interpreter, abi in (pair.split("-") for pair in pairs)
    }
    assert listed <= set(sys_tags())
