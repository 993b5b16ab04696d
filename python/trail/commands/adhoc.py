"""Requirements that stand in no lock: `trail run --with`, `trail install REQ…`, notebooks.

They are resolved for the Python at hand alone. In a project, its own requirements come along
and its lock's versions are preferred, so that what is locked stays as it is where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from trail.commands.builds import Builds
from trail.commands.chosen import choose
from trail.commands.lock import read_lock, roots_of
from trail.commands.options import with_settings
from trail.commands.source import IndexSource
from trail.errors import LockError, UsageError
from trail.index.client import IndexClient
from trail.model import NO_NAMES, Names, Selection, SourcePackage, WheelFile
from trail.resolve.model import (
    Options,
    Origin,
    Request,
    RootRequirement,
    ScopeKind,
    Target,
)
from trail.resolve.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trail.commands.context import Context
    from trail.interpreter.model import Interpreter
    from trail.model import NormalizedName
    from trail.project.pyproject import PyProject

__all__ = ["read_requirement", "resolve_here"]


def read_requirement(word: str) -> Requirement:
    """Read a requirement from the command line.

    Raises:
        UsageError: it is none.
    """
    try:
        return Requirement(word)
    except InvalidRequirement as error:
        raise UsageError(
            f"`{word}` is not a requirement",
            details=(("problem", str(error).splitlines()[0]),),
            hint="write it as in pyproject.toml: 'numpy>=2'",
        ) from error


def resolve_here(  # noqa: PLR0913  # the parts of a request
    context: Context,
    interpreter: Interpreter,
    words: Sequence[str],
    *,
    pyproject: PyProject | None = None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    pins: Selection | None = None,
    sources_only: Names = NO_NAMES,
) -> Selection:
    """Find wheels for requirements, for one interpreter.

    Args:
        context: where and how.
        interpreter: the Python at hand.
        words: requirements (PEP 508).
        pyproject: the project whose requirements come along, or None.
        extras: of the project.
        groups: of the project.
        pins: where there is only a lock, what it names: these versions stay.
        sources_only: packages whose wheels are not used.

    Raises:
        UsageError: a word is no requirement.
        ResolutionError: no versions fit together.
        FetchError: an index cannot be reached.
    """
    roots = [
        RootRequirement(requirement=read_requirement(word), origin=Origin(key=word))
        for word in words
    ]
    if pins is not None:
        pinned = [(one.name, one.version) for one in pins.wheels]
        pinned += [(one.name, one.version) for one in pins.pinned]
        roots += [
            RootRequirement(requirement=Requirement(f"{name}=={version}"))
            for name, version in pinned
        ]
    preferences: Mapping[NormalizedName, tuple[Version, ...]] = {}
    if pyproject is not None:
        roots += _chosen(pyproject, extras, groups)
        preferences = _locked(pyproject)
    target = Target(
        name=f"{interpreter.implementation}-{interpreter.minor} here",
        python=Version(interpreter.environment["python_full_version"].rstrip("+")),
        environment=interpreter.environment,
        tags=interpreter.tags,
    )
    request = Request(
        roots=tuple(roots),
        name=pyproject.name if pyproject is not None else None,
        options=with_settings(
            Options(preferences=preferences, no_binary=sources_only), context.settings
        ),
    )
    with (
        IndexClient(
            context.settings.index,
            cache=context.depots().receiver.layout.index,
            offline=context.settings.offline,
            reporter=context.reporter,
        ) as client,
        Builds(context, client, request.options) as builds,
        IndexSource(client, builder=builds.builder, reporter=context.reporter) as source,
    ):
        outcome = resolve(request, (target,), source, reporter=context.reporter)
    here = next(one for one in outcome.resolutions if one.target.name == target.name)
    chosen = [
        choose(package, interpreter.tags, builds.commits, sources_only=sources_only)
        for package in here.packages.values()
    ]
    return Selection(
        wheels=tuple(one for one in chosen if isinstance(one, WheelFile)),
        sources=(
            *(pins.sources if pins is not None else ()),
            *(one for one in chosen if isinstance(one, SourcePackage)),
        ),
    )


def _chosen(
    pyproject: PyProject, extras: Sequence[str], groups: Sequence[str]
) -> Iterator[RootRequirement]:
    wanted = {ScopeKind.EXTRA: set(extras), ScopeKind.GROUP: set(groups)}
    for root in roots_of(pyproject):
        if root.scope.kind is ScopeKind.BASE or root.scope.name in wanted[root.scope.kind]:
            yield RootRequirement(requirement=root.requirement, origin=root.origin)


def _locked(pyproject: PyProject) -> dict[NormalizedName, tuple[Version, ...]]:
    try:
        packages = read_lock(pyproject).packages
    except LockError:  # none yet: nothing is preferred
        return {}
    found: dict[NormalizedName, tuple[Version, ...]] = {}
    for package in packages:
        if package.version is not None:
            found[package.name] = (*found.get(package.name, ()), package.version)
    return found
