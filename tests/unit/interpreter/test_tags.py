from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet
from tests.helpers.pythons import real_pythons

import packaging
from trail.interpreter.describe import describe
from trail.interpreter.tags import platforms_of

if TYPE_CHECKING:
    from trail.interpreter.model import Interpreter

ASK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from packaging import markers, tags
print(json.dumps([[str(tag) for tag in tags.sys_tags()], markers.default_environment()]))
"""


@pytest.fixture(scope="module")
def linux() -> Interpreter:
    """A described CPython 3.12 on Linux with glibc 2.36, wherever the tests run."""
    here = describe(Path(sys.executable))
    return replace(
        here,
        version="3.12.1",
        version_nodot="312",
        implementation="cpython",
        platform="linux-x86_64",
        environment={
            **here.environment,
            "python_version": "3.12",
            "platform_system": "Linux",
            "platform_machine": "x86_64",
        },
        pointer_bits=64,
        debug=False,
        free_threaded=False,
        libc="glibc",
        libc_version="2.36",
        manylinux_refused=(),
        soabi="cpython-312-x86_64-linux-gnu",
        ext_suffix=".cpython-312-x86_64-linux-gnu.so",
        multiarch="x86_64-linux-gnu",
        mac_version="",
    )


def shown(interpreter: Interpreter) -> list[str]:
    return [str(tag) for tag in interpreter.tags]


@pytest.mark.parametrize("python", real_pythons(), ids=lambda path: str(path.parts[-3]))
def test_tags_and_markers_are_those_of_packaging_inside(python: Path) -> None:
    found = describe(python)
    runs_on = SpecifierSet(metadata("packaging")["Requires-Python"])
    if found.version not in runs_on:
        pytest.skip("packaging does not run on it")
    folder = Path(packaging.__file__).parents[1]
    answer = subprocess.run(
        [python, "-I", "-S", "-c", ASK, folder], check=True, capture_output=True
    ).stdout
    tags, environment = json.loads(answer)
    assert shown(found) == tags
    assert found.environment == environment


def test_an_old_python_has_its_own_tags(linux: Interpreter) -> None:
    old = replace(
        linux,
        version_nodot="38",
        environment={**linux.environment, "python_version": "3.8"},
        libc_version="2.17",
    )
    assert shown(old)[:5] == [
        "cp38-cp38-linux_x86_64",
        "cp38-cp38-manylinux_2_17_x86_64",
        "cp38-cp38-manylinux2014_x86_64",
        "cp38-cp38-manylinux_2_16_x86_64",
        "cp38-cp38-manylinux_2_15_x86_64",
    ]
    assert "cp38-cp38-manylinux_2_18_x86_64" not in shown(old)
    assert "cp39-abi3-linux_x86_64" not in shown(old)
    assert "cp32-abi3-manylinux1_x86_64" in shown(old)
    assert shown(old)[-1] == "py30-none-any"


def test_a_free_threaded_python_takes_no_abi3(linux: Interpreter) -> None:
    tags = shown(replace(linux, free_threaded=True))
    assert tags[0] == "cp312-cp312t-linux_x86_64"
    assert not [tag for tag in tags if "-abi3-" in tag or "-cp312-" in tag]
    assert "cp312-abi3t-linux_x86_64" in tags


def test_a_debug_build_also_takes_release_wheels(linux: Interpreter) -> None:
    tags = shown(replace(linux, debug=True))
    assert tags[0] == "cp312-cp312d-linux_x86_64"
    assert "cp312-cp312-linux_x86_64" in tags


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"libc": "musl", "libc_version": "1.1.24"},
            [f"{name}_x86_64" for name in ("linux", "musllinux_1_1", "musllinux_1_0")],
        ),
        ({"libc": "", "libc_version": ""}, ["linux_x86_64"]),
        (
            {"libc_version": "2.6", "manylinux_refused": (5,)},
            ["linux_x86_64", "manylinux_2_6_x86_64"],
        ),
        (
            {"libc_version": "2.5", "pointer_bits": 32},
            ["linux_i686", "manylinux_2_5_i686", "manylinux1_i686"],
        ),
        (
            {"libc_version": "2.18", "platform": "linux-aarch64"},
            [
                "linux_aarch64",
                "manylinux_2_18_aarch64",
                "manylinux_2_17_aarch64",
                "manylinux2014_aarch64",
            ],
        ),
        (
            {
                "libc_version": "2.17",
                "platform": "linux-armv7l",
                "multiarch": "arm-linux-gnueabihf",
                "pointer_bits": 32,
            },
            ["linux_armv7l", "manylinux_2_17_armv7l", "manylinux2014_armv7l"],
        ),
        (
            {"libc_version": "2.17", "platform": "linux-armv7l", "pointer_bits": 32},
            ["linux_armv7l"],
        ),
        ({"platform": "linux-sparc64"}, ["linux_sparc64"]),
        ({"platform": "win-amd64"}, ["win_amd64"]),
        ({"platform": "freebsd-14.1-release-amd64"}, ["freebsd_14_1_release_amd64"]),
    ],
)
def test_platforms(linux: Interpreter, changes: dict[str, Any], expected: list[str]) -> None:
    assert list(platforms_of(replace(linux, **changes))) == expected


def test_platforms_of_a_mac(linux: Interpreter) -> None:
    mac = replace(
        linux,
        platform="macosx-11.0-arm64",
        environment={
            **linux.environment,
            "platform_system": "Darwin",
            "platform_machine": "arm64",
        },
        mac_version="12.6",
        libc="",
    )
    assert list(platforms_of(mac))[:5] == [
        "macosx_12_0_arm64",
        "macosx_12_0_universal2",
        "macosx_11_0_arm64",
        "macosx_11_0_universal2",
        "macosx_10_16_universal2",
    ]


def test_tags_of_pypy(linux: Interpreter) -> None:
    pypy = replace(
        linux,
        implementation="pypy",
        version_nodot="310",
        environment={**linux.environment, "python_version": "3.10"},
        ext_suffix=".pypy310-pp73-x86_64-linux-gnu.so",
        libc_version="2.17",
    )
    tags = shown(pypy)
    assert tags[:2] == [
        "pp310-pypy310_pp73-linux_x86_64",
        "pp310-pypy310_pp73-manylinux_2_17_x86_64",
    ]
    assert "pp3-none-any" in tags
    assert not [tag for tag in tags if tag.startswith("cp")]


def test_tags_are_computed_once(linux: Interpreter) -> None:
    assert linux.tags is linux.tags
