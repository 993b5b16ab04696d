"""No solution: why, in sentences.

First the requirements of the project are reduced to those that cannot be met together, by
solving without each. What clashed while solving for these few is then told from the top: who
requires what, and why no version is left.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from trail.addresses import redact
from trail.errors import ResolutionError
from trail.resolve.fit import Exclusion, Why
from trail.resolve.names import IMPORTED_AS, POPULAR
from trail.resolve.reduce import reduce_conflict
from trail.resolve.shelf import bits
from trail.resolve.wording import (
    bare,
    for_extra,
    in_a_row,
    known_versions,
    plain,
    what_there_is,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trail.model import NormalizedName
    from trail.resolve.graph import Candidate, Demand
    from trail.resolve.model import Options, Request
    from trail.resolve.shelf import Shelf
    from trail.resolve.solve import Conflict
    from trail.resolve.world import World

__all__ = ["explain", "reason"]

_NO_FIT = "no versions are left that fit together"
_SIMILAR = 0.8  # of 1
_PYTHON_HINT = (
    "support only Pythons that it supports (`requires-python`), or allow other versions of `{}`"
)
_MOST_LINES = 12
_MOST_REASONS = 3


def explain(conflict: Conflict, request: Request, world: World) -> ResolutionError:
    """Say why there is no solution.

    Args:
        conflict: what the solver ended with.
        request: what it was asked.
        world: what there is.
    """
    return _Story(reduce_conflict(conflict, request, world), world).tell()


def reason(conflict: Conflict, world: World) -> str:
    """Say in a few words why there is no solution; `explain` says more, and takes longer.

    Args:
        conflict: what the solver ended with.
        world: what there is.
    """
    return _Story(conflict, world).end()


# --- the sentences


class _Story:
    def __init__(self, conflict: Conflict, world: World) -> None:
        self._conflict = conflict
        self._world = world
        self._ledger = conflict.ledger
        self._target = conflict.ledger.target
        self._options: Options = conflict.ledger.options

    def tell(self) -> ResolutionError:
        facts = list(dict.fromkeys(self._facts()))
        hidden = len(facts) - _MOST_LINES
        if hidden > 0:
            facts[_MOST_LINES:] = [f"{hidden} more requirements exclude each other"]
        end, hint = self._end()
        if end == _NO_FIT:
            facts += self._dead_ends()
        labels = ("because", *("and" for _ in facts[1:]))
        return ResolutionError(
            f"there is no solution for {self._target.name}",
            details=(*zip(labels, facts, strict=True), ("so", end)),
            hint=hint,
        )

    def end(self) -> str:
        end = self._end()[0]
        ends = self._dead_ends() if end == _NO_FIT else ()
        return ends[-1] if ends else end  # what cannot be used says more than that nothing fits

    def _facts(self) -> Iterator[str]:
        """Say who requires what: the project first, then package by package from the top."""
        groups: dict[tuple[str, str], dict[Shelf, int]] = {}
        depths = self._depths()
        made = self._relevant()
        roots = [demand for demand, parent in made.items() if parent is None]
        order = {demand: place for place, demand in enumerate(made)}
        for demand in sorted(roots, key=lambda one: order[one]):
            yield self._root_fact(demand)
            yield from self._constraint_facts(demand.need.name)
        for demand, parent in made.items():
            if parent is not None:
                fact = demand.problem or f"requires {for_extra(demand.need.text)}"
                group = groups.setdefault((parent.name, fact), {})
                group[parent.shelf] = group.get(parent.shelf, 0) | 1 << parent.place
        told = [
            (depths.get(name, 0), name, -mask.bit_length(), text, mask, shelf)
            for (name, text), shelves in groups.items()
            for shelf, mask in shelves.items()
        ]
        for _, name, _, text, mask, shelf in sorted(told, key=lambda one: one[:4]):
            yield self._package_fact(name, shelf, mask, text)
        for name in sorted({demand.need.name for demand, parent in made.items() if parent}):
            yield from self._constraint_facts(name)

    def _relevant(self) -> dict[Demand, Candidate | None]:
        """List the demands that clashed, and those that led to who made them."""
        watcher = self._conflict.watcher
        causes = {one.requirement: one.parent for one in self._conflict.causes}
        found = {**watcher.causes, **causes}
        wanted = {parent.name for parent in found.values() if parent is not None}
        seen: set[str] = set()
        while fresh := wanted - seen:
            seen |= fresh
            for demand, parent in watcher.made.items():
                if demand.name in fresh:
                    found.setdefault(demand, parent)
                    if parent is not None:
                        wanted.add(parent.name)
        return found

    def _depths(self) -> dict[str, int]:
        """Tell how far from the project each package is."""
        depths: dict[str, int] = {}
        edges = self._conflict.watcher.made.items()
        for demand, parent in edges:
            above = 0 if parent is None else depths.get(parent.name, 0)
            depths[demand.name] = min(depths.get(demand.name, above + 1), above + 1)
        return depths

    def _root_fact(self, demand: Demand) -> str:
        root = demand.root
        where = "" if root is None else f" ({root.origin.text})"
        return f"your project requires `{plain(demand.need.text)}`{where}"

    def _constraint_facts(self, name: str) -> Iterator[str]:
        for need in self._conflict.roots.constraints.get(name, ()):  # type: ignore[call-overload]
            where = self._conflict.roots.written[need].origin.text
            yield f"a constraint allows only `{need.text}` ({where})"

    def _package_fact(self, name: str, shelf: Shelf, mask: int, text: str) -> str:
        """Say what some versions of a package require, or why they are of no use."""
        versions = shelf.describe(mask)
        if mask.bit_count() == 1:
            only = " (there is no other version)" if mask == shelf.everything else ""
            return f"`{name}` {versions}{only} {text}"
        if mask == shelf.everything:
            count = mask.bit_count()
            if versions.endswith(")"):  # too many to be named
                return f"every one of the {count} versions of `{name}` {text}"
            return f"every version of `{name}` ({versions}) {text}"
        for one, many in (("requires ", "require "), ("has ", "have "), ("names ", "name ")):
            if text.startswith(one):
                text = many + text.removeprefix(one)
        return f"`{name}` {versions} {text}"

    # --- the end

    def _end(self) -> tuple[str, str]:
        causes = self._conflict.causes
        demands = {one.requirement.name: one.requirement for one in causes}
        lost = {one.parent.name for one in causes if one.parent is not None}
        problems = [one.requirement for one in causes if one.requirement.problem]
        if problems and len(lost) == 1:
            return self._useless(min(lost), problems[0])
        if len(demands) != 1 or self._has_choice():
            return _NO_FIT, self._loosen()
        return self._nothing([one.requirement for one in causes])

    def _nothing(self, demands: Sequence[Demand]) -> tuple[str, str]:
        """Say why nothing satisfies some demands for one package."""
        shelf = demands[0].shelf
        if shelf is not None:
            return self._empty_shelf(shelf, demands)
        name = demands[0].need.name
        pin = self._conflict.roots.pins.get(name)
        if pin is not None:
            return (
                f"there is no project `{name}` on {redact(pin)}, where it is to come from",
                "check the name and the index; no other index is asked for it",
            )
        similar = self._similar(name)
        hint = "check the spelling of the name, or add the index that has it"
        return (
            f"there is no project `{name}` on any index",
            f"did you mean `{similar}`? Or {hint}" if similar else hint,
        )

    def _similar(self, name: str) -> str | None:
        """Find a project that somebody may have meant."""
        if name in IMPORTED_AS:
            return IMPORTED_AS[name]
        known = {one for one in self._world.found if one != name}
        for names in (sorted(known), POPULAR):
            close = get_close_matches(name, names, 1, _SIMILAR)
            if close:
                return close[0]
        return None

    def _useless(self, name: str, example: Demand) -> tuple[str, str]:
        end = f"no version of `{name}` can be used"
        problem, need = example.problem or "", example.need
        if problem.startswith("requires Python"):
            return f"{end} with Python {self._target.python}", _PYTHON_HINT.format(name)
        if need.url is not None:
            return end, f"if you trust it, require `{bare(need.text)}` in the project itself"
        return end, self._loosen()

    def _has_choice(self) -> bool:
        """Tell whether a package was tried in versions that require different things."""
        texts: dict[tuple[str, str], set[str]] = {}
        for demand, parent in self._conflict.watcher.causes.items():
            if parent is not None:
                key = (parent.name, demand.name)
                texts.setdefault(key, set()).add(f"{parent.version} {demand.need.text}")
        return any(
            len({text.partition(" ")[2] for text in found}) > 1
            and len({text.partition(" ")[0] for text in found}) > 1
            for found in texts.values()
        )

    def _empty_shelf(self, shelf: Shelf, demands: Sequence[Demand]) -> tuple[str, str]:
        name = shelf.name
        mask = shelf.everything
        texts = [f"`{bare(demand.need.text)}`" for demand in demands]
        for demand in demands:
            mask &= demand.mask
        for need in self._conflict.roots.constraints.get(name, ()):
            mask &= shelf.satisfying(need)
            texts.append(f"`{need.text}`")
        texts = list(dict.fromkeys(texts))
        known = known_versions(shelf)
        if not mask:
            if len(texts) == 1:
                hint = what_there_is(shelf, demands[0].need)
                written = all(demand.root is not None for demand in demands)
                return (
                    f"no version of `{name}` satisfies {texts[0]}: {known}",
                    hint if written else self._loosen(),
                )
            return (
                f"no version of `{name}` satisfies {in_a_row(texts)} together: {known}",
                self._loosen(),
            )
        reasons: dict[Exclusion, int] = {}
        for place in bits(mask):
            exclusion = self._ledger.exclusions.get((shelf, place))
            if exclusion is not None:
                reasons[exclusion] = reasons.get(exclusion, 0) | 1 << place
        if not reasons:
            return self._further_down(shelf)
        told = "; ".join(
            f"{shelf.describe(found)} {self._reason(exclusion, shelf.name, found)}"
            for exclusion, found in list(reasons.items())[:_MOST_REASONS]
        )
        if len(reasons) > _MOST_REASONS:
            told += f"; and so on for {len(reasons) - _MOST_REASONS} more reasons"
        if any(exclusion.why is Why.PYTHON for exclusion in reasons):
            told += f" (this is for Python {self._target.python})"
        return f"no version of `{name}` can be used: {told}", self._hint(shelf, reasons)

    def _dead_ends(self) -> list[str]:
        """Say of which packages nothing can be used at all, whatever else is chosen."""
        ends: dict[str, str] = {}
        for demand in self._relevant():
            name = demand.need.name
            if name not in ends and demand.problem is None and self._is_in_vain(demand):
                ends[name] = self._nothing([demand])[0]
        return list(ends.values())[:_MOST_REASONS]

    def _further_down(self, shelf: Shelf) -> tuple[str, str]:
        """Say what the versions of a package require, all of them in vain."""
        in_vain = [
            demand
            for demand, parent in self._conflict.watcher.made.items()
            if parent is not None and parent.shelf is shelf and demand.shelf is not shelf
            if demand.problem is None and self._is_in_vain(demand)
        ]
        names = {demand.need.name for demand in in_vain}
        texts = {bare(demand.need.text) for demand in in_vain}
        if len(names) != 1 or len(texts) != 1:
            return f"no version of `{shelf.name}` fits", self._loosen()
        end, hint = self._nothing(in_vain[:1])
        return end, hint if in_vain[0].shelf is None else self._loosen()

    def _is_in_vain(self, demand: Demand) -> bool:
        """Whether no version satisfies a demand, or each that does is excluded."""
        shelf = demand.shelf
        if shelf is None:
            return True
        mask = demand.mask
        for need in self._conflict.roots.constraints.get(shelf.name, ()):
            mask &= shelf.satisfying(need)
        return all((shelf, place) in self._ledger.exclusions for place in bits(mask))

    def _reason(self, exclusion: Exclusion, name: NormalizedName, mask: int) -> str:
        one = mask.bit_count() == 1
        was, has, needs = ("was", "has", "requires") if one else ("were", "have", "require")
        platform = self._target.name.partition(" ")[2]
        date = self._options.limit(name)
        return {
            Why.NEWER: f"{was} uploaded after {date and date.isoformat()}",
            Why.PYTHON: f"{needs} Python {exclusion.detail}",
            Why.YANKED: f"{was} yanked" + (exclusion.detail and f" ({exclusion.detail})"),
            Why.PLATFORM: f"{has} no wheel for {platform}, and no source distribution",
            Why.BUILD: f"{has} no wheel for {platform}, and may not be built",
            Why.BINARY: f"{has} no source distribution, and wheels are not allowed",
            Why.EMPTY: f"{has} no files",
            Why.BROKEN: exclusion.detail,
        }[exclusion.why]

    def _hint(self, shelf: Shelf, reasons: dict[Exclusion, int]) -> str:
        first = next(iter(reasons))
        newest = shelf.versions[next(bits(reasons[first]))]
        return {
            Why.NEWER: "choose a later date for `--exclude-newer`, or allow older versions",
            Why.PYTHON: _PYTHON_HINT.format(shelf.name),
            Why.YANKED: f"if it has to be a yanked version, require `{shelf.name}=={newest}`",
            Why.PLATFORM: "leave this platform out of `platforms` in `[tool.trail]`,"
            f" or require `{shelf.name}` only elsewhere, with a marker",
            Why.BUILD: f"allow that `{shelf.name}` is built, or allow other versions of it",
            Why.BINARY: f"allow wheels of `{shelf.name}`, or allow other versions of it",
        }.get(first.why, f"allow other versions of `{shelf.name}`")

    def _loosen(self) -> str:
        """Name the requirements of the project, one of which has to give way."""
        made = self._relevant()
        texts = [f"`{plain(one.need.text)}`" for one, parent in made.items() if parent is None]
        texts = list(dict.fromkeys(texts))
        if len(texts) == 1:
            return f"loosen or remove {texts[0]}"
        return f"loosen or remove one of {in_a_row(texts)}"
