"""Markers that are true on exactly the right targets, as short as a person would write them.

Sets of targets are the bits of an integer. A marker is a sum of *terms*, each the product of a
range of Pythons and a platform. All terms that the targets can tell apart are listed once;
the few that cover a set are then looked up, one or two by trying, more by taking the largest
first. A set may leave targets open: there a marker may say what makes it shorter.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.version import Version

    from trail.resolve.model import Target

__all__ = ["Markers", "all_of", "any_of"]

# Of several variables that say the same the first one is taken.
_VARIABLES = ("sys_platform", "platform_machine", "implementation_name", "os_name")
# The words that pdm insists on in `environments`; others take any.
_PLATFORM = ("platform_system", "platform_machine", "implementation_name")
_MOST_TERMS = 60  # of which all pairs are tried


@dataclass(frozen=True, slots=True)
class _Term:
    """A product of comparisons; `mask` is where it is true, `cost` orders equals."""

    text: str
    mask: int
    cost: tuple[int, int, int, str]


class Markers:
    """Makes markers for sets of targets.

    Args:
        targets: all that there are; bit 0 stands for the first one.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)
        self.everything = (1 << len(self._targets)) - 1
        self._known: dict[tuple[int, int], str | None] = {}

    def marker(self, wanted: int, free: int = 0) -> str | None:
        """Make a marker.

        Args:
            wanted: the targets on which it must be true.
            free: those on which it may be either.

        Returns:
            None for a marker that is always true.

        Raises:
            ValueError: no marker tells these targets from others.
        """
        free &= ~wanted
        key = (wanted, free)
        if key not in self._known:
            self._known[key] = self._make(wanted, free)
        return self._known[key]

    def environments(self, covered: int) -> tuple[str, ...]:
        """Make a marker for each platform, that holds for the covered Pythons on it."""
        groups: dict[str, int] = {}
        for number, target in enumerate(self._targets):
            platform = " and ".join(f"{name} == '{target.environment[name]}'" for name in _PLATFORM)
            groups[platform] = groups.get(platform, 0) | 1 << number
        found = []
        for platform, mask in groups.items():
            if mask & covered:
                outside = self.everything & ~mask
                python = self._make(mask & covered, outside, platforms=False)
                found.append(all_of(platform, python))
        return tuple(marker for marker in found if marker is not None)

    def _make(self, wanted: int, free: int, *, platforms: bool = True) -> str | None:
        allowed = wanted | free
        if allowed == self.everything:
            return None
        terms = self._terms if platforms else self._python_terms
        useful = _best(
            _Term(term.text, term.mask & wanted, term.cost)
            for term in terms
            if term.mask & wanted and not term.mask & ~allowed
        )
        chosen = _cover(useful, wanted)
        return any_of(*(term.text for term in sorted(chosen, key=lambda one: one.cost)))

    # --- the terms

    @cached_property
    def _terms(self) -> tuple[_Term, ...]:
        """Every range of Pythons with every platform."""
        return tuple(
            _Term(all_of(one.text, two.text) or "", mask, _add(one.cost, two.cost))
            for one in self._python_terms
            for two in self._platform_terms
            if (mask := one.mask & two.mask)
        )

    @cached_property
    def _python_terms(self) -> tuple[_Term, ...]:
        versions = sorted({target.python for target in self._targets})
        masks = [
            sum(1 << n for n, target in enumerate(self._targets) if target.python == version)
            for version in versions
        ]
        minors = [version.release[:2] for version in versions]
        last = len(versions) - 1
        found = []
        for low in range(last + 1):
            for high in range(low, last + 1):
                begin = None if low == 0 else self._bound(versions, low)
                end = None if high == last else self._bound(versions, high + 1)
                text = " and ".join(
                    f"{name} {sign} '{version}'"
                    for sign, bound in ((">=", begin), ("<", end))
                    if bound is not None
                    for name, version in (bound,)
                )
                inside = set(minors[low : high + 1])
                outside = set(minors[:low] + minors[high + 1 :])
                if begin and end and len(inside) == 1 and inside.isdisjoint(outside):
                    text = f"python_version == '{_minor(minors[low])}'"
                mask = sum(masks[low : high + 1])
                found.append(_Term(text, mask, _cost(text)))
        for minor in sorted(set(minors))[1:-1]:  # at the ends `<` and `>=` read better
            mask = sum(masks[n] for n, one in enumerate(minors) if one != minor)
            text = f"python_version != '{_minor(minor)}'"
            found.append(_Term(text, mask, _cost(text)))
        return tuple(found)

    @staticmethod
    def _bound(versions: Sequence[Version], place: int) -> tuple[str, str]:
        """Name the border below a version: by its minor, unless it runs through that."""
        version = versions[place]
        if version.release[:2] == versions[place - 1].release[:2]:
            return "python_full_version", str(version)
        return "python_version", _minor(version.release[:2])

    @cached_property
    def _platform_terms(self) -> tuple[_Term, ...]:
        atoms: list[list[_Term]] = []
        for rank, name in enumerate(_VARIABLES):
            values = [target.environment[name] for target in self._targets]
            atoms.append([])
            for value in sorted(set(values)):
                equal = sum(1 << n for n, one in enumerate(values) if one == value)
                for sign, mask in (("==", equal), ("!=", self.everything & ~equal)):
                    text = f"{name} {sign} '{value}'"
                    atoms[-1].append(_Term(text, mask, _cost(text, rank)))
        found = [_Term("", self.everything, _cost(""))]
        found += [term for terms in atoms for term in terms]
        for first, second in combinations(atoms, 2):
            found += [
                _Term(f"{one.text} and {two.text}", mask, _add(one.cost, two.cost))
                for one in first
                for two in second
                if (mask := one.mask & two.mask) not in {one.mask, two.mask, 0}
            ]
        return tuple(_best(found))


def any_of(*markers: str | None) -> str | None:
    """Join markers with `or`; None is the one that is always true."""
    if not markers or None in markers or "" in markers:
        return None
    parts = list(dict.fromkeys(one for one in markers if one))
    if len(parts) == 1:
        return parts[0]
    return " or ".join(f"({one})" if " and " in one else one for one in parts)


def all_of(*markers: str | None) -> str | None:
    """Join markers with `and`; None is the one that is always true."""
    parts = [one for one in markers if one]
    if len(parts) == 1:
        return parts[0]
    return " and ".join(f"({one})" if " or " in one else one for one in parts) or None


def _minor(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))


def _cost(text: str, rank: int = 0) -> tuple[int, int, int, str]:
    """Few comparisons first, then the better known variables, `==` before `!=`, short ones."""
    atoms = text.count("'") // 2
    return atoms, rank, text.count("!=") + text.count(">") + text.count("<"), text


def _add(
    one: tuple[int, int, int, str], two: tuple[int, int, int, str]
) -> tuple[int, int, int, str]:
    return one[0] + two[0], one[1] + two[1], one[2] + two[2], f"{one[3]} {two[3]}"


def _best(terms: Iterable[_Term]) -> list[_Term]:
    """Of the terms with one mask keep the cheapest; the cheapest ones come first."""
    cheapest: dict[int, _Term] = {}
    for term in terms:
        known = cheapest.get(term.mask)
        if known is None or term.cost < known.cost:
            cheapest[term.mask] = term
    return sorted((one for one in cheapest.values() if one.mask), key=lambda one: one.cost)


def _cover(terms: list[_Term], wanted: int) -> tuple[_Term, ...]:
    """Choose the fewest terms that cover a set together, and of those the cheapest."""
    for term in terms:
        if term.mask == wanted:
            return (term,)
    # A term inside another one that costs no more is never better.
    prime = [
        one
        for number, one in enumerate(terms)
        if not any(one.mask & ~two.mask == 0 for two in terms[:number])
    ][:_MOST_TERMS]
    pairs = ((one, two) for one, two in combinations(prime, 2) if one.mask | two.mask == wanted)
    best = min(pairs, key=lambda pair: _add(pair[0].cost, pair[1].cost), default=None)
    return best if best is not None else tuple(_largest_first(terms, wanted))


def _largest_first(terms: list[_Term], wanted: int) -> Iterator[_Term]:
    while wanted:
        best = min(
            terms, key=lambda one: (-(one.mask & wanted).bit_count(), one.cost), default=None
        )
        if best is None or not best.mask & wanted:
            raise ValueError("no marker tells these targets from others")
        yield best
        wanted &= ~best.mask
