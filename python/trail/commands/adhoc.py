"""Requirements that stand in no lock: `trail run --with`, `trail install REQ…`, notebooks.

They are resolved for the Python at hand alone. In a project, its own requirements come along
and its lock's versions are preferred, so that what is locked stays as it is where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from trail.commands.builds import Builds
from trail.commands.chosen import choose
from trail.commands.dynamic import complete
from trail.commands.lock import read_lock
from trail.commands.options import with_settings
from trail.commands.parts import Parts
from trail.commands.reach import target_here
from trail.commands.source import IndexSource
from trail.commands.wanted import chosen_projects
from trail.commands.wants import Wants, wants_of
from trail.errors import LockError, UsageError
from trail.index.client import IndexClient
from trail.model import Selection, SourcePackage, WheelFile
from trail.resolve.model import (
    BASE,
    Options,
    Origin,
    Request,
    RootRequirement,
    ScopeKind,
)
from trail.resolve.resolve import resolve
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from trail.commands.context import Context
    from trail.commands.target import Request as Asked
    from trail.interpreter.model import Interpreter
    from trail.model import NormalizedName
    from trail.project.workspace import Workspace

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


def resolve_here(
    context: Context,
    interpreter: Interpreter,
    asked: Asked,
    *,
    pins: Selection | None = None,
) -> Selection:
    """Find wheels for requirements, for one interpreter.

    Args:
        context: where and how; the requirements of its project come along, unless `pins` says
            what these are.
        interpreter: the Python at hand.
        asked: the requirements, and which parts of the project are wanted.
        pins: where there is only a lock, what it names: these versions stay.

    Raises:
        UsageError: a word is no requirement.
        ResolutionError: no versions fit together.
        FetchError: an index cannot be reached.
    """
    roots = [
        RootRequirement(requirement=read_requirement(word), origin=Origin(key=word))
        for word in asked.packages
    ]
    if pins is not None:
        pinned = [(one.name, one.version) for one in pins.wheels]
        pinned += [(one.name, one.version) for one in pins.pinned]
        roots += [
            RootRequirement(requirement=Requirement(f"{name}=={version}"))
            for name, version in pinned
        ]
    workspace = context.project.workspace if context.project is not None else None
    target = target_here(interpreter)
    settings = context.settings
    options = Options() if workspace is None else _options(workspace)
    options = replace(with_settings(options, settings), no_binary=asked.sources_only)
    with (
        IndexClient(
            settings.index,
            cache=context.depots().receiver.layout.index,
            engine=settings.engine,
            offline=settings.offline,
            reporter=context.reporter,
        ) as client,
        Builds(context, client, options) as builds,
        IndexSource(client, builder=builds.builder, reporter=context.reporter) as source,
    ):
        wants = Wants()
        if workspace is not None:
            wants = wants_of(complete(builds.builder, workspace), settings.index.named)
            roots += _chosen(context, asked, workspace, wants)
            source.know(wants.projects)
        request = Request(
            roots=tuple(roots),
            name=wants.name,
            places=wants.places,
            options=options,
        )
        outcome = resolve(request, (target,), source, reporter=context.reporter)
    here = next(one for one in outcome.resolutions if one.target.name == target.name)
    chosen = [
        choose(package, interpreter.tags, builds.commits, sources_only=options.no_binary)
        for package in here.packages.values()
        if package.direct is None or not package.direct.virtual
    ]
    return Selection(
        wheels=tuple(one for one in chosen if isinstance(one, WheelFile)),
        sources=(
            *(pins.sources if pins is not None else ()),
            *(one for one in chosen if isinstance(one, SourcePackage)),
        ),
    )


def _options(workspace: Workspace) -> Options:
    """Prefer the versions of the lock, if there is one."""
    try:
        packages = read_lock(workspace).packages
    except LockError:  # none yet: nothing is preferred
        return Options()
    found: dict[NormalizedName, tuple[Version, ...]] = {}
    for package in packages:
        if package.version is not None:
            found[package.name] = (*found.get(package.name, ()), package.version)
    return Options(preferences=found)


def _chosen(
    context: Context, asked: Asked, workspace: Workspace, wants: Wants
) -> Iterator[RootRequirement]:
    """List the requirements of those parts of the project that are wanted."""
    extras, groups = Parts(workspace).chosen(
        chosen_projects(context, asked.members, all_members=asked.all_members),
        asked.extras,
        asked.groups,
        (context.settings.default_groups or ()) if asked.default_groups else None,
    )
    wanted = {ScopeKind.BASE: {""}, ScopeKind.EXTRA: {*extras}, ScopeKind.GROUP: {*groups}}
    for root in wants.roots:
        if root.scope.name in wanted[root.scope.kind]:
            yield replace(root, scope=BASE)
