"""What a strict prefix refuses to project code: modules of undeclared distributions.

A declared distribution without modules of its own, as `apache-airflow` is one, stands for
those that it requires; one that is used in place has its modules elsewhere. A package that
several distributions share is refused only where none of them is declared; of a namespace each
part is judged alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.model import Kind
from trail.prefix.model import Action
from trail.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from trail.model import Facts, NormalizedName
    from trail.prefix.look import Look
    from trail.prefix.model import Plan, Shape, Strictness

__all__ = ["make_table"]

_MODULES = frozenset({"py", "so", "pyd"})
_PLACED = frozenset(
    {
        Action.FOLDER_LINK,
        Action.FILE_LINK,
        Action.HARDLINK,
        Action.COPY,
        Action.HARDLINK_TREE,
        Action.COPY_TREE,
    }
)


def make_table(
    strict: Strictness, plan: Plan, members: Sequence[Facts], look: Look, shape: Shape
) -> bytes:
    """Make the file that `_trail_strict` reads: the root, then a line for each module.

    A line has the module with its dots, the distributions that bring it, and those that
    require these; tabs between them. The members of a workspace follow, each behind an empty
    line.

    Args:
        strict: what the project declares, and what members do.
        plan: of the prefix.
        members: one per distribution, as the plan numbers them.
        look: looks into the entries, by the same numbers.
        shape: where things lie.
    """
    requires = [look.requires(number) for number in range(len(members))]
    owners = sorted(_owners(plan, shape).items())
    parts = []
    for one in (strict, *strict.members):
        declared = _declared(one, members, requires)
        rows = [str(one.root)]
        for module, numbers in owners:
            names = sorted(members[number].name for number in numbers)
            if declared.isdisjoint(names):
                via = sorted(
                    facts.name
                    for facts, needs in zip(members, requires, strict=True)
                    if not needs.isdisjoint(names) and facts.name not in names
                )
                rows.append("\t".join((module, ", ".join(names), ", ".join(via))))
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts).encode("utf-8", "surrogateescape")


def _declared(
    strict: Strictness, members: Sequence[Facts], requires: Sequence[AbstractSet[NormalizedName]]
) -> set[NormalizedName]:
    """Add what declared distributions stand for."""
    numbers = {facts.name: number for number, facts in enumerate(members)}
    declared: set[NormalizedName] = set()
    left = list(strict.declared)
    while left:
        name = left.pop()
        if name in declared:
            continue
        declared.add(name)
        number = numbers.get(name)
        if number is None or members[number].startup:
            continue
        if all(top.kind is Kind.DATA for top in members[number].top_level):
            left += requires[number]
    return declared


@dataclass(slots=True)
class _Node:
    """A name in site-packages, and who has it."""

    members: set[int] = field(default_factory=set)
    children: dict[str, _Node] = field(default_factory=dict)


def _owners(plan: Plan, shape: Shape) -> dict[str, set[int]]:
    """Say which members have which module; not deeper than is needed to tell them apart."""
    top = _Node()
    site = f"{shape.site_packages}/"
    for action, path, member, _ in plan.links:
        if action not in _PLACED or not path.startswith(site):
            continue
        node = top
        for part in path.removeprefix(site).split("/"):
            node = node.children.setdefault(part, _Node())
            node.members.add(member)
    return dict(_walk("", top))


def _walk(above: str, node: _Node) -> Iterator[tuple[str, set[int]]]:
    for name, child in node.children.items():
        module, _, suffix = name.partition(".")
        if not module.isidentifier() or (suffix and suffix.rpartition(".")[2] not in _MODULES):
            continue
        full = f"{above}.{module}" if above else module
        regular = any(inner.partition(".")[0] == "__init__" for inner in child.children)
        if len(child.members) == 1 or regular or not child.children:
            yield full, child.members
        else:
            yield from _walk(full, child)
