"""What a project asks for on one target: its requirements, put in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trail.errors import ResolutionError
from trail.model import NormalizedName
from trail.resolve.model import Scope, ScopeKind
from trail.resolve.need import as_need
from trail.resolve.source import Broken, Direct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trail.resolve.fit import Ledger
    from trail.resolve.model import Request, RootRequirement
    from trail.resolve.need import Need
    from trail.resolve.shelf import Shelf
    from trail.resolve.world import World

__all__ = ["Roots", "read_roots"]


class Roots:
    """The requirements of a project that hold on a target.

    Args:
        request: the requirements, wherever they hold.
        ledger: the target.
    """

    def __init__(self, request: Request, ledger: Ledger) -> None:
        options = request.options
        self.name = request.name
        self.written: dict[Need, RootRequirement] = {}
        self.directs: dict[NormalizedName, Direct] = {}
        self._asked: dict[Scope, list[Need]] = {}
        for root in request.roots:
            self._asked.setdefault(root.scope, []).extend(self._active([root], ledger))
        self.constraints = self._by_name(options.constraints, ledger)
        self.overrides = self._by_name(options.overrides, ledger)
        # An override whose marker does not hold takes the requirement away (as in uv).
        self._replaced = {as_need(root.requirement).name for root in options.overrides}
        self._instead: dict[Need, tuple[Need, ...]] = {}
        self.scopes = {scope: tuple(self._expand(scope)) for scope in sorted(self._asked)}
        asked = [need for needs in self.scopes.values() for need in needs]
        self.names = frozenset(need.name for need in asked)
        self.prereleases = frozenset(
            need.name for need in self.written if need.specifier.prereleases
        )

    def overridden(self, need: Need) -> Iterable[Need]:
        """Put what overrides a requirement in its place."""
        if need.name not in self._replaced:
            return (need,)
        found = self._instead.get(need)
        if found is None:
            found = tuple(self._replace(need, one) for one in self.overrides.get(need.name, ()))
            self._instead[need] = found
        return found

    def of_extras(self, extras: Iterable[NormalizedName]) -> tuple[Need, ...]:
        """List the requirements of extras of the project itself, and of extras they name."""
        return tuple(
            need for extra in sorted(extras) for need in self._expand(Scope(ScopeKind.EXTRA, extra))
        )

    def add_direct(self, need: Need, direct: Direct) -> None:
        """Note where a package comes from.

        Raises:
            ResolutionError: it comes from somewhere else already.
        """
        known = self.directs.setdefault(need.name, direct)
        if known.url != direct.url:
            raise ResolutionError(
                f"`{need.name}` is required from two places",
                details=(("one", known.url), ("other", direct.url)),
            )

    def _replace(self, need: Need, override: Need) -> Need:
        """Take the versions from the override, and keep the extras that were asked for."""
        if need.extras <= override.extras:
            return override
        found = replace(override, extras=need.extras | override.extras)
        self.written[found] = self.written[override]
        return found

    def _active(self, roots: Iterable[RootRequirement], ledger: Ledger) -> Iterator[Need]:
        for root in roots:
            need = as_need(root.requirement)
            if ledger.marker(need.marker_text):
                self.written[need] = root
                if need.url is not None:
                    self.add_direct(need, Direct(url=need.url, editable=root.editable))
                yield need

    def _by_name(
        self, roots: Iterable[RootRequirement], ledger: Ledger
    ) -> dict[NormalizedName, list[Need]]:
        found: dict[NormalizedName, list[Need]] = {}
        for need in self._active(roots, ledger):
            found.setdefault(need.name, []).append(need)
        return found

    def _expand(self, scope: Scope, seen: frozenset[Scope] = frozenset()) -> Iterator[Need]:
        """List what a scope asks for; the project's own extras are replaced by what they ask."""
        if scope in seen:
            return
        for need in self._asked.get(scope, ()):
            if need.name != self.name or self.name is None:
                yield need
                continue
            for extra in sorted(need.extras):
                yield from self._expand(Scope(ScopeKind.EXTRA, extra), seen | {scope})


def read_roots(request: Request, ledger: Ledger, world: World) -> Roots:
    """Put the requirements of a project in order, and find all direct references.

    Archives, folders and repositories that the project names may name others in turn.

    Raises:
        ResolutionError: a package is required from two places, or cannot be had from its own.
    """
    roots = Roots(request, ledger)
    seen: set[NormalizedName] = set()
    while rest := sorted(roots.directs.keys() - seen):
        for name in rest:
            seen.add(name)
            shelf = world.shelf(name, roots.directs[name])
            if shelf is None or shelf.broken is not None:
                reason = "it is not there" if shelf is None else shelf.broken
                raise ResolutionError(
                    f"`{name}` cannot be had from `{roots.directs[name].url}`",
                    details=(("reason", str(reason)),),
                )
            for need in _direct_needs(shelf, ledger, world):
                roots.add_direct(need, Direct(url=str(need.url)))
    return roots


def _direct_needs(shelf: Shelf, ledger: Ledger, world: World) -> Iterator[Need]:
    facts = world.facts(shelf, 0)
    if isinstance(facts, Broken):
        return
    for need in facts.needs.of(_NO_EXTRA):
        if need.url is not None and ledger.marker(need.marker_text):
            yield need


_NO_EXTRA = NormalizedName("")
