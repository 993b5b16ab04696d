"""Any `requirements.txt`, read as a list of what somebody wants, for `trail add -r`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from trail.lock._lines import (
    file_options,
    logical_lines,
    read_included,
    read_requirement,
    requirement_options,
)
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trail.lock._lines import Line

__all__ = ["Listed", "read_listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line.

    Args:
        place: `file:line`.
        word: a requirement (PEP 508) or an absolute path; None for what is no requirement.
        editable: whether the path is a folder that is used in place.
        text: the line.
    """

    place: str
    word: str | None
    editable: bool = False
    text: str


def read_listed(
    data: bytes,
    path: Path,
    *,
    read: Callable[[Path], bytes] = Path.read_bytes,
    variables: Mapping[str, str] | None = None,
) -> tuple[Listed, ...]:
    """Read a requirements file, and those that it includes, line by line; hashes are left out.

    Args:
        data: the file's bytes.
        path: the file, absolute.
        read: reads an included file.
        variables: environment variables, for `${NAME}`.

    Raises:
        LockError: a line cannot be read, or an included file.
    """
    return tuple(_file(data, (path,), read, variables or {}))


def _file(
    data: bytes,
    opened: tuple[Path, ...],
    read: Callable[[Path], bytes],
    variables: Mapping[str, str],
) -> Iterator[Listed]:
    for line in logical_lines(data, opened[-1], variables):
        if not line.is_option:
            yield _requirement(line)
            continue
        options = file_options(line)
        for name in options.requirement:
            path, included = read_included(line, name, opened, read)
            yield from _file(included, (*opened, path), read, variables)
        for name in options.editable:
            if "://" in name:
                raise line.fault("a repository needs a name: `NAME @ git+https://…`")
            yield Listed(
                place=line.place, word=_absolute(line, name), editable=True, text=line.text
            )
        if not options.requirement and not options.editable:
            yield Listed(place=line.place, word=None, text=line.text)


def _requirement(line: Line) -> Listed:
    text, _ = requirement_options(line)
    if text.startswith((".", "/", "~")):
        return Listed(place=line.place, word=_absolute(line, text), text=line.text)
    read_requirement(line, text)
    return Listed(place=line.place, word=text, text=line.text)


def _absolute(line: Line, name: str) -> str:
    return os.path.normpath(line.path.parent / Path(name).expanduser())
