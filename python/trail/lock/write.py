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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["dump_pylock"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_JSON = json.JSONEncoder(ensure_ascii=False)

_LONG = frozenset({"environments", "wheels"})  # one item a line
_HEAD = (
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
)
_PACKAGE = (
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
_FILE = (
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


def dump_pylock(document: Mapping[str, Any]) -> bytes:
    """Write a lock.

    Args:
        document: the contents of a valid lock, as TOML has them; its packages are written in
            the order that they have.
    """
    lines = [*_pairs(document, _HEAD)]
    packages = document["packages"]
    if not packages:
        lines.append("packages = []")
    for package in packages:
        lines += ["", "[[packages]]", *_pairs(package, _PACKAGE)]
    for name, table in sorted(document.get("tool", {}).items()):
        lines += ["", *_table(f"tool.{_key(name)}", table)]
    return ("\n".join(lines) + "\n").encode()


def _pairs(table: Mapping[str, Any], order: Sequence[str]) -> Iterator[str]:
    for key in order:
        value = table.get(key)
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
        case str():
            return _text(value)
        case bool() | int():
            return str(value).lower()
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None)
            return f"{moment.isoformat()}Z"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            known = [f"{key} = {_value(value[key])}" for key in _FILE if key in value]
            rest = sorted(value.keys() - _FILE)
            others = [f"{_key(key)} = {_value(value[key])}" for key in rest]
            return f"{{{', '.join(known + others)}}}"
    raise AssertionError(value)


def _text(text: str) -> str:
    """Quote as a person would: literal where that needs no escapes, as markers do."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    # JSON's escapes are TOML's; TOML wants DEL escaped, too.
    return _JSON.encode(text).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)
