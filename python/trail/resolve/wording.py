"""The words of explanations: requirements as a person would write them, and what there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trail.extras import split_extra

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trail.resolve.need import Need
    from trail.resolve.shelf import Shelf

__all__ = ["bare", "for_extra", "in_a_row", "known_versions", "plain", "what_there_is"]

_SPACE = re.compile(r"\s+(?=[<>=!~])")
_PARENTHESES = re.compile(r"\s*\(([^)]*)\)(?=\s*(?:;|$))")


def plain(text: str) -> str:
    """Leave out the parentheses and spaces that old metadata has."""
    head, semicolon, marker = _PARENTHESES.sub(r"\1", text).partition(";")
    return f"{_SPACE.sub('', head)}{semicolon}{marker}"


def for_extra(text: str) -> str:
    """Quote a requirement of a package; where it is for an extra alone, say so in words."""
    written = plain(text)
    head, _, marker = written.partition(";")
    rest, extra = split_extra(marker)
    if not extra:
        return f"`{written}`"
    return (
        f"`{head.strip()}; {rest}` for its extra `{extra}`"
        if rest
        else f"`{head.strip()}` for its extra `{extra}`"
    )


def bare(text: str) -> str:
    """Leave out the marker as well: that it holds is known."""
    return plain(text).partition(";")[0].strip()


def known_versions(shelf: Shelf) -> str:
    """Say which versions there are, and what the index says of the project."""
    verb = "is" if len(shelf.versions) == 1 else "are"
    status = f" (the project is {shelf.status})" if shelf.status is not None else ""
    return f"there {verb} {shelf.describe(shelf.everything) or 'none'}{status}"


def what_there_is(shelf: Shelf, need: Need) -> str:
    """Give an example of what can be required instead."""
    if not shelf.versions:
        return f"remove `{need.name}`, or add an index that has versions of it"
    for version in shelf.versions:
        if version.is_prerelease and need.specifier.contains(version.base_version):
            return f"there is only a pre-release: if it will do, require `{need.name}>={version}`"
    stable = [version for version in shelf.versions if not version.is_prerelease]
    newest = (stable or shelf.versions)[0]
    return f"allow a version that there is, for instance `{need.name}=={newest}`"


def in_a_row(texts: Iterable[str]) -> str:
    """Put words, one at least, in a row with an `and` before the last."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
