"""Which native libraries look for files of other distributions, as their run paths say.

Such a library finds its neighbours only beside itself, so what it lies in is joined (rule 3 of
`trail.prefix.plan`).
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.model import Escape, Facts
    from trail.prefix.model import Shape

__all__ = ["reaching"]

_ORIGIN = r"(\$ORIGIN|\$\{ORIGIN\}|@loader_path)(?=/|$)"
_LIBRARY = r".*\.(so|so\.[0-9.]+|dylib|dll|pyd)"


def reaching(members: Sequence[Facts], shape: Shape) -> dict[int, list[str]]:
    """Find the native libraries that look for files of another member.

    Args:
        members: one per distribution.
        shape: where things lie.

    Returns:
        Their paths in the entries, by the number of the member.
    """
    if not any(facts.escapes for facts in members):
        return {}
    tops: defaultdict[str, set[int]] = defaultdict(set)
    for number, facts in enumerate(members):
        for top in facts.top_level:
            tops[top.path].add(number)
            if re.fullmatch(_LIBRARY, top.path):
                tops[""].add(number)  # stands for site-packages itself
        for scheme in facts.schemes:
            tops[f"../{scheme}"].add(number)
    found: dict[int, list[str]] = {}
    for number, facts in enumerate(members):
        libraries = {
            escape.library
            for escape in facts.escapes
            if tops.get(_place(escape, shape), set()) - {number}
        }
        if libraries:
            found[number] = [f"{shape.entry_site_packages}/{name}" for name in sorted(libraries)]
    return found


def _place(escape: Escape, shape: Shape) -> str:
    """Name where an escape leads: a top-level name, `../{scheme}`, or elsewhere."""
    if not (origin := re.match(_ORIGIN, escape.runpath)):
        return "elsewhere"
    site = shape.entry_site_packages
    folder = posixpath.join(site, posixpath.dirname(escape.library))
    path = posixpath.normpath(f"{folder}/{escape.runpath[origin.end() :]}")
    if path == site:
        return ""
    if path.startswith(f"{site}/"):
        return path.removeprefix(f"{site}/").split("/")[0]
    return f"../{path.split('/')[0]}"
