from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.helpers.prefixes import facts_of, this_python

from trail.model import Escape
from trail.prefix.model import Action, Plan
from trail.prefix.plan import make_plan
from trail.prefix.platform_macos import MacPlatform

PLATFORM = MacPlatform()
SITE = f"lib/python{this_python().minor}/site-packages"
ENTRY = "lib/python/site-packages"


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


def plan_of(runpath: str) -> Plan:
    """Plan a package with a library that looks along a path, and one that has others."""
    torch = [f"{ENTRY}/torch/__init__.py", f"{ENTRY}/torch/lib/libtorch.dylib"]
    others = [f"{ENTRY}/mkl/__init__.py", f"{ENTRY}/mkl/lib/libmkl.dylib"]
    escape = Escape(library="torch/lib/libtorch.dylib", runpath=runpath, tag="LC_RPATH")
    members = [facts_of("mkl", "1", others), facts_of("torch", "1", torch, escapes=[escape])]
    shape = PLATFORM.shape(this_python())
    return make_plan(members, Paper(others, torch), shape=shape, link_mode="auto")  # type: ignore[arg-type]  # a name is a name


def actions(plan: Plan) -> dict[str, Action]:
    found = {}
    for action, path, _, _ in plan.links:
        if "dist-info" not in path and "__pycache__" not in path:
            found[path.removeprefix(f"{SITE}/")] = action
    return found


def test_libraries_that_look_for_others_are_real_files() -> None:
    """dyld resolves links first: from a linked folder it would look into the depot."""
    assert actions(plan_of("@loader_path/../../mkl/lib")) == {
        "mkl": Action.FOLDER_LINK,
        "torch": Action.HARDLINK_TREE,
    }


@pytest.mark.parametrize(
    "runpath", ["@loader_path/.", "@loader_path/../lib", "@loader_path/../..", "/usr/lib"]
)
def test_libraries_of_their_own_are_linked(runpath: str) -> None:
    assert actions(plan_of(runpath)) == {"mkl": Action.FOLDER_LINK, "torch": Action.FOLDER_LINK}


def test_there_is_no_lib64(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    PLATFORM.install_python(str(tmp_path), this_python())
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "lib"}
    assert (tmp_path / "bin" / "python3").readlink() == Path(this_python().base)


def test_first_lines_may_be_longer() -> None:
    python = "/" + "p" * 400
    assert PLATFORM.shebang(python) == f"#!{python}\n".encode()
    assert PLATFORM.shebang("/" + "p" * 600).startswith(b"#!/bin/sh\n")


def test_a_copy_has_the_mode(tmp_path: Path) -> None:
    """A clone on APFS; an ordinary one elsewhere."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"text")
    source.chmod(0o555)
    PLATFORM.copy(str(source), str(copy))
    assert (copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode)) == (b"text", 0o555)
    assert copy.stat().st_ino != source.stat().st_ino
