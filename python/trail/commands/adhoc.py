"""Requirements that stand in no lock: `trail run --with`, `trail install REQ…`, notebooks.

They are resolved for the Python at hand alone. In a project, its own requirements come along
and its lock's versions are preferred, so that what is locked stays as it is where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import create_compatible_tags_selector
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from trail.commands.lock import read_lock, roots_of
from trail.commands.source import IndexSource
from trail.errors import LockError, ResolutionError, UsageError
from trail.index.client import IndexClient
from trail.model import NormalizedName, Selection, WheelFile
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
    from trail.project.pyproject import PyProject
    from trail.resolve.model import Resolved
    from trail.resolve.source import File

__all__ = ["read_requirement", "resolve_here"]


_ITSELF = NormalizedName("")  # not one of its extras


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

    Raises:
        UsageError: a word is no requirement.
        ResolutionError: no versions fit together, or one has no wheel.
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
        options=Options(preferences=preferences),
    )
    with (
        IndexClient(
            context.settings.index,
            cache=context.depots().receiver.layout.index,
            offline=context.settings.offline,
            reporter=context.reporter,
        ) as client,
        IndexSource(client, reporter=context.reporter) as source,
    ):
        outcome = resolve(request, (target,), source, reporter=context.reporter)
    packages = outcome.resolutions[0].packages.values()
    return Selection(wheels=tuple(_wheel(package, interpreter) for package in packages))


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


def _wheel(package: Resolved, interpreter: Interpreter) -> WheelFile:
    """Choose the best of a version's wheels, as installers do."""
    select = create_compatible_tags_selector(interpreter.tags)
    wheels = [file for file in package.files if file.is_wheel]
    best = next(
        iter(select((file, parse_wheel_filename(file.filename)[3]) for file in wheels)), None
    )
    if best is None:
        raise ResolutionError(
            f"`{package.name}` {package.version} has no wheel for this Python; trail cannot build"
            " it yet"
        )
    return _as_wheel(package, best)


def _as_wheel(package: Resolved, file: File) -> WheelFile:
    from pathlib import Path  # noqa: PLC0415  # a file of this machine is rare

    return WheelFile(
        name=package.name,
        version=str(package.version),
        filename=file.filename,
        hashes=file.hashes,
        size=file.size,
        url=file.url,
        path=Path(file.path) if file.path is not None else None,
        index=package.index,
        vouched=bool(file.hashes),
        requires=tuple(sorted({one.name for one in package.dependencies.get(_ITSELF, ())})),
    )
