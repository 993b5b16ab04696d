"""Whether a lock still meets its project, found out without an index and without a resolver.

What a lock was made from stands in it (`trail.commands.lockfile`). Beside that, what the project
requires has to be in the lock, which somebody may have edited. A lock that was seen to meet its
project is noted in the depot with the files that decided, so that the next look at it is a
comparison of time stamps (`trail.commands.replay`).
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from trail.addresses import redact, without_users
from trail.commands.dynamic import state_of_build
from trail.commands.lockfile import changes, inputs_of
from trail.commands.outside import outside_of
from trail.commands.parts import Parts
from trail.commands.wants import requirements_by_part
from trail.commands.words import lock_words
from trail.depot.answers import give_answer
from trail.depot.roots import Root, look_at, root_name, take_input, write_root
from trail.errors import ProjectError
from trail.model import NO_NAMES
from trail.pip_settings import config_files
from trail.project.pyproject import read_pyproject
from trail.project.sources import rules_of
from trail.resolve.model import ScopeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from packaging.pylock import Package, Pylock
    from packaging.requirements import Requirement

    from trail.commands.context import Context
    from trail.commands.outside import Outside
    from trail.depot.roots import Input
    from trail.project.workspace import Workspace
    from trail.resolve.model import Options

__all__ = ["Memory", "lapses", "meets_project"]


def meets_project(
    context: Context,
    workspace: Workspace,
    pylock: Pylock,
    options: Options,
    environments: Sequence[Mapping[str, str]],
) -> bool:
    """Tell whether to resolve would change nothing, without new releases being wanted.

    In doubt it would: what comes from a folder may have changed, and a target that was left out
    may have a solution by now.

    Args:
        context: where and how.
        workspace: the project, or several of them.
        pylock: its lock.
        options: how the lock is to be made, the settings included.
        environments: the marker values of the targets that it is to cover.
    """
    settings, outside = context.settings, outside_of(pylock)
    chosen = (options.upgrade, options.no_build, options.no_binary)
    unusual = (
        any(names != NO_NAMES for names in chosen)
        or settings.index.refreshes
        or (settings.index.find_links and outside.linked)
        or _asks_builds(workspace)
    )
    inputs = inputs_of(workspace, options, settings)
    if unusual or not _is_lasting(outside, workspace) or changes(pylock, inputs) != ():
        return False
    known = (*settings.index.indexes(), *(one.url for one in settings.index.named))
    indexes = {redact(without_users(address)) for address in known}
    return (
        all(one.index in indexes for one in pylock.packages if one.index is not None)
        and all(_covers(pylock, environment) for environment in environments)
        and not any(lapses(workspace, pylock, options, environments))
    )


def lapses(
    workspace: Workspace,
    pylock: Pylock,
    options: Options,
    environments: Iterable[Mapping[str, str]],
) -> Iterator[str]:
    """Say what the project requires and its lock does not have; a line for each.

    Args:
        workspace: the project, or several of them.
        pylock: its lock, made from the same inputs.
        options: how it was made.
        environments: the marker values of the targets that it may cover.
    """
    packages: dict[str, list[Package]] = {}
    for package in pylock.packages:
        packages.setdefault(package.name, []).append(package)
    covered = [one for one in environments if _covers(pylock, one)]
    replaced = {canonicalize_name(root.requirement.name) for root in options.overrides}
    for requirement, scope in _asked(workspace):
        name = canonicalize_name(requirement.name)
        if name in replaced:
            continue
        for environment in covered:
            holds = requirement.marker is None or requirement.marker.evaluate(
                {**environment, "extra": ""}
            )
            values: dict[str, str | AbstractSet[str]] = {**environment, **scope}
            if holds and not any(
                _serves(one, requirement, values) for one in packages.get(name, ())
            ):
                yield f"`{requirement}` is not in the lock"
                break
    for package in pylock.packages:
        for dependency in package.dependencies or ():
            if str(dependency.get("name")) not in packages:
                yield f"`{package.name}` needs `{dependency.get('name')}`, which is not in the lock"


class Memory:
    """The files that decide about a lock, as they were before it was looked at.

    Args:
        context: where and how.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inputs: dict[str, Input] = {}
        self._workspace = context.project.workspace if context.project is not None else None
        self._complete = False
        if context.project is None or self._workspace is None:
            return
        # Where the next command is going to look for it.
        self._place = str(context.project.place)
        self._lock = str(context.project.root / "pylock.toml")
        with contextlib.suppress(OSError, ProjectError):
            self._complete = self._remember(self._workspace)

    def _remember(self, workspace: Workspace) -> bool:
        """Take all that decides; False if it is not what was read, or too much to be looked at."""
        for one in (workspace.root, *workspace.members):
            data = self._take(str(one.path))
            # Somebody may have changed it since it was read.
            if data is None or read_pyproject(data, one.path) != one:
                return False
            rules = rules_of(one, workspace).values()
            if any(rule.path is not None for found in rules for rule in found):
                return False
        for path in (self._lock, *map(str, config_files(self._context.environ))):
            self._take(path)
        for watched in workspace.watched:
            seen = look_at(str(watched))
            self._inputs[seen.path] = seen
        return not _asks_builds(workspace)

    def keep(
        self,
        outside: Outside,
        notes: Mapping[tuple[str, ...], str],
        *,
        written: bytes | None = None,
    ) -> None:
        """Note that the lock meets the project; a depot that cannot be written keeps no note.

        Args:
            outside: what of the lock is not from an index.
            notes: what is to be said the next time, by what then follows `trail lock`.
            written: its bytes, if it was written in between.
        """
        workspace = self._workspace
        if not self._complete or workspace is None or not _is_lasting(outside, workspace):
            return
        if self._context.settings.index.find_links and outside.linked:
            return
        with contextlib.suppress(OSError):
            if written is not None and self._take(self._lock) != written:
                return
            layout = self._context.depots().receiver.layout
            for words, note in notes.items():
                request = lock_words(words, self._context.environ)
                if request is None:
                    continue
                root = Root(
                    project=self._place,
                    request=request,
                    inputs=tuple(self._inputs.values()),
                    note=note,
                )
                write_root(layout.root_file(root_name(self._place, request)), root)
                if not workspace.members and not workspace.watched:
                    give_answer(str(layout.answers), root, self._context.environ)

    def _take(self, path: str) -> bytes | None:
        seen, data = take_input(os.path.abspath(path))  # noqa: PTH100  # a text, as in the record
        self._inputs[seen.path] = seen
        return data


def _asked(workspace: Workspace) -> Iterator[tuple[Requirement, Mapping[str, frozenset[str]]]]:
    """List what projects require of others, with the extra or the group that it is for."""
    parts = Parts(workspace)
    for one in (workspace.root, *workspace.members):
        elsewhere = rules_of(one, workspace)  # may have no version, and no contents
        for own, requirement, _ in requirements_by_part(one):
            name = canonicalize_name(requirement.name)
            if name == one.name or name in elsewhere:
                continue
            scope = parts.scope(one, own)
            named = frozenset({scope.name})
            yield (
                requirement,
                {
                    "extras": named if scope.kind is ScopeKind.EXTRA else frozenset(),
                    "dependency_groups": named if scope.kind is ScopeKind.GROUP else frozenset(),
                },
            )


def _asks_builds(workspace: Workspace) -> bool:
    """Whether only a build tells what some project requires."""
    projects = (workspace.root, *workspace.members)
    return any(state_of_build(one) is not None for one in projects)


def _is_lasting(outside: Outside, workspace: Workspace) -> bool:
    """Whether no package comes from this machine, where it may change at any time.

    The projects themselves are looked at anyway.
    """
    own = {str(one.folder) for one in workspace.projects} if workspace.members else set()
    top = str(workspace.root.folder)
    return not outside.archives and all(
        os.path.normpath(os.path.join(top, folder)) in own  # noqa: PTH118  # as texts
        for folder in outside.folders
    )


def _covers(pylock: Pylock, environment: Mapping[str, str]) -> bool:
    markers = pylock.environments
    return not markers or any(
        marker.evaluate(dict(environment), context="requirement") for marker in markers
    )


def _serves(
    package: Package,
    requirement: Requirement,
    values: Mapping[str, str | AbstractSet[str]],
) -> bool:
    """Whether a package of the lock is what a requirement asks for."""
    if package.marker is not None and not package.marker.evaluate(values, context="lock_file"):
        return False
    return (
        package.version is None
        or requirement.url is not None
        or requirement.specifier.contains(package.version, prereleases=True)
    )
