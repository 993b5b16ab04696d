from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path, PureWindowsPath

import pytest
from tests.helpers.prefixes import facts_of, this_python

from trail.model import EntryPoint
from trail.prefix.model import Action
from trail.prefix.plan import make_plan
from trail.prefix.platform_windows import WindowsPlatform, launchers

PLATFORM = WindowsPlatform()
SHAPE = PLATFORM.shape(this_python())


class Paper:
    """A `Look` at entries that exist as lists of paths."""

    def __init__(self, *entries: list[str]) -> None:
        self.entries = entries

    def listing(self, member: int, folder: str) -> dict[str, bool]:
        found = {}
        for path in self.entries[member]:
            if path.startswith(f"{folder}/"):
                name, _, rest = path.removeprefix(f"{folder}/").partition("/")
                found[name] = bool(rest)
        return found

    def is_folder(self, member: int, path: str) -> bool:
        return bool(self.listing(member, path))

    def same(self, one: tuple[int, str], other: tuple[int, str]) -> bool:
        raise AssertionError((one, other))

    def requires(self, member: int) -> frozenset[object]:
        raise AssertionError(member)


def test_the_plan_has_the_folders_of_windows() -> None:
    paths = [
        "Lib/site-packages/a/__init__.py",
        "Lib/site-packages/a-1.0.dist-info/METADATA",
        "Lib/data/x.txt",
        "Scripts/tool.exe",
        "share/doc/a.txt",
        "include/a/a.h",
    ]
    facts = dataclasses.replace(
        facts_of("a", "1.0", ["lib/python/site-packages/a/__init__.py"], scripts={"run": "a:f"}),
        schemes=("Lib", "Scripts", "include", "share"),
    )
    plan = make_plan([facts], Paper(paths), shape=SHAPE, link_mode="auto")  # type: ignore[arg-type]  # a name is a name
    minor = this_python().minor
    assert {link.path: link.action for link in plan.links} == {
        "Lib/data": Action.FOLDER_LINK,
        "Lib/site-packages/a": Action.FOLDER_LINK,
        "Lib/site-packages/a-1.0.dist-info/METADATA": Action.HARDLINK,
        "Scripts/tool.exe": Action.SCRIPT,
        "include/a": Action.FOLDER_LINK,
        f"include/site/python{minor}/a": Action.FOLDER_LINK,
        "share": Action.FOLDER_LINK,
    }
    assert [script.entry_point.name for script in plan.scripts] == ["run"]


@pytest.mark.parametrize(
    ("minor", "threads", "python", "pythonw"),
    [
        ("3.12", False, "python.exe", "pythonw.exe"),
        ("3.13", False, "venvlauncher.exe", "venvwlauncher.exe"),
        ("3.14", True, "venvlaunchert.exe", "venvwlaunchert.exe"),
    ],
)
def test_launchers_come_from_the_base_python(
    minor: str, threads: bool, python: str, pythonw: str
) -> None:
    base = PureWindowsPath(r"C:\Python\python.exe")
    folder = r"C:\Python\Lib\venv\scripts\nt"
    assert launchers(base, free_threaded=threads, minor=minor) == {
        "python.exe": rf"{folder}\{python}",
        "pythonw.exe": rf"{folder}\{pythonw}",
    }


def test_scripts_are_launchers_with_an_archive() -> None:
    name, data = PLATFORM.script(
        EntryPoint(name="run", value="pkg:main", gui=True), "X:/p/python.exe"
    )
    assert name == "run.exe"
    assert data[:2] == b"MZ"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"from pkg import main" in archive.read("__main__.py")


def test_bytecode_that_is_not_there_yet_is_left_out(tmp_path: Path) -> None:
    PLATFORM.link_bytecode(str(tmp_path / "none"), str(tmp_path / "link"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.pyc").write_bytes(b"x")
    PLATFORM.link_bytecode(str(tmp_path / "a.pyc"), str(tmp_path / "link"))
    assert (tmp_path / "link").stat().st_nlink == 2
