"""From what the resolver found to a `pylock.toml`, and whether one still meets its inputs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urldefrag

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from trail.addresses import without_users
from trail.commands.dynamic import state_of_build
from trail.commands.wants import describe_sources, requirements_by_part
from trail.errors import LockError
from trail.files import hash_file
from trail.lock.choice import strong_hashes
from trail.moments import spell_moment
from trail.project.workspace import relative
from trail.resolve.model import Options, Prerelease, Strategy
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from trail.model import NormalizedName
    from trail.project.pyproject import PyProject
    from trail.project.workspace import Workspace
    from trail.resolve.model import Locked, LockedDependency, LockedPackage
    from trail.resolve.source import Direct, File
    from trail.settings import Settings

__all__ = ["changes", "inputs_of", "options_of", "to_pylock", "with_inputs"]

_TOOL = "trail"
_INPUTS = "inputs"
# How versions were chosen: in the lock, among the options, and how it is read.
_CHOICES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("strategy", "strategy", Strategy),
    ("prerelease", "prerelease", Prerelease),
    ("exclude-newer", "cutoff", spell_moment),
)


def inputs_of(
    workspace: Workspace, options: Options, settings: Settings
) -> dict[str, list[str] | str]:
    """Write down what a lock is made from, to be kept in it.

    Args:
        workspace: the projects.
        options: how to choose, the settings among them; those that are not the default ones.
        settings: of the project, for what else they say.
    """
    defaults = {"strategy": "highest", "prerelease": "if-necessary"}
    inputs: dict[str, list[str] | str] = {
        "requires-python": str(workspace.root.requires_python or ""),
        "platforms": sorted(settings.platforms),
        "environments": sorted(settings.environments),
        "strategy": str(options.strategy),
        "prerelease": str(options.prerelease),
        "exclude-newer": options.cutoff,
        "exclude-newer-package": sorted(
            f"{name} {text or 'any'}" for name, text in options.cutoffs.items()
        ),
        "constraints": _texts(root.requirement for root in options.constraints),
        "overrides": _texts(root.requirement for root in options.overrides),
        "sources": describe_sources(workspace, settings.index.named),
        **_requirements(workspace.root),
    }
    for member in workspace.members:
        place = relative(member.folder, workspace.root.folder)
        inputs[f"member {member.name}"] = place if member.package else f"{place}, no package"
        pythons = str(member.requires_python or "")
        found = {"requires-python": pythons, **_requirements(member)}
        inputs |= {f"{member.name}: {key}": value for key, value in found.items()}
    inputs |= _versions(workspace)
    # A group may be empty and yet be one; everything else that is empty says nothing.
    return {
        key: value
        for key, value in inputs.items()
        if (value or _is_part(key)) and value != defaults.get(key)
    }


def _versions(workspace: Workspace) -> dict[str, str]:
    """Give the versions of the members that others do not take in any version."""
    wanted = {
        canonicalize_name(requirement.name)
        for one in (workspace.root, *workspace.members)
        for _, requirement, _ in requirements_by_part(one)
        if requirement.specifier
    }
    return {
        f"{one.name}: version": one.version or ""
        for one in (workspace.projects if workspace.members else ())
        if one.name in wanted
    }


def _requirements(pyproject: PyProject) -> dict[str, list[str] | str]:
    found: dict[str, list[str] | str] = {
        "dependencies": _texts(pyproject.dependencies),
        "build": state_of_build(pyproject) or "",
    }
    for kind, tables in (("extra", pyproject.extras), ("group", pyproject.groups)):
        for name, requirements in tables.items():
            found[f"{kind} {name}"] = _texts(requirements)
    return found


def _texts(requirements: Iterable[Requirement]) -> list[str]:
    return sorted(without_users(str(requirement)) for requirement in requirements)


def _is_part(key: str) -> bool:
    return key.rpartition(": ")[2].startswith(("extra ", "group "))


def changes(lock: Pylock, inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Say what is not as it was when a lock was made.

    Args:
        lock: the lock.
        inputs: what it would be made from now.

    Returns:
        A line for each change; None if trail did not write the lock, so that nobody can tell.
    """
    before = _inputs(lock)
    return None if before is None else tuple(_changes(before, inputs))


def options_of(lock: Pylock, options: Options, path: Path) -> Options:
    """Read back how a lock was made, to make it again in the same way.

    Args:
        lock: one that trail wrote; others say nothing.
        options: the rest of the options.
        path: the lock, for messages.

    Raises:
        LockError: what the lock says of it makes no sense.
    """
    inputs = _inputs(lock) or {}
    found: dict[str, Any] = {}
    for key, field, read in _CHOICES:
        if key in inputs:
            try:
                found[field] = read(inputs[key])
            except (ValueError, AttributeError, TypeError) as error:
                raise LockError(
                    f"`{path}` is not as trail wrote it",
                    details=(("place", f"tool.trail.inputs.{key}"), ("actual", str(inputs[key]))),
                    hint="trail lock",
                ) from error
    return replace(options, **found)


def _inputs(lock: Pylock) -> dict[str, Any] | None:
    table = (lock.tool or {}).get(_TOOL)
    inputs = table.get(_INPUTS) if isinstance(table, dict) else None
    return inputs if isinstance(inputs, dict) else None


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old or [], list) and isinstance(new or [], list):
            was, now_is = set(map(str, old or [])), set(map(str, new or []))
            for item in sorted(now_is - was):
                yield f"{key}: `{item}` is new"
            for item in sorted(was - now_is):
                yield f"{key}: `{item}` is gone"
            if not old and not new:  # an empty extra or group came or went
                yield f"{key} is {'gone' if new is None else 'new'}"
        else:
            yield f"{key}: `{old or 'default'}` became `{new or 'default'}`"


def to_pylock(  # noqa: PLR0913  # what was found, and what is written down with it
    locked: Locked,
    *,
    requires_python: SpecifierSet | None,
    inputs: Mapping[str, Any],
    default_groups: Sequence[NormalizedName] = (),
    folder: Path | None = None,
    commits: Mapping[str, str] | None = None,
) -> Pylock:
    """Make the lock.

    Args:
        locked: what the resolver found.
        requires_python: of the project.
        inputs: as `inputs_of` gives them.
        default_groups: the groups that are on where nothing is chosen; they are named nowhere
            else (PEP 751).
        folder: of the lock, for relative paths; None leaves paths as they are.
        commits: which commit each address of a repository stands for.

    Raises:
        LockError: a package comes from where a lock cannot name it, or without a hash.
    """
    return Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(marker) for marker in locked.environments] or None,
        requires_python=requires_python,
        extras=list(locked.extras) or None,
        dependency_groups=[name for name in locked.groups if name not in default_groups] or None,
        default_groups=list(default_groups) or None,
        created_by="trail",
        packages=[
            _package(package, folder, commits or {})
            for package in _with_edges(locked.packages)
            if package.direct is None or not package.direct.virtual
        ],
        tool={_TOOL: {_INPUTS: dict(inputs)}},
    )


def with_inputs(pylock: Pylock, inputs: Mapping[str, Any]) -> Pylock:
    """Give a lock with other inputs, as `inputs_of` gives them."""
    # A value of packaging, so one of the standard library's.
    return dataclasses.replace(pylock, tool={_TOOL: {_INPUTS: dict(inputs)}})


def _with_edges(packages: Sequence[LockedPackage]) -> Iterator[LockedPackage]:
    """Put what a package without contents requires in the place of itself."""
    virtual = {
        package.name: package.dependencies
        for package in packages
        if package.direct is not None and package.direct.virtual
    }
    for package in packages:
        found: dict[LockedDependency, None] = {}
        queue = list(package.dependencies)
        seen: set[NormalizedName] = set()
        while queue:
            one = queue.pop(0)
            if one.name not in virtual:
                found[one] = None
            elif one.name not in seen:
                seen.add(one.name)
                queue += virtual[one.name]
        order = sorted(found, key=lambda one: (one.name, one.version or ""))
        yield replace(package, dependencies=tuple(order)) if seen else package


def _package(package: LockedPackage, folder: Path | None, commits: Mapping[str, str]) -> Package:
    marker = Marker(package.marker) if package.marker else None
    dependencies = [
        {"name": dependency.name} | ({"version": dependency.version} if dependency.version else {})
        for dependency in package.dependencies
    ]
    unique = [item for place, item in enumerate(dependencies) if item not in dependencies[:place]]
    requires = SpecifierSet(package.requires_python) if package.requires_python else None
    if package.direct is not None:
        vcs = _vcs(package.direct.url, commits)
        directory = None if package.files or vcs else _directory(package.direct, folder)
        return Package(
            name=package.name,
            # The version of a folder changes with its files (PEP 751).
            version=None if directory is not None else package.version,
            marker=marker,
            requires_python=requires,
            dependencies=unique or None,
            vcs=vcs,
            directory=directory,
            archive=_archive(package.files[0], package.direct, folder) if package.files else None,
        )
    wheels = [PackageWheel(**_fields(file, folder)) for file in package.files if file.is_wheel]
    sources = [file for file in package.files if not file.is_wheel]
    return Package(
        name=package.name,
        version=package.version,
        marker=marker,
        requires_python=requires,
        dependencies=unique or None,
        index=package.index,
        sdist=PackageSdist(**_fields(sources[0], folder)) if sources else None,
        wheels=wheels or None,
    )


def _vcs(url: str, commits: Mapping[str, str]) -> PackageVcs | None:
    if not url.startswith("git+"):
        return None
    from trail.build.checkout import parse_reference  # noqa: PLC0415  # starts programs

    reference = parse_reference(url)
    return PackageVcs(
        type="git",
        url=without_users(reference.url),
        requested_revision=reference.revision,
        commit_id=commits[url],
        subdirectory=reference.subdirectory or None,
    )


def _directory(direct: Direct, folder: Path | None) -> PackageDirectory:
    from trail.index.links import local_path  # noqa: PLC0415  # few locks name a folder

    address, fragment = urldefrag(direct.url)
    path = local_path(address)
    if path is None:
        raise LockError(f"`{direct.url}` is neither archive, folder nor repository")
    return PackageDirectory(
        path=_shown(path, folder),
        editable=direct.editable or None,
        subdirectory=dict(parse_qsl(fragment)).get("subdirectory"),
    )


def _shown(path: Path, folder: Path | None) -> str:
    """Spell a path as it is from the lock's folder: the project may lie elsewhere tomorrow."""
    if folder is not None:
        with contextlib.suppress(ValueError):  # another drive
            return Path(os.path.relpath(path, folder)).as_posix()
    return path.as_posix()


def _archive(file: File, direct: Direct, folder: Path | None) -> PackageArchive:
    fields = _fields(file, folder)
    del fields["name"]  # of an archive it is the end of its address
    fragment = dict(parse_qsl(urldefrag(direct.url).fragment))
    return PackageArchive(
        **fields, subdirectory=None if file.is_wheel else fragment.get("subdirectory")
    )


def _fields(file: File, folder: Path | None) -> dict[str, Any]:
    """What a lock says of a file, wheel or source."""
    return {
        "name": file.filename,
        "upload_time": file.upload_time,
        "url": file.url,
        "path": None if file.path is None else _shown(Path(file.path), folder),
        "size": file.size,
        "hashes": dict(_hashes(file)),
    }


def _hashes(file: File) -> tuple[tuple[str, str], ...]:
    hashes = file.hashes
    if file.path is not None and not hashes:
        try:
            hashes = (("sha256", hash_file(Path(file.path))),)
        except OSError as error:
            raise LockError(f"cannot read `{file.path}`: {error.strerror or error}") from error
    return strong_hashes(hashes, f"`{file.filename}`")
