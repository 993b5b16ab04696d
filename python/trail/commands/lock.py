"""`trail lock`: resolve the project's requirements for all its targets, and write the lock."""

from __future__ import annotations

import platform
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from trail.commands.builds import Builds
from trail.commands.dynamic import complete
from trail.commands.lockfile import changes, inputs_of, options_of, to_pylock, with_inputs
from trail.commands.options import with_settings
from trail.commands.parts import Parts
from trail.commands.reach import wanted_environments
from trail.commands.unchanged import lapses, meets_project
from trail.commands.wants import wants_of
from trail.errors import InterpreterError, LockError, ProjectError
from trail.files import write_atomic
from trail.lock.pylock import read_pylock
from trail.lock.write import dump_pylock
from trail.resolve.model import Options, Request
from trail.resolve.targets import (
    DEFAULT_PLATFORMS,
    make_environments,
    make_targets,
    parse_platform,
)
from trail.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.pylock import Pylock
    from packaging.version import Version

    from trail.commands.context import Context
    from trail.model import NormalizedName
    from trail.project.workspace import Workspace
    from trail.resolve.model import Target
    from trail.resolve.targets import Platform

__all__ = [
    "Locking",
    "check_lock",
    "keep_lock",
    "make_lock",
    "read_lock",
    "refresh_lock",
    "workspace_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """A lock that was made, and how it differs from the one before.

    Args:
        path: where it belongs.
        pylock: the lock.
        options: how it was made.
        data: its bytes.
        before: the bytes that are there, or None.
        versions: of each package; several where targets differ.
        old: the same of the lock before.
        targets: the names of the targets that are covered.
        complete: whether these are all that were wanted.
    """

    path: Path
    pylock: Pylock
    options: Options
    data: bytes
    before: bytes | None
    versions: Mapping[NormalizedName, tuple[Version, ...]]
    old: Mapping[NormalizedName, tuple[Version, ...]] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    complete: bool = True

    @property
    def changed(self) -> bool:
        """Whether the bytes differ."""
        return self.data != self.before

    def of(self, inputs: Mapping[str, Any]) -> Locking:
        """Give the same lock for other inputs, which it meets as well."""
        pylock = with_inputs(self.pylock, inputs)
        return replace(self, pylock=pylock, data=dump_pylock(pylock))

    def write(self) -> None:
        """Put the lock into its place.

        Raises:
            LockError: it cannot be written; the one before is then unchanged.
        """
        if not self.changed:
            return
        try:
            write_atomic(self.path, self.data)
        except OSError as error:
            raise LockError(f"cannot write `{self.path}`: {error.strerror or error}") from error

    def differences(self) -> Iterator[str]:
        """Say what became of each package that is not as it was, a line each."""
        for name in sorted({*self.versions, *self.old}):
            now, old = self.versions.get(name, ()), self.old.get(name, ())
            if now == old:
                continue
            if not old:
                yield f"+ {name} {_join(now)}"
            elif not now:
                yield f"- {name} {_join(old)}"
            else:
                yield f"~ {name} {_join(old)} -> {_join(now)}"


def make_lock(context: Context, options: Options, *, workspace: Workspace | None = None) -> Locking:
    """Resolve, without writing anything.

    Args:
        context: where and how.
        options: how to choose; preferences are taken from the lock that is there.
        workspace: the projects as they are going to be; None for as they are.

    Raises:
        ProjectError: there is no project with requirements.
        ResolutionError: no versions fit together.
        FetchError: an index cannot be reached.
    """
    # Who only compares a lock with its inputs needs none of these: 60 ms.
    from trail.commands.hashing import hashes_of, with_hashes  # noqa: PLC0415
    from trail.commands.source import IndexSource  # noqa: PLC0415
    from trail.index.client import IndexClient  # noqa: PLC0415
    from trail.resolve.resolve import resolve  # noqa: PLC0415

    workspace = workspace or workspace_of(context)
    path = workspace.root.path.with_name("pylock.toml")
    before = path.read_bytes() if path.is_file() else None
    last = read_pylock(before, path) if before is not None else None
    old = _versions(last) if last is not None else {}
    settings = context.settings
    options = replace(with_settings(options, settings), preferences=old)
    for name in sorted(options.upgrade.names - old.keys()):
        context.reporter.warn(f"`{name}` is not in the lock, so its version need not be let go")
    inputs = inputs_of(workspace, options, settings)
    receiver = context.depots().receiver
    with (
        IndexClient(
            settings.index,
            cache=receiver.layout.index,
            offline=settings.offline,
            reporter=context.reporter,
        ) as client,
        Builds(context, client, options, _commits(last, options)) as builds,
        IndexSource(
            client, builder=builds.builder, reporter=context.reporter, likely=old
        ) as source,
    ):
        told = complete(builds.builder, workspace)
        wants = wants_of(told, settings.index.named)
        source.know(wants.projects)
        targets = _targets(context, told)
        request = Request(
            roots=wants.roots,
            name=wants.name,
            places=wants.places,
            requires_python=told.requires_python,
            options=options,
        )
        outcome = resolve(
            request,
            targets,
            source,
            required=None if context.settings.platforms else _AtHand(context, targets),
            reporter=context.reporter,
        )
        source.report(package.name for package in outcome.locked.packages)
        known = hashes_of(last) if last is not None else {}
        locked = with_hashes(outcome.locked, known, client, context.reporter)
    pylock = to_pylock(
        locked,
        requires_python=told.requires_python,
        default_groups=Parts(workspace).default,
        inputs=inputs,
        folder=path.parent,
        commits=builds.commits,
    )
    return Locking(
        path=path,
        pylock=pylock,
        options=options,
        data=dump_pylock(pylock),
        before=before,
        versions=_versions(pylock),
        old=old,
        targets=outcome.locked.targets,
        complete=not outcome.left_out,
    )


def _commits(last: Pylock | None, options: Options) -> dict[tuple[str, str | None], str]:
    """Read which commits are locked; they stay until they are let go, as versions do."""
    packages = last.packages if last is not None else []
    return {
        (package.vcs.url, package.vcs.requested_revision): package.vcs.commit_id
        for package in packages
        if package.vcs is not None
        and package.vcs.url is not None
        and package.name not in options.upgrade
    }


def check_lock(context: Context, options: Options) -> Pylock:
    """Say whether the lock still meets the project, without network.

    Args:
        context: where and how.
        options: how the lock is to be made.

    Returns:
        The lock.

    Raises:
        LockError: there is no lock, or it does not; the details say what changed.
    """
    workspace = workspace_of(context)
    pylock = read_lock(workspace)
    options = with_settings(options, context.settings)
    found = _outdated(context, workspace, pylock, options)
    path = workspace.root.path.with_name("pylock.toml")
    if found is None:
        raise LockError(
            f"`{path}` was not written by trail, so it cannot be compared with the project",
            hint="trail lock",
        )
    if found:
        raise LockError(
            f"`{path}` does not meet the project any more",
            details=tuple(("change", line) for line in found),
            hint="trail lock",
        )
    return pylock


def keep_lock(context: Context, options: Options) -> Pylock | None:
    """Give the lock, if to resolve would change nothing; without network.

    Args:
        context: where and how.
        options: how the lock is to be made.

    Raises:
        ProjectError: there is no project with requirements.
        LockError: the lock cannot be read.
    """
    workspace = workspace_of(context)
    if not workspace.root.path.with_name("pylock.toml").is_file():
        return None
    pylock = read_lock(workspace)
    options = with_settings(options, context.settings)
    environments = _environments(context, workspace)
    kept = meets_project(context, workspace, pylock, options, environments)
    return pylock if kept else None


def _outdated(
    context: Context, workspace: Workspace, pylock: Pylock, options: Options
) -> tuple[str, ...] | None:
    """Say what of a lock is not as the project has it; None if trail did not write it."""
    found = changes(pylock, inputs_of(workspace, options, context.settings))
    if found == ():
        environments = _environments(context, workspace)
        return tuple(lapses(workspace, pylock, options, environments))
    return found


def refresh_lock(context: Context, policy: str) -> Locking | None:
    """Lock anew if the project has no lock, or changed since it was made.

    A requirements.txt without a pylock.toml is the lock, and a lock that trail did not write
    is taken as it is.

    Args:
        context: where and how.
        policy: `auto`; `locked` to refuse where something would change; `frozen` to take the
            lock as it is.

    Returns:
        The lock that was written, or None if nothing was.

    Raises:
        LockError: something would change, and must not.
        ResolutionError: no versions fit together.
    """
    project = context.project
    if policy == "frozen" or project is None or project.workspace is None:
        return None
    workspace = project.workspace
    if project.lock_path is None:
        if policy == "locked":
            raise LockError(f"`{project.root}` has no lock", hint="trail lock")
        locking = make_lock(context, Options())
    elif project.lock_path.name != "pylock.toml":
        return None
    else:
        pylock = read_lock(workspace)
        options = with_settings(options_of(pylock, Options(), project.lock_path), context.settings)
        if not _outdated(context, workspace, pylock, options):
            return None
        if policy == "locked":
            check_lock(context, options)  # says what changed
        locking = make_lock(context, options)
    locking.write()
    return locking


def read_lock(workspace: Workspace) -> Pylock:
    """Read the project's `pylock.toml`.

    Raises:
        LockError: there is none, or it cannot be read.
    """
    path = workspace.root.path.with_name("pylock.toml")
    try:
        return read_pylock(path.read_bytes(), path)
    except FileNotFoundError as error:
        raise LockError(f"there is no `{path}`", hint="trail lock") from error
    except OSError as error:
        raise LockError(f"cannot read `{path}`: {error.strerror or error}") from error


def workspace_of(context: Context) -> Workspace:
    """The project around the folder that one is in, with all that share its lock.

    Raises:
        ProjectError: there is none.
    """
    if context.project is None or context.project.workspace is None:
        raise ProjectError(
            f"there is no pyproject.toml in `{context.start}` or above it", hint="trail init"
        )
    return context.project.workspace


def _targets(context: Context, workspace: Workspace) -> tuple[Target, ...]:
    targets = make_targets(workspace.requires_python, _platforms(context))
    if not targets:
        raise _no_python(workspace)
    wanted = wanted_environments(context.settings, workspace.root.path.name)
    found = tuple(target for target in targets if wanted(target.environment))
    if not found:
        raise ProjectError("`environments` leaves no target to lock for")
    return found


def _environments(context: Context, workspace: Workspace) -> list[Mapping[str, str]]:
    """The marker values of the targets that a lock is to cover."""
    wanted = wanted_environments(context.settings, workspace.root.path.name)
    found = make_environments(workspace.requires_python, _platforms(context))
    return [environment for environment in found if wanted(environment)]


def _no_python(workspace: Workspace) -> ProjectError:
    """Make the error for projects that no Python suits."""
    projects = (workspace.root, *workspace.members)
    given = [(workspace.label(one), one.requires_python) for one in projects]
    return ProjectError(
        "there is no Python that the project supports",
        details=tuple((label, str(one)) for label, one in given if one is not None),
    )


def _platforms(context: Context) -> Iterator[Platform]:
    names = context.settings.platforms or DEFAULT_PLATFORMS
    own = _own_platform()
    wanted = dict.fromkeys(own if name == "current" else name for name in names)
    # What is at hand comes first: its versions are preferred for the others.
    ordered = sorted(wanted, key=lambda name: not name.startswith(own))
    return map(parse_platform, ordered)


class _AtHand:
    """The names of the targets that stand for the Python of the project on this machine.

    It is looked for where a target has no solution: only then it matters.
    """

    def __init__(self, context: Context, targets: Sequence[Target]) -> None:
        self._context = context
        self._targets = targets

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        from trail.commands import target as pythons  # noqa: PLC0415  # rarely needed

        known = self._context.depots().receiver.layout.interpreters
        try:
            python = pythons.choose_python(self._context, pythons.Request(), known)
        except InterpreterError:  # none at hand: then none has to have a solution
            return frozenset()
        own = _own_platform()
        return frozenset(
            target.name
            for target in self._targets
            if own in target.name and target.python.release[:2] == python.interpreter.release
        )


def _own_platform() -> str:
    """Name the platform that this runs on, as `[tool.trail] platforms` does."""
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if system != "linux":
        machine = machine.replace("aarch64", "arm64")
    return f"{system}-{machine}"


def _versions(pylock: Pylock) -> dict[NormalizedName, tuple[Version, ...]]:
    found: dict[NormalizedName, list[Version]] = {}
    for package in pylock.packages:
        if package.version is not None:
            found.setdefault(package.name, []).append(package.version)
    return {name: tuple(sorted(set(versions), reverse=True)) for name, versions in found.items()}


def _join(versions: tuple[Version, ...]) -> str:
    return ", ".join(map(str, versions))
