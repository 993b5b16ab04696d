from __future__ import annotations

from typing import TYPE_CHECKING

from tests.helpers.prefixes import facts_of, this_python

from trail.prefix.look import EntryFolders
from trail.prefix.platform_posix import PosixPlatform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FACTS = facts_of("a", "1.0", [])
SHAPE = PosixPlatform().shape(this_python())


def is_joined(path: str, members: Sequence[int]) -> bool:
    raise AssertionError((path, members))


def entry(tmp_path: Path, **files: bytes) -> EntryFolders:
    for name, content in files.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "__init__.py").write_bytes(content)
    return EntryFolders([tmp_path, tmp_path], [FACTS, FACTS], SHAPE, is_joined)


def test_a_listing_tells_folders_from_files(tmp_path: Path) -> None:
    look = entry(tmp_path, a=b"")
    assert look.listing(0, "a") == {"__init__.py": False}
    assert look.listing(0, ".") == {"a": True}
    assert look.listing(0, "none") == look.listing(0, "a/__init__.py") == {}
    assert look.is_folder(0, "a")
    assert not look.is_folder(0, "a/__init__.py")


def same(tmp_path: Path, one: bytes, other: bytes) -> bool:
    look = entry(tmp_path, one=one, other=other)
    return look.same((0, "one/__init__.py"), (1, "other/__init__.py"))


def test_files_are_compared_by_content(tmp_path: Path) -> None:
    assert same(tmp_path, b"12", b"12")
    assert not same(tmp_path, b"12", b"21")


def test_the_old_ways_to_share_a_namespace_are_the_same(tmp_path: Path) -> None:
    one = b"__import__('pkg_resources').declare_namespace(__name__)"
    other = b"from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"
    assert same(tmp_path, one, other)
    assert not same(tmp_path, one, b"VERSION = 1")


def test_requirements_are_read_from_the_headers_only(tmp_path: Path) -> None:
    folder = tmp_path / SHAPE.entry_site_packages / FACTS.dist_info
    folder.mkdir(parents=True)
    (folder / "METADATA").write_bytes(
        b"Metadata-Version: 2.1\r\nName: a\r\n"
        b"Requires-Dist: Foo.Bar>=1; extra == 'x'\r\n"
        b"requires-dist:\tbaz [security] (<2)\r\n"
        b"Requires-Dist: quux@ https://example.invalid/q.whl\r\n"
        b"\r\n"
        b"Requires-Dist: not-this\r\n"
    )
    assert EntryFolders([tmp_path], [FACTS], SHAPE, is_joined).requires(0) == {
        "foo-bar",
        "baz",
        "quux",
    }
