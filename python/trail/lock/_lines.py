"""The grammar of pip's requirements files: logical lines and their options.

Rules (pip's reference, "Requirements File Format"): a line that ends with a backslash goes
on in the next one; a comment starts at `#` at the beginning or after white space, and ends
a continued line; `${NAME}` in capitals is an environment variable; a line that starts with
`-` holds options of the whole file, options behind a requirement belong to it.
"""

from __future__ import annotations

import argparse
import codecs
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from packaging.requirements import InvalidRequirement, Requirement

from trail.errors import LockError
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "Line",
    "file_options",
    "logical_lines",
    "read_included",
    "read_requirement",
    "requirement_options",
]

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_OPTIONS = re.compile(r"\s+(?=--?[A-Za-z])")
_PLAIN_HASH = re.compile(r"--hash=\w+:\w+")
# Windows PowerShell writes UTF-16 when the output of `pip freeze` is redirected.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A logical line that is not empty.

    Args:
        path: its file.
        number: of its first physical line, from 1.
        text: without comments, continuations and variables.
    """

    path: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        """`file:line`, for messages."""
        return f"{self.path}:{self.number}"

    @property
    def is_option(self) -> bool:
        """Whether the line holds options of the whole file."""
        return self.text.startswith("-")

    def fault(self, problem: str) -> LockError:
        """Make the error for this line."""
        return LockError(
            f"cannot read `{self.place}`", details=(("line", self.text), ("problem", problem))
        )


def logical_lines(data: bytes, path: Path, variables: Mapping[str, str]) -> Iterator[Line]:
    """Split a file into logical lines.

    Args:
        data: the file's bytes, UTF-8 (or UTF-16 with a byte order mark).
        path: the file.
        variables: environment variables; one that is not there or empty is left as it stands.

    Raises:
        LockError: the bytes are not text.
    """

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1]) or match[0]

    for number, text in _joined(_decode(data, path)):
        stripped = _VARIABLE.sub(value, _COMMENT.sub("", text).strip())
        if stripped:
            yield Line(path=path, number=number, text=stripped)


def file_options(line: Line) -> argparse.Namespace:
    """Parse a line of options that are for the whole file.

    Raises:
        LockError: an option is unknown or lacks its value.
    """
    return _parse(line, line.text, _file_parser())


def requirement_options(line: Line) -> tuple[str, list[str]]:
    """Split a requirement line.

    Returns:
        The requirement, and the values of its `--hash` options.

    Raises:
        LockError: an option is unknown or lacks its value.
    """
    requirement, *options = _OPTIONS.split(line.text, maxsplit=1)
    if not options:
        return requirement, []
    # What every tool writes; shlex takes a millisecond for each of the longer lines.
    words = options[0].split()
    if all(_PLAIN_HASH.fullmatch(word) for word in words):
        return requirement, [word.removeprefix("--hash=") for word in words]
    return requirement, _parse(line, options[0], _requirement_parser()).hash


def read_requirement(line: Line, text: str) -> Requirement:
    """Parse a requirement of a line (PEP 508).

    Raises:
        LockError: it is none.
    """
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise line.fault(str(error).splitlines()[0]) from error


def read_included(
    line: Line, name: str, opened: Sequence[Path], read: Callable[[Path], bytes]
) -> tuple[Path, bytes]:
    """Read a file that a line includes.

    Args:
        line: the line.
        name: what it names; relative to the line's own file.
        opened: the files that are being read.
        read: reads it.

    Returns:
        The file, absolute, and its content.

    Raises:
        LockError: it is no local file, is being read already, or cannot be read.
    """
    if "://" in name:
        raise line.fault("a file to include must be a local one")
    path = Path(os.path.normpath(line.path.parent / name))
    if path in opened:
        raise line.fault(f"`{path}` includes itself")
    try:
        return path, read(path)
    except OSError as error:
        problem = error.strerror or str(error)
        raise line.fault(f"cannot read `{path}`: {problem.lower()}") from error


def _decode(data: bytes, path: Path) -> str:
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError(
            f"`{path}` is not text in UTF-8", details=(("place", f"line {line}"),)
        ) from error


def _joined(text: str) -> Iterator[tuple[int, str]]:
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), start=1):
        if not parts:
            first = number
        # A comment line ends a continuation even if it ends with a backslash itself.
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        # The space keeps the comment one: `a==1 \` and `#b` would else be `a==1 #b`, or not.
        parts.append(f" {line}" if line.lstrip().startswith("#") else line)
        yield first, "".join(parts)
        parts = []
    if parts:
        yield first, "".join(parts)


class _Parser(argparse.ArgumentParser):
    """An option parser that raises instead of printing and leaving."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parse(line: Line, text: str, parser: _Parser) -> argparse.Namespace:
    try:
        return parser.parse_args(shlex.split(text))
    except ValueError as error:
        raise line.fault(str(error)) from error


def _file_parser() -> _Parser:
    parser = _Parser()
    for names in (
        ("-r", "--requirement"),
        ("-c", "--constraint"),
        ("-e", "--editable"),
        ("-i", "--index-url", "--pypi-url"),
        ("--extra-index-url",),
        ("-f", "--find-links"),
        ("--only-binary",),
        ("--no-binary",),
        ("--trusted-host",),
    ):
        parser.add_argument(*names, action="append", default=[])
    for name in ("--no-index", "--require-hashes", "--pre", "--prefer-binary"):
        parser.add_argument(name, action="store_true")
    return parser


def _requirement_parser() -> _Parser:
    parser = _Parser()
    parser.add_argument("--hash", action="append", default=[])
    # For builds only, which a pinned wheel never needs.
    parser.add_argument("-C", "--config-settings", "--config-setting", action="append")
    return parser
