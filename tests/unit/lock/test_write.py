from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from trail.lock.pylock import read_pylock
from trail.lock.write import dump_pylock

ODD = 'a "quoted" \\ back\tslash\x7f'


def lock() -> Pylock:
    name = canonicalize_name("some.package")
    wheel = PackageWheel(
        name="some_package-1.0-py3-none-any.whl",
        upload_time=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        url="https://files.example/some_package-1.0-py3-none-any.whl",
        size=12,
        hashes={"sha512": "b" * 128, "sha256": "a" * 64},
    )
    sdist = PackageSdist(
        name="some_package-1.0.tar.gz", path="./x.tar.gz", hashes={"sha256": "c" * 64}
    )
    return Pylock(
        lock_version=Version("1.0"),
        environments=[Marker('sys_platform == "linux"'), Marker('sys_platform == "win32"')],
        requires_python=SpecifierSet(">=3.11"),
        extras=[canonicalize_name("plots")],
        dependency_groups=["test"],
        created_by="trail",
        packages=[
            Package(
                name=name,
                version=Version("1.0"),
                marker=Marker('"plots" in extras'),
                dependencies=[{"name": "other"}],
                index="https://index.example/simple/",
                sdist=sdist,
                wheels=[wheel],
            )
        ],
        tool={"trail": {"inputs": {"dependencies": ["a", ODD], "group x y": [], "n": 3}}},
    )


def test_the_file_is_laid_out_for_people_and_diffs() -> None:
    assert dump_pylock(lock().to_dict()).decode() == (
        'lock-version = "1.0"\n'
        "environments = [\n"
        "  'sys_platform == \"linux\"',\n"
        "  'sys_platform == \"win32\"',\n"
        "]\n"
        'requires-python = ">=3.11"\n'
        'extras = ["plots"]\n'
        'dependency-groups = ["test"]\n'
        'created-by = "trail"\n'
        "\n"
        "[[packages]]\n"
        'name = "some-package"\n'
        'version = "1.0"\n'
        "marker = '\"plots\" in extras'\n"
        'dependencies = [{name = "other"}]\n'
        'index = "https://index.example/simple/"\n'
        'sdist = {name = "some_package-1.0.tar.gz", path = "./x.tar.gz",'
        f' hashes = {{sha256 = "{"c" * 64}"}}}}\n'
        "wheels = [\n"
        '  {name = "some_package-1.0-py3-none-any.whl",'
        " upload-time = 2026-01-02T03:04:05.000678Z,"
        ' url = "https://files.example/some_package-1.0-py3-none-any.whl", size = 12,'
        f' hashes = {{sha256 = "{"a" * 64}", sha512 = "{"b" * 128}"}}}},\n'
        "]\n"
        "\n"
        "[tool.trail]\n"
        "\n"
        "[tool.trail.inputs]\n"
        "dependencies = [\n"
        '  "a",\n'
        '  "a \\"quoted\\" \\\\ back\\tslash\\u007f",\n'
        "]\n"
        '"group x y" = []\n'
        "n = 3\n"
    )


def test_what_is_written_can_be_read_again() -> None:
    again = read_pylock(dump_pylock(lock().to_dict()), Path("pylock.toml"))
    assert again.to_dict() == lock().to_dict()
    assert dump_pylock(again.to_dict()) == dump_pylock(lock().to_dict())
