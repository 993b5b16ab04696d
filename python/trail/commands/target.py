"""Which Python, which lock, which wheels: what a command line asks for, made definite."""

from __future__ import annotations

import contextlib
import errno
import os
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import tomli
from packaging.pylock import is_valid_pylock_path
from packaging.specifiers import SpecifierSet

from trail.commands.wanted import chosen_parts
from trail.depot.roots import look_at, take_input
from trail.errors import LockError, ProjectError, UsageError
from trail.interpreter.find import find_interpreter
from trail.lock import pylock
from trail.model import NO_NAMES, Names, Pinned, Selection, WheelFile
from trail.values import dataclass, replace
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from packaging.pylock import Pylock

    from trail.commands.context import Context
    from trail.depot.roots import Input
    from trail.interpreter.model import Interpreter
    from trail.lock.requirements import Requirements
    from trail.settings import IndexSettings

__all__ = ["Python", "Request", "Target", "choose_python", "select"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a command line asks for.

    Args:
        python: which interpreter; None for the project's or the configured one.
        extras: of the project.
        groups: dependency groups, beside the default ones.
        default_groups: whether the groups that are on by default are wanted.
        members: the projects of a workspace that are meant; empty for the one that one is in.
        all_members: whether all of them are.
        policy: what to do where the lock does not meet the project: `auto`, `locked` or
            `frozen` (see `trail.commands.lock.refresh_lock`).
        packages: requirements beside the project's, or instead of a project.
        requirements: requirements files that stand in for the lock.
        wheels: wheel files that stand in for the lock.
        sources_only: packages whose wheels are not used, beside those of the settings.
        own: whether the projects themselves come along.
    """

    python: str | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    default_groups: bool = True
    members: tuple[str, ...] = ()
    all_members: bool = False
    policy: str = "auto"
    packages: tuple[str, ...] = ()
    requirements: tuple[Path, ...] = ()
    wheels: tuple[Path, ...] = ()
    sources_only: Names = NO_NAMES
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """The interpreter that a command is for.

    Args:
        interpreter: the Python.
        root: the project's folder, or where the command was started.
        place: the same, or the folder of the member of a workspace that one is in.
        inputs: the files that decided, as they were when they were read.
    """

    interpreter: Interpreter
    root: Path
    place: Path
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be in the depot.

    Args:
        selection: the distributions.
        index: index settings, with what a requirements file adds.
        inputs: the files that decided, those about the Python included.
    """

    selection: Selection
    index: IndexSettings
    inputs: tuple[Input, ...]


def choose_python(context: Context, request: Request, known: Path | None) -> Python:
    """Find the interpreter that the command line, the project or the settings ask for.

    Args:
        context: where and how.
        request: what is asked for.
        known: the folder where descriptions of interpreters are kept, or None.

    Raises:
        InterpreterError: there is no such Python.
    """
    inputs = _Inputs()
    project = context.project
    root = project.root if project is not None else context.start
    version_file = None
    for folder in _between(context.place, root):
        version_file = version_file or inputs.read(folder / ".python-version")
    if context.inner_version_file is not None:
        version_file = inputs.read(context.inner_version_file)
    workspace = project.workspace if project is not None else None
    for one in (workspace.root, *workspace.members) if workspace is not None else ():
        inputs.read(one.path)
    for path in workspace.watched if workspace is not None else ():
        inputs.look(path)
    if workspace is None:
        inputs.read(root / "pyproject.toml")
    interpreter = find_interpreter(
        request.python or context.settings.python,
        context.places(known),
        requires_python=(
            workspace.requires_python
            if workspace is not None
            else _lock_requires(inputs.read(root / "pylock.toml"))
        ),
        version_file=None if version_file is None else version_file.decode(errors="replace"),
    )
    inputs.look(interpreter.base)
    return Python(interpreter=interpreter, root=root, place=context.place, inputs=inputs.seen())


def _between(place: Path, root: Path) -> tuple[Path, ...]:
    """List the folders from one up to another above it."""
    folders = (place, *place.parents)
    return folders[: folders.index(root) + 1]


def _lock_requires(data: bytes | None) -> SpecifierSet | None:
    """Which Pythons a lock is for; a lock that cannot be read says so when it is read whole."""
    if data is None:
        return None
    # It stands before the first table, and all of a lock takes milliseconds to parse.
    for part in (data.partition(b"\n[")[0], data):
        with contextlib.suppress(ValueError, AttributeError):
            return SpecifierSet(tomli.loads(part.decode()).get("requires-python", ""))
    return None


def select(context: Context, request: Request, python: Python) -> Target:
    """Read the lock and choose from it.

    Args:
        context: where and how.
        request: what is asked for.
        python: the interpreter, and the project's folder.

    Raises:
        TrailError: there is no lock, it cannot be read, or it does not fit.
    """
    inputs = _Inputs(python.inputs)
    asked = replace(request, sources_only=request.sources_only | context.settings.sources_only)
    selection, index = _select(context, asked, python, inputs)
    return Target(selection=selection, index=index, inputs=inputs.seen())


class _Inputs:
    """Reads files and remembers how they were; also which were not there."""

    def __init__(self, seen: Iterable[Input] = ()) -> None:
        self._seen = {item.path: item for item in seen}

    def read(self, path: Path) -> bytes | None:
        try:
            seen, data = take_input(str(path))
        except OSError as error:
            raise ProjectError(f"cannot read `{path}`: {error.strerror or error}") from error
        self._seen[seen.path] = seen
        return data

    def must_read(self, path: Path) -> bytes:
        data = self.read(path)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return data

    def look(self, path: Path) -> None:
        self._seen[str(path)] = look_at(str(path))

    def seen(self) -> tuple[Input, ...]:
        return tuple(self._seen.values())


def _select(
    context: Context, request: Request, python: Python, inputs: _Inputs
) -> tuple[Selection, IndexSettings]:
    """Read what names the distributions: arguments, a pylock.toml or a requirements.txt."""
    interpreter, index = python.interpreter, context.settings.index
    if request.packages:
        return _with_packages(context, request, python, inputs), index
    if request.wheels or request.requirements:
        locks = [path for path in request.requirements if is_valid_pylock_path(path)]
        if (request.extras or request.groups) and [*request.wheels, *request.requirements] != locks:
            raise UsageError("extras and groups are chosen from a lock, not from files")
        selections = [_from_wheels(request.wheels, interpreter)]
        for path in request.requirements:
            if path in locks:
                lock = _read_lock(path, inputs)
                default = (lock.default_groups or ()) if request.default_groups else ()
                parts = request.extras, (*default, *request.groups)
                selections.append(_from_lock(lock, path, parts, request, interpreter))
                continue
            selection, index = _from_requirements(path, context, interpreter, inputs, index)
            selections.append(selection)
        return _join(selections), index
    path = python.root / "pylock.toml"
    if inputs.read(path) is not None:
        lock = _read_lock(path, inputs)
        parts = chosen_parts(context, request, lock)
        return _from_lock(lock, path, parts, request, interpreter), index
    path = python.root / "requirements.txt"
    if inputs.read(path) is not None:
        if request.extras or request.groups:
            raise LockError(f"`{path}` has no extras and no dependency groups")
        return _from_requirements(path, context, interpreter, inputs, index)
    if context.project is None:
        raise ProjectError(
            f"there is no project in `{context.start}` or above it",
            details=(("looked for", "pylock.toml, pyproject.toml"),),
            hint="go to a project, or name what to use: trail install -r requirements.txt",
        )
    raise ProjectError(
        f"`{python.root}` has no lock",
        details=(("looked for", "pylock.toml, requirements.txt"),),
        hint="trail lock",
    )


def _read_lock(path: Path, inputs: _Inputs) -> Pylock:
    data = inputs.read(path)
    if data is None:
        raise LockError(f"there is no file `{path}`")
    return pylock.read_pylock(data, path)


def _from_lock(
    lock: Pylock,
    path: Path,
    parts: tuple[Sequence[str], Sequence[str]],
    request: Request,
    interpreter: Interpreter,
) -> Selection:
    return pylock.select(
        lock,
        path,
        environment=interpreter.environment,
        tags=interpreter.tags,
        extras=parts[0],
        groups=parts[1],
        sources_only=request.sources_only,
    )


def _with_packages(
    context: Context, request: Request, python: Python, inputs: _Inputs
) -> Selection:
    """Resolve requirements that stand in no lock, together with the project's if there is one."""
    from trail.commands.adhoc import resolve_here  # noqa: PLC0415  # the resolver: 60 ms

    project = context.project
    if project is None or project.workspace is not None:
        inputs.read(python.root / "pylock.toml")
        return resolve_here(context, python.interpreter, request)
    pins, _ = _select(context, replace(request, packages=()), python, inputs)
    found = resolve_here(context, python.interpreter, request, pins=pins)
    return replace(found, withheld=pins.withheld)


def _from_requirements(
    path: Path,
    context: Context,
    interpreter: Interpreter,
    inputs: _Inputs,
    index: IndexSettings,
) -> tuple[Selection, IndexSettings]:
    from trail.lock import requirements  # noqa: PLC0415  # not for who has a pylock.toml

    data = inputs.read(path)
    if data is None:
        raise LockError(f"there is no file `{path}`")
    found = requirements.read_requirements(
        data, path, read=inputs.must_read, variables=context.environ
    )
    selection = requirements.select(
        found, environment=interpreter.environment, tags=interpreter.tags
    )
    return selection, _with_options(index, found)


def _with_options(index: IndexSettings, found: Requirements) -> IndexSettings:
    """Let the options in a requirements file add to the settings, as pip does."""
    return replace(
        index,
        index_url=found.index_url or index.index_url,
        extra_index_urls=(*index.extra_index_urls, *found.extra_index_urls),
        find_links=(*index.find_links, *found.find_links),
        no_index=index.no_index or found.no_index,
        trusted_hosts=(*index.trusted_hosts, *found.trusted_hosts),
    )


def _from_wheels(paths: tuple[Path, ...], interpreter: Interpreter) -> Selection:
    """Take wheel files as they are; nobody vouches for their bytes."""
    wheels = []
    for path in paths:
        name = parse_filename(path.name)
        if not path.is_file():
            raise LockError(f"there is no file `{path}`")
        if name.tags.isdisjoint(interpreter.tags):
            raise LockError(
                f"`{path.name}` does not fit this Python",
                details=(
                    ("wheel", ", ".join(sorted(map(str, name.tags)))),
                    ("python", f"{interpreter.implementation} {interpreter.version}"),
                    ("best tag", str(interpreter.tags[0])),
                ),
            )
        wheels.append(
            WheelFile(
                name=name.name,
                version=name.version,
                filename=path.name,
                path=path,
                vouched=False,
            )
        )
    return Selection(wheels=tuple(wheels))


def _join(selections: list[Selection]) -> Selection:
    """Put selections together; one distribution may come only once."""
    wheels = list(dict.fromkeys(wheel for chosen in selections for wheel in chosen.wheels))
    pinned = [pin for selection in selections for pin in selection.pinned]
    sources = dict.fromkeys(one for selection in selections for one in selection.sources)
    seen: dict[str, str] = {}
    items: list[WheelFile | Pinned] = [*wheels, *pinned]
    for item in items:
        if seen.setdefault(item.name, item.version) != item.version:
            raise UsageError(
                f"`{item.name}` is named twice with different versions",
                details=(("versions", f"{seen[item.name]} and {item.version}"),),
            )
    return Selection(
        wheels=tuple(wheels),
        pinned=tuple(pinned),
        sources=tuple(sources),
        wheels_only=reduce(or_, (one.wheels_only for one in selections)),
        sources_only=reduce(or_, (one.sources_only for one in selections)),
    )
