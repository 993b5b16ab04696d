"""Which requirements of the project cannot be met together: found by solving without each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.errors import TrailError
from trail.resolve.solve import Conflict, solve
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trail.resolve.graph import Candidate, Demand
    from trail.resolve.model import Request, Target
    from trail.resolve.world import World

__all__ = ["reduce_conflict"]

_MOST_ROOTS = 40  # that are tried without, one by one
_ROUNDS = 2_000  # of one such trial


def reduce_conflict(conflict: Conflict, request: Request, world: World) -> Conflict:
    """Find a conflict of as few requirements as possible; each of those is part of it.

    Args:
        conflict: what the solver ended with.
        request: what it was asked.
        world: what there is.
    """
    names = _ancestors(conflict)
    roots = [
        root
        for root in request.roots
        if (name := canonicalize_name(root.requirement.name)) in names or name == request.name
    ]
    target = conflict.ledger.target
    fewer = _try(replace(request, roots=tuple(roots)), target, world)
    if fewer is None:
        roots, fewer = list(request.roots), conflict
    if len(roots) > _MOST_ROOTS:
        return fewer
    for root in list(roots):
        rest = [one for one in roots if one is not root]
        found = _try(replace(request, roots=tuple(rest)), target, world)
        if found is not None:
            roots, fewer = rest, found
    return fewer


def _try(request: Request, target: Target, world: World) -> Conflict | None:
    try:
        solve(request, target, world, {}, rounds=_ROUNDS)
    except Conflict as conflict:
        return conflict
    except TrailError:  # too long, or not to be fetched: then it says nothing
        pass
    return None


def _ancestors(conflict: Conflict) -> set[str]:
    """List the packages that led to the clash, and those that took part in it."""
    names = set()
    queue = [name for one in conflict.causes for name in _names(one.requirement, one.parent)]
    above: dict[str, set[str]] = {}
    for demand, parent in conflict.watcher.made.items():
        if parent is not None:
            above.setdefault(demand.name, set()).add(parent.name)
    while queue:
        name = queue.pop()
        if name not in names:
            names.add(name)
            queue.extend(above.get(name, ()))
    return names


def _names(demand: Demand, parent: Candidate | None) -> Iterator[str]:
    yield demand.need.name
    if parent is not None:
        yield parent.name
