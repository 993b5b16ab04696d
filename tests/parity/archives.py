"""One small correct wheel, and how to spoil a part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.helpers.wheels import (
    Member,
    build_archive,
    record_of,
    wheel_files,
    wheel_members,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CODE",
    "DATA",
    "ENTRY_POINTS",
    "INFO",
    "INIT",
    "METADATA",
    "RECORD",
    "TEXT",
    "WHEEL",
    "demo",
    "spoiled",
    "with_record",
]

INIT = "demo/__init__.py"
TEXT = "demo/text.txt"
INFO = "demo-1.0.dist-info"
DATA = "demo-1.0.data"
METADATA, WHEEL, RECORD, ENTRY_POINTS = (
    f"{INFO}/{file}" for file in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
)
CODE = b"answer = 42\n"
PROSE = b"Some text that deflate makes shorter. " * 20


def demo(
    files: Mapping[str, str | bytes] | None = None,
    *,
    without: Iterable[str] = (),
    replaced: Mapping[str, str | bytes] | None = None,
    entry_points: str | None = None,
) -> dict[str, bytes]:
    """Make the files of the wheel, with a RECORD that is right.

    Args:
        files: further ones; paths below .data are given in full.
        without: files to leave out, RECORD's rows as well.
        replaced: files of .dist-info with another content.
        entry_points: the text of entry_points.txt.
    """
    contents = wheel_files(
        "demo", "1.0", {INIT: CODE, TEXT: PROSE, **(files or {})}, entry_points=entry_points
    )
    for path, content in (replaced or {}).items():
        contents[path] = content.encode() if isinstance(content, str) else content
    for path in without:
        del contents[path]
    if RECORD in contents and RECORD not in (replaced or {}):
        contents[RECORD] = record_of(contents, RECORD)
    return contents


def with_record(old: str, new: str, files: Mapping[str, bytes] | None = None) -> bytes:
    """Make the wheel with one piece of RECORD replaced."""
    contents = dict(files or demo())
    text = contents[RECORD].decode()
    assert text.count(old) == 1
    contents[RECORD] = text.replace(old, new).encode()
    return build_archive(wheel_members(contents))


def spoiled(
    path: str | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    first: Iterable[Member] = (),
    last: Iterable[Member] = (),
    archive: Mapping[str, Any] | None = None,
    **changes: Any,
) -> bytes:
    """Make the wheel with one member changed.

    Args:
        path: the member.
        files: its files, where not the usual.
        first: further members before all others.
        last: further members behind them.
        archive: arguments of `build_archive`.
        changes: fields of the member.
    """
    members = [
        replace(member, **changes) if member.name == path else member
        for member in wheel_members(demo() if files is None else files)
    ]
    return build_archive([*first, *members, *last], **(archive or {}))
