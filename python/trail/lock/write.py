"""Write a `pylock.toml`: the same bytes wherever and whenever it is written (PEP 751).

Keys stand in the order of the standard, packages by name, files by name; there is no date
and no path of this machine. One file of a package is one line, so that a version control
system shows what changed.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.pylock import Package, Pylock

__all__ = ["dump_pylock"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_JSON = json.JSONEncoder(ensure_ascii=False)


def _attributes(*keys: str) -> tuple[tuple[str, str], ...]:
    """Pair keys of the standard with the attributes that hold their values."""
    return tuple((key, key.replace("-", "_")) for key in keys)


_LONG = frozenset({"environments", "wheels"})  # one item a line
_HEAD = _attributes(
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
)
_PACKAGE = _attributes(
    "name",
    "version",
    "marker",
    "requires-python",
    "dependencies",
    "vcs",
    "directory",
    "archive",
    "index",
    "sdist",
    "wheels",
    "tool",
)
_FILE = _attributes(
    "name",
    "type",
    "upload-time",
    "url",
    "path",
    "requested-revision",
    "commit-id",
    "editable",
    "size",
    "hashes",
    "subdirectory",
)


def dump_pylock(pylock: Pylock) -> bytes:
    """Write a lock.

    Args:
        pylock: valid; its packages are written in the order that they have.
    """
    lines = [*_pairs(pylock, _HEAD)]
    if not pylock.packages:
        lines.append("packages = []")
    for package in pylock.packages:
        lines += ["", "[[packages]]", *_pairs(package, _PACKAGE)]
    for name, table in sorted((pylock.tool or {}).items()):
        lines += ["", *_table(f"tool.{_key(name)}", table)]
    return ("\n".join(lines) + "\n").encode()


def _pairs(owner: Pylock | Package, order: Sequence[tuple[str, str]]) -> Iterator[str]:
    for key, attribute in order:
        value = getattr(owner, attribute)
        if value is None or (isinstance(value, list) and not value and key != "wheels"):
            continue
        if key in _LONG and isinstance(value, list):
            yield f"{key} = ["
            yield from (f"  {_value(item)}," for item in value)
            yield "]"
        else:
            yield f"{key} = {_value(value)}"


def _table(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Write a table of `[tool]`: plain values first, then its own tables."""
    yield f"[{name}]"
    for key, value in sorted(table.items()):
        if isinstance(value, list) and len(value) > 1:
            yield f"{_key(key)} = ["
            yield from (f"  {_value(item)}," for item in value)
            yield "]"
        elif not isinstance(value, dict):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in sorted(table.items()):
        if isinstance(value, dict):
            yield ""
            yield from _table(f"{name}.{_key(key)}", value)


def _value(value: Any) -> str:
    match value:
        case str() | Marker() | SpecifierSet() | Version():
            return _text(str(value))
        case bool() | int():
            return str(value).lower()
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None)
            return f"{moment.isoformat()}Z"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            known = [key for key, _ in _FILE if key in value]
            return _inline((key, value[key]) for key in (*known, *sorted(set(value) - {*known})))
    # A file, a folder or a repository.
    items = ((key, getattr(value, attribute, None)) for key, attribute in _FILE)
    return _join(f"{key} = {_value(item)}" for key, item in items if item is not None)


def _inline(pairs: Iterable[tuple[str, Any]]) -> str:
    return _join(f"{_key(key)} = {_value(item)}" for key, item in pairs)


def _join(pairs: Iterable[str]) -> str:
    return f"{{{', '.join(pairs)}}}"


def _text(text: str) -> str:
    """Quote as a person would: literal where that needs no escapes, as markers do."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    # JSON's escapes are TOML's; TOML wants DEL escaped, too.
    return _JSON.encode(text).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)
