"""`trail add` and `trail remove`: change the requirements and the lock together, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from trail.commands.adding import read_adding
from trail.commands.lock import make_lock, workspace_of
from trail.commands.lockfile import inputs_of, options_of
from trail.commands.locking import Locking, versions_in
from trail.commands.misnamed import not_listed
from trail.commands.unneeded import unneeded_sources
from trail.errors import LockError, ProjectError, UsageError
from trail.files import write_atomic
from trail.lock.listed import read_listed
from trail.lock.pylock import read_pylock
from trail.model import NormalizedName
from trail.project.edit import (
    Place,
    add_requirement,
    add_source,
    listed_requirements,
    remove_requirement,
    remove_source,
)
from trail.project.pyproject import read_pyproject
from trail.project.sources import rules_of
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.pylock import Pylock
    from packaging.requirements import Requirement

    from trail.commands.adding import Adding
    from trail.commands.context import Context
    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace
    from trail.resolve.model import Options

__all__ = ["Changed", "add", "place_of", "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was changed.

    Args:
        requirements: as they stand in the file now, or the names that were removed.
        unchanged: those to be added that stood there already.
        locking: the new lock.
    """

    requirements: tuple[str, ...]
    unchanged: tuple[str, ...] = ()
    locking: Locking


def place_of(extra: str | None, group: str | None) -> Place:
    """Name the list that a requirement belongs to.

    Raises:
        UsageError: both are given.
    """
    if extra is not None and group is not None:
        raise UsageError("a requirement belongs to an extra or to a group, not to both")
    if extra is not None:
        return ("project", "optional-dependencies", extra)
    if group is not None:
        return ("dependency-groups", group)
    return ("project", "dependencies")


def add(  # noqa: PLR0913  # what one command line says
    context: Context,
    words: Sequence[str],
    place: Place,
    options: Options,
    *,
    member: str | None = None,
    editable: bool = False,
    files: Sequence[Path] = (),
) -> Changed:
    """Add requirements and lock; nothing is written unless both are possible.

    A new requirement that names no version gets the locked one as its lower bound; one that is
    there already keeps its versions, and its extras in any case. One for a member of the
    workspace gets a source that says so, and a folder or archive one with its path.

    Args:
        context: where and how.
        words: requirements (PEP 508), or paths.
        place: the list they go to.
        options: how to choose.
        member: the project of a workspace that is meant; None for the one that one is in.
        editable: whether the folders are to be used in place.
        files: requirements files, whose requirements are added as well.

    Raises:
        ProjectError: the file has no [project] to add to.
        UsageError: a word is neither a requirement nor a path.
        LockError: a requirements file cannot be read.
        TrailError: the new requirements cannot be locked.
    """
    workspace, pyproject = workspace_of(context), _project(context, member)
    path = pyproject.path
    _check_place(pyproject, place)
    options = _as_before(context, options)
    before = _read(path)
    there = listed_requirements(before, path, place)
    given = [(word, editable) for word in words]
    given += [item for file in files for item in _listed(context, file, pyproject)]
    adding = [
        read_adding(word, context.start, pyproject, workspace, editable=in_place)
        for word, in_place in given
    ]
    wanted = [_with_old(one, there) for one in adding]
    text = before
    for one in adding:
        text = add_requirement(text, path, place, one.requirement)
        name = canonicalize_name(one.requirement.name)
        if one.source is not None:
            text = add_source(text, path, name, one.source)
        elif name in workspace.names and name not in rules_of(pyproject, workspace):
            text = add_source(text, path, name, {"workspace": True})
    locking = _lock(context, options, workspace, text, path)
    found = _bounds(locking)
    old = {_identity(one) for one in there}
    for requirement in wanted:
        bound = found.get(NormalizedName(canonicalize_name(requirement.name)))
        new = not requirement.specifier and requirement.url is None
        if bound is not None and new and _identity(requirement) not in old:
            requirement.specifier = SpecifierSet(bound)
            text = add_requirement(text, path, place, requirement)
    # The same versions meet what the file says now: each bound is a version that was found.
    locking = locking.of(_inputs(context, locking, workspace, text, path))
    _write(path, before, text, locking)
    return Changed(
        requirements=tuple(str(one) for one in wanted if one not in there),
        unchanged=tuple(str(one) for one in wanted if one in there),
        locking=locking,
    )


def _listed(context: Context, file: Path, pyproject: PyProject) -> Iterator[tuple[str, bool]]:
    """Read a requirements file: each requirement or path, and whether it is used in place."""
    path = (context.start / file).resolve()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LockError(f"cannot read `{path}`: {error.strerror or error}") from error
    for one in read_listed(data, path, variables=context.environ):
        if one.word is None:
            context.reporter.warn(f"`{one.place}` is not taken: {one.text}")
        elif one.word != str(pyproject.folder):  # the project itself is there anyway
            yield one.word, one.editable


def _identity(requirement: Requirement) -> tuple[str, str]:
    return canonicalize_name(requirement.name), str(requirement.marker or "")


def _with_old(adding: Adding, there: Sequence[Requirement]) -> Requirement:
    """Take over what a requirement does not say from the one that it replaces, as uv does."""
    requirement = adding.requirement
    for old in there:
        if _identity(old) == _identity(requirement):
            requirement.extras |= old.extras
            if not requirement.specifier and requirement.url is None:
                requirement.specifier = old.specifier
                # What comes from a path now has no address besides.
                requirement.url = old.url if adding.source is None else None
    return requirement


def _bounds(locking: Locking) -> dict[NormalizedName, str]:
    """Give lower bounds for what comes from indexes: from elsewhere the version is as it is."""
    packages = locking.document["packages"]
    elsewhere = {one["name"] for one in packages if "vcs" in one or "archive" in one}
    lowest: dict[NormalizedName, Version] = {}
    for one in packages:
        if "version" in one and one["name"] not in elsewhere:
            version = Version(one["version"])
            lowest[one["name"]] = min(version, lowest.get(one["name"], version))
    return {name: f">={version.public}" for name, version in lowest.items()}


def remove(
    context: Context,
    names: Sequence[str],
    place: Place,
    options: Options,
    *,
    member: str | None = None,
) -> Changed:
    """Remove requirements and lock; nothing is written unless both are possible.

    A source in the same file that was for nothing else goes with the requirement.

    Args:
        context: where and how.
        names: distributions.
        place: the list they are in.
        options: how to choose.
        member: as for `add`.

    Raises:
        ProjectError: a name is not in the list, or the file has no [project].
        TrailError: what is left cannot be locked.
    """
    workspace, old = workspace_of(context), _project(context, member)
    path = old.path
    _check_place(old, place)
    options = _as_before(context, options)
    before = _read(path)
    text = before
    for name in names:
        changed = remove_requirement(text, path, place, name)
        if changed is None:
            raise not_listed(name, place, old, text, versions_in(_lock_there(context)))
        text = changed
    locking = _lock(context, options, workspace, text, path)
    pyproject = read_pyproject(text.encode(), path)
    locked = {package["name"] for package in locking.document["packages"]}
    for name in unneeded_sources(pyproject, workspace.changed(pyproject), names, locked):
        text = remove_source(text, path, name)
    # The same versions meet what is left: the sources that are gone were for none of them.
    locking = locking.of(_inputs(context, locking, workspace, text, path))
    _write(path, before, text, locking)
    return Changed(requirements=tuple(names), locking=locking)


def _as_before(context: Context, options: Options) -> Options:
    """Take over how the lock that is there was made."""
    path = workspace_of(context).root.path.with_name("pylock.toml")
    last = _lock_there(context)
    return options if last is None else options_of(last, options, path)


def _lock_there(context: Context) -> Pylock | None:
    path = workspace_of(context).root.path.with_name("pylock.toml")
    try:
        return read_pylock(path.read_bytes(), path)
    except OSError:  # none yet, or one that cannot be written either
        return None


def _project(context: Context, member: str | None) -> PyProject:
    """Find the project that is to be changed."""
    workspace = workspace_of(context)
    if member is not None:
        return workspace.named(canonicalize_name(member))
    here = context.project.here if context.project is not None else None
    return here or workspace.root


def _check_place(pyproject: PyProject, place: Place) -> None:
    """Refuse to write requirements beside those that another tool's tables or a build have."""
    missing = pyproject.name is None or pyproject.keeper != "project"
    if missing and place[0] == "project":
        raise ProjectError(
            f"`{pyproject.path}` has no [project], the table that trail writes requirements to",
            details=(("place", ".".join(place)),),
            hint="edit the table that has them by hand, then: trail lock",
        )
    keeper = pyproject.group_keepers.get(NormalizedName(canonicalize_name(place[-1])))
    if keeper is not None and place[0] == "dependency-groups":
        # Poetry reads it no more once there is a group of this name in [dependency-groups].
        raise ProjectError(
            f"`{pyproject.path}` has the group `{place[-1]}` in a table of Poetry, which trail"
            " does not write to",
            details=(("place", keeper),),
            hint="edit it by hand, then: trail lock",
        )


def _lock(
    context: Context, options: Options, workspace: Workspace, text: str, path: Path
) -> Locking:
    changed = workspace.changed(read_pyproject(text.encode(), path))
    return make_lock(context, options, workspace=changed)


def _inputs(
    context: Context, locking: Locking, workspace: Workspace, text: str, path: Path
) -> Mapping[str, Any]:
    """Write down what a lock is made from once the file has changed."""
    changed = workspace.changed(read_pyproject(text.encode(), path))
    return inputs_of(changed, locking.options, context.settings)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot read `{path}`: {error}") from error


def _write(path: Path, before: str, text: str, locking: Locking) -> None:
    """Write both files; the first is put back if the second cannot be written.

    Who is killed in between has the requirement without its lock: the next command that locks
    makes the same one.
    """
    try:
        write_atomic(path, text.encode())
    except OSError as error:
        raise ProjectError(f"cannot write `{path}`: {error.strerror or error}") from error
    try:
        locking.write()
    except BaseException:
        write_atomic(path, before.encode())
        raise
