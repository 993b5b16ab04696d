"""The extra in the marker of a requirement, as metadata has it: `extra == "x"`.

This goes by the text: to parse each marker takes long where a package has a thousand of them,
and packaging does not give away what it has parsed.
"""

from __future__ import annotations

import re

__all__ = ["extras_named", "split_extra"]

_EXTRA = re.compile(r"""\bextra\s*==\s*(["'])(.*?)\1""")
_TOKEN = re.compile(r""""[^"]*"|'[^']*'|[()]|\band\b|\bor\b""")


def extras_named(marker: str) -> list[str]:
    """List the extras that a marker names, in order, as they are written.

    Args:
        marker: its text (PEP 508).
    """
    return [extra for _, extra in _EXTRA.findall(marker)]


def split_extra(marker: str) -> tuple[str, str]:
    """Take the extra out of a marker that holds for this extra alone.

    Args:
        marker: its text (PEP 508).

    Returns:
        The other conditions, and the extra as it is written. Where the marker may hold without
        the extra, or for several: the marker as it is, and nothing.
    """
    parts = _conjuncts(marker)
    extras = [_EXTRA.fullmatch(_bare(part)) for part in parts]
    found = [match[2] for match in extras if match is not None]
    rest = [part for part, match in zip(parts, extras, strict=True) if match is None]
    if len(found) != 1 or any(map(extras_named, rest)):
        return marker, ""
    return " and ".join(rest), found[0]


def _conjuncts(marker: str) -> list[str]:
    """Split a marker at each `and` that stands in no parentheses, unless an `or` does."""
    parts, start, depth = [], 0, 0
    for match in _TOKEN.finditer(marker):
        word = match[0]
        depth += (word == "(") - (word == ")")
        if word == "or" and not depth:
            return [marker]
        if word == "and" and not depth:
            parts.append(marker[start : match.start()].strip())
            start = match.end()
    return [*parts, marker[start:].strip()]


def _bare(part: str) -> str:
    """Leave out parentheses around a condition."""
    while part.startswith("(") and part.endswith(")"):
        part = part[1:-1].strip()
    return part
