"""Constraints of Poetry, said in version specifiers (PEP 440) and markers (PEP 508).

`^1.2`, `~1.2`, `1.2.*`, `1.2`, `>=1,<2`, and alternatives of these: `^1.2 || ^2.0`. What a
constraint allows is written down at https://python-poetry.org/docs/dependency-specification/.

PEP 440 has no alternatives. A constraint that has some becomes the range around all of them,
and what lies between two is left out: `^1 || ^3` is `>=1,!=2.*,<4`. Pre-releases of the version
that an alternative begins with (`3.0rc1`) cannot be told from it in this way, and count to it.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise
from operator import and_, or_
from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GapError", "platform_marker", "python_marker", "read_constraint", "read_pythons"]

_EITHER = re.compile(r"\s*\|\|?\s*")
# Between two constraints that hold together; `>= 1` is one.
_BOTH = re.compile(r"(?<=[^\^~=<>!,\s])\s*[,\s]\s*(?=[^,\s])")
_ONE = re.compile(r"(?P<operator>\^|~=|~|==|=|!=|<=|>=|<|>)?\s*v?(?P<version>[^=\s]+)")
_ANY = re.compile(r"[*xX](\.[*xX])*")
_PLATFORM = re.compile(r"(?P<operator>==|!=|=)?\s*(?P<name>[^\s=!,|]+)")
_MOST_BLOCKS = 100


class GapError(ValueError):
    """No specifier leaves out what lies between the alternatives of a constraint.

    Args:
        text: the constraint.
        around: the range around all alternatives, as a specifier.
    """

    def __init__(self, text: str, around: str) -> None:
        super().__init__(f"no version specifier (PEP 440) says `{text}`")
        self.around = around


def read_constraint(text: str) -> SpecifierSet:
    """Say a constraint as a version specifier.

    Args:
        text: for instance `^1.2`, or `*`.

    Raises:
        GapError: no specifier can say it.
        ValueError: it is no constraint.
    """
    sets = _alternatives(text)
    return sets[0] if len(sets) == 1 else _together(_union(map(_ranges, sets)), text)


def read_pythons(text: str) -> SpecifierSet:
    """Say which Pythons a project supports as a version specifier.

    Args:
        text: a constraint; `3.9` means all its patch releases, and none lies between 2.7 and 3.0.

    Raises:
        GapError: no specifier can say it.
        ValueError: it is no constraint.
    """
    sets = [SpecifierSet(",".join(map(_minor, one))) for one in _alternatives(text)]
    if len(sets) == 1:
        return sets[0]
    ranges = _union(map(_ranges, sets))
    never = _Range(_below(Version("2.8")), _below(Version("3")))
    if ranges and ranges[0].low < never.low:
        ranges = _union((ranges, [never]))
    return _together(ranges, text)


def python_marker(text: str) -> Marker | None:
    """Say for which Pythons something is required as a marker; None for all of them.

    Args:
        text: a constraint, for instance `^3.9 || ~2.7`.

    Raises:
        ValueError: it is no constraint.
    """
    sets = _alternatives(text)
    if not all(sets):
        return None
    return reduce(or_, (reduce(and_, map(_python, sorted(one, key=str))) for one in sets))


def platform_marker(text: str) -> Marker | None:
    """Say for which platforms something is required as a marker; None for all of them.

    Args:
        text: for instance `win32`, or `!=win32,!=darwin`.

    Raises:
        ValueError: it is no constraint.
    """
    if text.strip() == "*":
        return None
    return reduce(
        or_,
        (
            reduce(and_, map(_platform, _BOTH.split(either)))
            for either in _EITHER.split(text.strip())
        ),
    )


def _alternatives(text: str) -> list[SpecifierSet]:
    return [
        SpecifierSet(",".join(filter(None, map(_specifier, _BOTH.split(either.rstrip(", "))))))
        for either in _EITHER.split(text.strip())
    ]


def _specifier(text: str) -> str:
    """Say one constraint as one or two specifiers; as none at all if it allows everything."""
    match = _ONE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no constraint of versions")
    operator, version = match["operator"], match["version"]
    if operator is None and _ANY.fullmatch(version):
        return ""
    try:
        if operator in {"^", "~", "~="}:
            found = Version(version)
            if operator != "~=" or len(found.release) == 1:  # which PEP 440 has not
                return f">={found},<{_next(found, _changing(found, operator))}"
        while version.endswith(".*.*"):
            version = version.removesuffix(".*")
        if operator in {"<", "<=", ">", ">="}:
            version = version.removesuffix(".*")
        return str(Specifier(f"{'==' if operator in {None, '='} else operator}{version}"))
    except (InvalidVersion, InvalidSpecifier) as error:
        raise ValueError(f"`{text}` is no constraint of versions") from error


def _changing(version: Version, operator: str) -> int:
    """Tell the place of the number that is greater in the first version that is too new."""
    release = version.release
    if operator != "^":
        return min(len(release), 2) - 1
    numbers = (place for place, number in enumerate(release[:3]) if number)
    return next(numbers, min(len(release), 3) - 1)


def _next(version: Version, place: int) -> Version:
    numbers = (*version.release[:place], version.release[place] + 1)
    return Version(f"{version.epoch}!{'.'.join(map(str, numbers))}")


# --- alternatives


class _Cut(NamedTuple):
    """A place between versions: just before (-1) or just after (1) one of them."""

    version: Version
    side: int


class _Range(NamedTuple):
    """The versions between two cuts."""

    low: _Cut
    high: _Cut


def _below(version: Version) -> _Cut:
    """Give the place before a version, and before the pre-releases of one that is none."""
    first = version if version.is_prerelease else Version(f"{version}.dev0")
    return _Cut(first, -1)


_EVERYTHING = _Range(_Cut(Version("0.dev0"), -1), _Cut(Version("999999999!0"), 1))


def _ranges(specifiers: SpecifierSet) -> list[_Range]:
    """Say as ranges what a set allows."""
    found = [_EVERYTHING]
    for one in specifiers:
        ranges = _ranges_of(one)
        both = (_Range(max(a.low, b.low), min(a.high, b.high)) for a in found for b in ranges)
        found = [one for one in both if one.low < one.high]
    return found


def _ranges_of(one: Specifier) -> list[_Range]:
    low, high = _EVERYTHING
    version = Version(one.version.removesuffix(".*"))
    inside = _Range(_Cut(version, -1), _Cut(version, 1))
    if one.version.endswith(".*"):
        above = _next(version, len(version.release) - 1)
        inside = _Range(_below(version), _below(above))
    if one.operator == "~=":
        return [_Range(_below(version), _below(_next(version, len(version.release) - 2)))]
    if one.operator == "!=":
        return [_Range(low, inside.low), _Range(inside.high, high)]
    bounds = {
        ">=": _Range(_below(version), high),
        ">": _Range(inside.high, high),
        "<": _Range(low, _below(version)),
        "<=": _Range(low, inside.high),
    }
    return [bounds.get(one.operator, inside)]


def _union(parts: Iterable[Iterable[_Range]]) -> list[_Range]:
    found: list[_Range] = []
    for one in sorted(one for part in parts for one in part):
        if found and one.low <= found[-1].high:
            found[-1] = _Range(found[-1].low, max(found[-1].high, one.high))
        else:
            found.append(one)
    return found


def _together(ranges: list[_Range], text: str) -> SpecifierSet:
    """Say ranges as one specifier: the bounds, and what is to be left out between them."""
    if not ranges:
        raise ValueError(f"`{text}` allows no version at all")
    around = [*_from(ranges[0].low), *_to(ranges[-1].high)]
    holes: list[str] = []
    for before, after in pairwise(ranges):
        hole = _without(before.high, after.low)
        if hole is None:
            raise GapError(text, ",".join(around))
        holes += hole
    return SpecifierSet(",".join((*around, *holes)))


def _from(cut: _Cut) -> list[str]:
    if cut == _EVERYTHING.low:
        return []
    return [f"{'>=' if cut.side < 0 else '>'}{_shown(cut.version)}"]


def _to(cut: _Cut) -> list[str]:
    if cut == _EVERYTHING.high:
        return []
    if cut.side > 0:
        return [f"<={cut.version}"]
    if cut.version.is_prerelease:
        return [f"<{_shown(cut.version)}"]
    return [f"<={cut.version}", f"!={cut.version}"]


def _without(start: _Cut, end: _Cut) -> list[str] | None:
    """Leave out the versions between two cuts; None if no specifiers do."""
    if start.version == end.version:  # before and after it
        return [f"!={start.version}"]
    first, last = _shown(start.version), _shown(end.version)
    if start != _below(first) or end != _below(last) or first.epoch != last.epoch:
        return None
    blocks = _blocks(first, last)
    if blocks is None:
        return None
    epoch = f"{first.epoch}!" if first.epoch else ""
    return [f"!={epoch}{'.'.join(map(str, block))}.*" for block in blocks]


def _blocks(start: Version, end: Version) -> list[tuple[int, ...]] | None:
    """Cut the versions from one to another into blocks: from 2 to 3.1 there are 2.* and 3.0.*."""
    if start.base_version != str(start) or end.base_version != str(end):
        return None
    length = max(len(start.release), len(end.release))
    first, last = ((*one.release, *[0] * length)[:length] for one in (start, end))
    place = next(place for place in range(length) if first[place] != last[place])
    if any(first[place + 1 :]):  # there is no last 1.9 before 2
        return None
    found = [(*last[:place], number) for number in range(first[place], last[place])]
    for inner in range(place + 1, length):
        found += [(*last[:inner], number) for number in range(last[inner])]
    return found if len(found) <= _MOST_BLOCKS else None


def _shown(version: Version) -> Version:
    """Take away what stands for all pre-releases."""
    return Version(str(version).removesuffix(".dev0"))


# --- markers


def _minor(specifier: Specifier) -> str:
    """Let `3.9` mean all its patch releases."""
    whole = specifier.operator == "==" and _is_short(specifier.version)
    return f"{specifier}.*" if whole else str(specifier)


def _is_short(version: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", version) is not None


def _python(specifier: Specifier) -> Marker:
    operator, version = specifier.operator, specifier.version
    minor = version.removesuffix(".*")
    if version != minor and _is_short(minor) and "." in minor:
        return Marker(f'python_version {operator} "{minor}"')
    # `!=3.9`, `<=3.9` and `>3.9` are about 3.9.0 alone.
    short = _is_short(minor) and (version != minor or operator in {"==", ">=", "<", "~="})
    variable = "python_version" if short else "python_full_version"
    return Marker(f'{variable} {operator} "{version}"')


def _platform(text: str) -> Marker:
    match = _PLATFORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no constraint of platforms")
    operator = "!=" if match["operator"] == "!=" else "=="
    return Marker(f'sys_platform {operator} "{match["name"]}"')
