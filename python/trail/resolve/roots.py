"""What a project asks for on one target: its requirements, put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.addresses import redact
from trail.errors import ResolutionError
from trail.model import NormalizedName
from trail.resolve.model import Scope, ScopeKind
from trail.resolve.need import as_need
from trail.resolve.source import Broken, Direct
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trail.resolve.fit import Ledger
    from trail.resolve.model import Place, Request, RootRequirement
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
        self._said: dict[str, str] = {}  # where a person wrote an address
        self.name = request.name
        self.written: dict[Need, RootRequirement] = {}
        self.directs: dict[NormalizedName, Direct] = {}
        self.pins: dict[NormalizedName, str] = {}
        for place in request.places:
            if ledger.marker(place.marker):
                self._put(place)
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

    def add_direct(self, name: NormalizedName, direct: Direct) -> None:
        """Note where a package comes from.

        Raises:
            ResolutionError: it comes from somewhere else already.
        """
        known = self.directs.setdefault(name, direct)
        if known.url != direct.url:
            raise self._two_places(name, known.url, direct.url)
        if name in self.pins:
            raise self._two_places(name, self.pins[name], direct.url)

    def _put(self, place: Place) -> None:
        if place.direct is not None:
            self.add_direct(place.name, place.direct)
        elif place.index is not None:
            known = self.pins.setdefault(place.name, place.index)
            if known != place.index:
                raise self._two_places(place.name, known, place.index)
            if place.name in self.directs:
                raise self._two_places(place.name, self.directs[place.name].url, place.index)

    def _two_places(self, name: NormalizedName, *addresses: str) -> ResolutionError:
        """Make the error for a package of which it is not clear where it comes from."""
        shown = (
            f"from `{redact(address)}`"
            + (f" ({self._said[address]})" if address in self._said else "")
            for address in addresses
        )
        return ResolutionError(
            f"`{name}` is required from two places",
            details=tuple(zip(("one", "other"), shown, strict=True)),
            hint="keep one of the two",
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
                    self._said.setdefault(need.url, root.origin.text)
                    self.add_direct(need.name, Direct(url=need.url, editable=root.editable))
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
    asked: dict[NormalizedName, set[NormalizedName]] = {}
    for need in roots.written:
        asked.setdefault(need.name, {_NO_EXTRA}).update(need.extras)
    seen: set[tuple[NormalizedName, NormalizedName]] = set()
    while rest := sorted(
        {(name, extra) for name in roots.directs.keys() & asked.keys() for extra in asked[name]}
        - seen
    ):
        for name, extra in rest:
            seen.add((name, extra))
            shelf = world.shelf(name, roots.directs[name])
            if shelf is None or shelf.broken is not None:
                reason = "it is not there" if shelf is None else shelf.broken
                raise ResolutionError(
                    f"`{name}` cannot be had from `{roots.directs[name].url}`",
                    details=(("reason", str(reason)),),
                )
            for need in _needs(shelf, extra, ledger, world):
                asked.setdefault(need.name, {_NO_EXTRA}).update(need.extras)
                if need.url is not None:
                    roots.add_direct(need.name, Direct(url=need.url))
    return roots


def _needs(shelf: Shelf, extra: NormalizedName, ledger: Ledger, world: World) -> Iterator[Need]:
    facts = world.facts(shelf, 0)
    if isinstance(facts, Broken):
        return
    for need in facts.needs.of(extra):
        if ledger.marker(need.marker_text, extra):
            yield need


_NO_EXTRA = NormalizedName("")
