"""Which projects of a workspace a command is for, and what of the lock that selects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.errors import ProjectError
from trail.settings import EVERY_GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.pylock import Pylock

    from trail.commands.context import Context
    from trail.commands.target import Request
    from trail.project.pyproject import PyProject

__all__ = ["chosen_parts", "chosen_projects"]


def chosen_projects(
    context: Context, members: Sequence[str] = (), *, all_members: bool = False
) -> tuple[PyProject, ...]:
    """Tell which projects are meant: those that are named, or the one that one is in.

    At a root that is no project itself these are all members.

    Args:
        context: where and how.
        members: their names, in any spelling; empty for the one that one is in.
        all_members: whether all are meant.

    Raises:
        ProjectError: there is no project, or none of a name.
    """
    workspace = context.project.workspace if context.project is not None else None
    if context.project is None or workspace is None:
        if members or all_members:
            raise ProjectError(
                f"there is no pyproject.toml in `{context.start}` or above it", hint="trail init"
            )
        return ()
    if all_members:
        return workspace.projects or (workspace.root,)
    if members:
        return tuple(workspace.named(canonicalize_name(name)) for name in members)
    here = context.project.here
    if here is None or (here.name is None and workspace.members):
        return workspace.members
    return (here,)


def chosen_parts(
    context: Context, request: Request, lock: Pylock
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the extras and groups of a lock that are wanted.

    Args:
        context: where and how.
        request: what is asked for.
        lock: the project's.

    Raises:
        ProjectError: there is no such member.
        LockError: it has no such extra or group.
    """
    defaults = context.settings.default_groups or ()
    projects = chosen_projects(context, request.members, all_members=request.all_members)
    workspace = context.project.workspace if context.project is not None else None
    if workspace is not None and workspace.members and "trail" in (lock.tool or {}):
        from trail.commands.parts import Parts  # noqa: PLC0415  # few projects have members

        return Parts(workspace).chosen(
            projects, request.extras, request.groups, defaults if request.default_groups else None
        )
    groups = list(request.groups)
    if request.default_groups:
        known = workspace.root.groups if workspace is not None else {}
        locked = set(lock.dependency_groups or ())
        wanted = known if EVERY_GROUP in defaults else set(defaults)
        groups += [*(lock.default_groups or ()), *sorted(locked & set(wanted))]
    return request.extras, tuple(groups)
