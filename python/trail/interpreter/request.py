"""How a Python is asked for: `3.12`, `>=3.9`, `pypy3.10`, `3.13t`, a command or a path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from trail.errors import InterpreterError
from trail.values import dataclass, field

if TYPE_CHECKING:
    from trail.interpreter.model import Interpreter

__all__ = ["Request", "parse_request", "python_version", "read_version_file"]

# Also `cpython-3.12.1-linux-x86_64-gnu` of uv and `pypy3.10-7.3.15` of pyenv: what follows
# the version there does not matter to trail.
_NAME = (
    r"(?P<implementation>cpython|cp|pypy|pp|graalpy|python)?[-@]?"
    r"(?:(?P<version>\d+(?:\.\d+){0,2}(?:(?:a|b|rc)\d+)?)"
    r"(?P<threads>t|\+freethreaded)?(?:-.*)?)?"
)
_IMPLEMENTATIONS = {"cp": "cpython", "pp": "pypy", "python": None}
_PARTS = 3  # of a version with a patch release


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish for a Python.

    Args:
        text: as it was given.
        implementation: `cpython`, `pypy`, …; None for any.
        specifier: the versions that will do.
        minor: for instance `3.12`, if only this one will do.
        free_threaded: whether it must be without GIL.
        place: a command, or a path to a binary or a folder; all else is then None or empty.
    """

    text: str
    implementation: str | None = None
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    minor: str | None = None
    free_threaded: bool = False
    place: str | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it asks for one minor version."""
        return self.minor is not None

    def matches(self, interpreter: Interpreter) -> bool:
        """Whether a Python is one of those asked for, wherever it lies."""
        return (
            self.implementation in {None, interpreter.implementation}
            and self.free_threaded == interpreter.free_threaded
            and self.specifier.contains(python_version(interpreter), prereleases=True)
        )


def python_version(interpreter: Interpreter) -> str:
    """Give the version as PEP 440 spells it; an untagged build ends with a bare `+`."""
    return interpreter.version.replace("+", "+local")


def parse_request(text: str) -> Request:
    """Read a request.

    Args:
        text: see the head of this module.

    Raises:
        InterpreterError: it is empty, or neither a version nor a name nor a path.
    """
    text = text.strip()
    if not text:
        raise InterpreterError("the wanted Python has no name", hint="use -p 3.12, or a path")
    if text[0] in "<>=!~" and text[:2] != "~/":
        try:
            return Request(text=text, specifier=SpecifierSet(text))
        except InvalidSpecifier as error:
            raise InterpreterError(f"`{text}` is not a version range") from error
    match = re.fullmatch(_NAME, text, re.IGNORECASE)
    if not match or (match["version"] is None and match["implementation"] is None):
        return Request(text=text, place=text)
    name = (match["implementation"] or "python").lower()
    implementation = _IMPLEMENTATIONS.get(name, name)
    version = match["version"]
    if version is None:
        return Request(text=text, implementation=implementation)
    parts = version.split(".")
    whole = len(parts) == _PARTS or not parts[-1].isdigit()  # 3.12.1, 3.15.0rc1
    return Request(
        text=text,
        implementation=implementation,
        specifier=SpecifierSet(f"=={version}" if whole else f"=={version}.*"),
        minor=".".join(re.findall(r"\d+", version)[:2]) if len(parts) > 1 else None,
        free_threaded=bool(match["threads"]),
    )


def read_version_file(text: str) -> tuple[Request, ...]:
    """Read the content of a `.python-version` file: one request a line, best first.

    pyenv's word `system` is no request.

    Raises:
        InterpreterError: a line is no request.
    """
    lines = (line.partition("#")[0].strip() for line in text.lstrip("\ufeff").splitlines())
    return tuple(parse_request(line) for line in lines if line and line != "system")
