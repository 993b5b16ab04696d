"""The short part of the table, on each change; `python3 dev.py sdists` runs all of it."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.sdists.building import build_both
from tests.sdists.compare import DEBUG, PLACES, SERIAL, Difference, compare
from tests.sdists.debian import lacks
from tests.sdists.table import Case, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLE = read_table()


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in TABLE if case.short], ids=lambda case: case.name)
def test_trail_builds_what_pip_builds(tmp_path: Path, case: Case) -> None:
    missing = lacks(case.apt, case.programs)
    if missing:
        pytest.skip(missing)
    built = build_both(case, tmp_path)
    assert built.differences == ()
    assert built.files > 1


def test_table_has_what_was_promised() -> None:
    names = {case.name for case in TABLE}
    assert len(names) == len(TABLE) >= 20
    assert names >= {
        *("pyyaml", "markupsafe", "numpy", "lxml", "cffi", "uvloop", "psycopg2", "msgpack"),
        *("orjson", "matplotlib"),
    }
    assert [case.name for case in TABLE if not case.version] == []


# --- the comparison sees what it is for


def wheel(folder: Path, files: Mapping[str, str | bytes], *, mode: int = 0o644) -> Path:
    folder.mkdir(parents=True)
    path = folder / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (2000 + len(folder.name), 1, 1, 0, 0, 0))
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return path


def differences(
    tmp_path: Path, one: Mapping[str, str | bytes], two: Mapping[str, str | bytes], *, mode: int
) -> list[Difference]:
    places = [(r"/depot/prefixes/\w+|/tmp/overlay", "<here>")]
    return compare(wheel(tmp_path / "a", one), wheel(tmp_path / "bb", two, mode=mode), places)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ({"a.py": "x", "x.dist-info/RECORD": "1"}, {"a.py": "x", "x.dist-info/RECORD": "2"}, []),
        ({"a.py": "x"}, {"a.py": "y"}, [("a.py", "content", False)]),
        ({"a.py": "x"}, {}, [("a.py", "in one of the wheels only", False)]),
        (
            {"a.py": "p = '/depot/prefixes/abc/bin'"},
            {"a.py": "p = '/tmp/overlay/bin'"},
            [("a.py", PLACES, True)],
        ),
        (
            {"a.py": "p = '/depot/prefixes/abc/bin'"},
            {"a.py": "p = '/tmp/overlay/lib'"},
            [("a.py", "content", False)],
        ),
        (
            {"b.cyclonedx.json": '{"serialNumber": 1, "metadata": {"timestamp": 1}}'},
            {"b.cyclonedx.json": '{"serialNumber": 2, "metadata": {"timestamp": 2}}'},
            [("b.cyclonedx.json", SERIAL, True)],
        ),
        (
            {"b.cyclonedx.json": '{"serialNumber": 1, "components": []}'},
            {"b.cyclonedx.json": '{"serialNumber": 1, "components": [1]}'},
            [("b.cyclonedx.json", "content", False)],
        ),
    ],
)
def test_differences_are_found_and_explained(
    tmp_path: Path,
    one: Mapping[str, str | bytes],
    two: Mapping[str, str | bytes],
    expected: list[tuple[str, str, bool]],
) -> None:
    found = differences(tmp_path, one, two, mode=0o644)
    assert [(item.path, item.what, item.explained) for item in found] == expected


def test_execute_bits_count(tmp_path: Path) -> None:
    (found,) = differences(tmp_path, {"a": "x"}, {"a": "x"}, mode=0o755)
    assert found.what == "executable in one of the wheels only"


@pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("objcopy") is None, reason="needs cc and objcopy"
)
def test_debug_information_is_no_difference_and_code_is(tmp_path: Path) -> None:
    libraries = []
    for folder, code in (("one", "7"), ("two", "7"), ("three", "8")):
        source = tmp_path / folder / "code.c"
        source.parent.mkdir()
        source.write_text(f"int answer(void) {{ return {code}; }}\n")
        library = source.with_suffix(".so")
        options = ("-g", "-shared", "-fPIC", "-Wl,--build-id", "-o")
        subprocess.run(["cc", *options, str(library), str(source)], check=True)
        libraries.append(library.read_bytes())
    one, two, three = libraries
    (same,) = differences(tmp_path / "x", {"a.so": one}, {"a.so": two}, mode=0o644)
    assert (same.what, same.explained) == (DEBUG, True)
    (other,) = differences(tmp_path / "y", {"a.so": one}, {"a.so": three}, mode=0o644)
    assert (other.what, other.explained) == ("content", False)
