"""The Pythons that builds run with: what a build requires, resolved for the Python at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from trail.commands.reach import target_here
from trail.errors import BuildError
from trail.resolve.explain import explain
from trail.resolve.model import Options, Origin, Request, RootRequirement
from trail.resolve.solve import Conflict, solve
from trail.resolve.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.interpreter.model import Interpreter
    from trail.resolve.model import Place, Resolved
    from trail.resolve.source import Source

__all__ = ["BuildResolver"]


class BuildResolver:
    """Resolves what builds require; what one build asked for need not be asked again.

    Args:
        source: the indexes.
        interpreter: the Python at hand, which alone is resolved for.
        options: how to choose.
        places: where some packages are to come from.
    """

    def __init__(
        self,
        source: Source,
        interpreter: Interpreter,
        options: Options,
        places: tuple[Place, ...] = (),
    ) -> None:
        self._world = World(source)
        self._options = options
        self._places = places
        self._target = target_here(interpreter)

    def resolve(self, requirements: Sequence[str], label: str) -> tuple[Resolved, ...]:
        """Choose versions.

        Args:
            requirements: of one build (PEP 508).
            label: what is built, for messages.

        Raises:
            BuildError: something is no requirement.
            ResolutionError: no versions fit together.
            FetchError: an index cannot be reached.
        """
        if not requirements:
            return ()
        origin = Origin(file=f"the build of {label}")
        request = Request(
            roots=tuple(
                RootRequirement(requirement=_requirement(text, label), origin=origin)
                for text in requirements
            ),
            places=self._places,
            options=self._options,
        )
        try:
            solved = solve(request, self._target, self._world, {})
        except Conflict as conflict:
            raise explain(conflict, request, self._world) from conflict
        return tuple(solved.resolution.packages.values())


def _requirement(text: str, label: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise BuildError(
            f"cannot build `{label}`: it asks for `{text}`, which is no requirement",
            details=(("problem", str(error).splitlines()[0]),),
        ) from error
