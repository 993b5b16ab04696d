"""`trail lock`: resolve the project's requirements for all its targets, and write the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trail.commands.lockfile import changes, inputs_of, options_of
from trail.commands.options import with_settings
from trail.commands.reach import AtHand, covered_environments, covered_targets
from trail.commands.unchanged import lapses, meets_project
from trail.errors import LockError, ProjectError
from trail.resolve.model import Options, Request
from trail.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.pylock import Pylock

    from trail.commands.context import Context
    from trail.commands.locking import Locking
    from trail.project.workspace import Workspace

__all__ = ["check_lock", "keep_lock", "make_lock", "read_lock", "refresh_lock", "workspace_of"]


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
    from trail.commands.builds import Builds  # noqa: PLC0415
    from trail.commands.document import to_document  # noqa: PLC0415
    from trail.commands.dynamic import complete  # noqa: PLC0415
    from trail.commands.hashing import hashes_of, with_hashes  # noqa: PLC0415
    from trail.commands.locking import Locking, versions_in  # noqa: PLC0415
    from trail.commands.parts import Parts  # noqa: PLC0415
    from trail.commands.source import IndexSource  # noqa: PLC0415
    from trail.commands.wants import wants_of  # noqa: PLC0415
    from trail.index.client import IndexClient  # noqa: PLC0415
    from trail.lock.write import dump_pylock  # noqa: PLC0415
    from trail.resolve.resolve import resolve  # noqa: PLC0415

    workspace = workspace or workspace_of(context)
    path = workspace.root.path.with_name("pylock.toml")
    before = path.read_bytes() if path.is_file() else None
    last = _read(path, before) if before is not None else None
    old = versions_in(last)
    settings = context.settings
    options = replace(with_settings(options, settings), preferences=old)
    named = {package.name for package in last.packages} if last is not None else set()
    for name in sorted(options.upgrade.names - named):
        context.reporter.warn(f"`{name}` is not in the lock, so its version need not be let go")
    _look_for_others(workspace, context)
    inputs = inputs_of(workspace, options, settings)
    receiver = context.depots().receiver
    with (
        IndexClient(
            settings.index,
            cache=receiver.layout.index,
            engine=settings.engine,
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
        targets = covered_targets(context, told)
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
            required=None if context.settings.platforms else AtHand(context, targets),
            reporter=context.reporter,
        )
        source.report(package.name for package in outcome.locked.packages)
        known = hashes_of(last) if last is not None else {}
        locked = with_hashes(outcome.locked, known, client, context.reporter)
    document = to_document(
        locked,
        requires_python=told.requires_python,
        default_groups=Parts(workspace).default,
        inputs=inputs,
        folder=path.parent,
        commits=builds.commits,
    )
    return Locking(
        path=path,
        document=document,
        options=options,
        data=dump_pylock(document),
        before=before,
        last=last,
        targets=outcome.locked.targets,
        complete=not outcome.left_out,
    )


def _look_for_others(workspace: Workspace, context: Context) -> None:
    """Say which requirements in the tables of other tools are not read.

    Raises:
        ProjectError: one has a constraint that cannot be said.
    """
    for one in (workspace.root, *workspace.members):
        for unsaid in one.unsaid:
            raise ProjectError(
                f"`{one.path}` has a constraint that no lock can be made from",
                details=(("key", unsaid.key), ("problem", unsaid.problem)),
                hint=unsaid.hint,
            )
        for key in one.unread:
            context.reporter.warn(
                f"`{key}` in `{one.path}` is not read: write [dependency-groups] instead"
            )
        for key in one.untaken:
            context.reporter.warn(
                f"`{key}` in `{one.path}` is not taken over: write [[tool.trail.index]] instead"
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
    environments = covered_environments(context, workspace)
    kept = meets_project(context, workspace, pylock, options, environments)
    return pylock if kept else None


def _outdated(
    context: Context, workspace: Workspace, pylock: Pylock, options: Options
) -> tuple[str, ...] | None:
    """Say what of a lock is not as the project has it; None if trail did not write it."""
    found = changes(pylock, inputs_of(workspace, options, context.settings))
    if found == ():
        environments = covered_environments(context, workspace)
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
        return _read(path, path.read_bytes())
    except FileNotFoundError as error:
        raise LockError(f"there is no `{path}`", hint="trail lock") from error
    except OSError as error:
        raise LockError(f"cannot read `{path}`: {error.strerror or error}") from error


def _read(path: Path, data: bytes) -> Pylock:
    from trail.lock.pylock import read_pylock  # noqa: PLC0415  # not for the first lock

    return read_pylock(data, path)


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
