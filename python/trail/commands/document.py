"""From what the resolver found to the contents of a `pylock.toml` (PEP 751).

They are plain values under the keys of the standard, as TOML has them: to write a lock needs
no `packaging.pylock`, whose import takes 4 % of a warm `trail lock`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urldefrag

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from trail.addresses import without_users
from trail.commands.lockfile import tool_table
from trail.errors import LockError
from trail.files import hash_file
from trail.lock.choice import strong_hashes
from trail.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trail.model import NormalizedName
    from trail.resolve.model import Locked, LockedDependency, LockedPackage
    from trail.resolve.source import Direct, File

__all__ = ["to_document"]


def to_document(  # noqa: PLR0913  # what was found, and what is written down with it
    locked: Locked,
    *,
    requires_python: SpecifierSet | None,
    inputs: Mapping[str, Any],
    default_groups: Sequence[NormalizedName] = (),
    folder: Path | None = None,
    commits: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make the contents of the lock.

    Args:
        locked: what the resolver found.
        requires_python: of the project.
        inputs: as `inputs_of` gives them.
        default_groups: the groups that are on where nothing is chosen; they are named nowhere
            else (PEP 751).
        folder: of the lock, for relative paths; None leaves paths as they are.
        commits: which commit each address of a repository stands for.

    Returns:
        What `trail.lock.write.dump_pylock` takes.

    Raises:
        LockError: a package comes from where a lock cannot name it, or without a hash.
    """
    groups = [name for name in locked.groups if name not in default_groups]
    return _known(
        {
            "lock-version": "1.0",
            "environments": [str(Marker(marker)) for marker in locked.environments] or None,
            "requires-python": None if requires_python is None else str(requires_python),
            "extras": list(locked.extras) or None,
            "dependency-groups": groups or None,
            "default-groups": list(default_groups) or None,
            "created-by": "trail",
            "packages": [
                _package(package, folder, commits or {})
                for package in _with_edges(locked.packages)
                if package.direct is None or not package.direct.virtual
            ],
            "tool": tool_table(inputs),
        }
    )


def _known(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not said."""
    return {key: value for key, value in table.items() if value is not None}


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


def _package(
    package: LockedPackage, folder: Path | None, commits: Mapping[str, str]
) -> dict[str, Any]:
    dependencies = [
        {"name": dependency.name} | ({"version": dependency.version} if dependency.version else {})
        for dependency in package.dependencies
    ]
    unique = [item for place, item in enumerate(dependencies) if item not in dependencies[:place]]
    requires = package.requires_python
    found: dict[str, Any] = {
        "name": package.name,
        "version": str(package.version),
        "marker": str(Marker(package.marker)) if package.marker else None,
        "requires-python": str(SpecifierSet(requires)) if requires else None,
        "dependencies": unique or None,
    }
    if package.direct is not None:
        vcs = _vcs(package.direct.url, commits)
        directory = None if package.files or vcs else _directory(package.direct, folder)
        if directory is not None:
            found["version"] = None  # of a folder it changes with its files (PEP 751)
        archive = _archive(package.files[0], package.direct, folder) if package.files else None
        return _known({**found, "vcs": vcs, "directory": directory, "archive": archive})
    wheels = [_fields(file, folder) for file in package.files if file.is_wheel]
    sources = [file for file in package.files if not file.is_wheel]
    sdist = _fields(sources[0], folder) if sources else None
    return _known({**found, "index": package.index, "sdist": sdist, "wheels": wheels or None})


def _vcs(url: str, commits: Mapping[str, str]) -> dict[str, Any] | None:
    if not url.startswith("git+"):
        return None
    from trail.build.checkout import parse_reference  # noqa: PLC0415  # starts programs

    reference = parse_reference(url)
    return _known(
        {
            "type": "git",
            "url": without_users(reference.url),
            "requested-revision": reference.revision,
            "commit-id": commits[url],
            "subdirectory": reference.subdirectory or None,
        }
    )


def _directory(direct: Direct, folder: Path | None) -> dict[str, Any]:
    from trail.index.links import local_path  # noqa: PLC0415  # few locks name a folder

    address, fragment = urldefrag(direct.url)
    path = local_path(address)
    if path is None:
        raise LockError(f"`{direct.url}` is neither archive, folder nor repository")
    return _known(
        {
            "path": _shown(path, folder),
            "editable": direct.editable or None,
            "subdirectory": dict(parse_qsl(fragment)).get("subdirectory"),
        }
    )


def _shown(path: Path, folder: Path | None) -> str:
    """Spell a path as it is from the lock's folder: the project may lie elsewhere tomorrow."""
    if folder is not None:
        with contextlib.suppress(ValueError):  # another drive
            return Path(os.path.relpath(path, folder)).as_posix()
    return path.as_posix()


def _archive(file: File, direct: Direct, folder: Path | None) -> dict[str, Any]:
    fields = _fields(file, folder)
    del fields["name"]  # of an archive it is the end of its address
    fragment = dict(parse_qsl(urldefrag(direct.url).fragment))
    subdirectory = None if file.is_wheel else fragment.get("subdirectory")
    return _known({**fields, "subdirectory": subdirectory})


def _fields(file: File, folder: Path | None) -> dict[str, Any]:
    """What a lock says of a file, wheel or source."""
    return _known(
        {
            "name": file.filename,
            "upload-time": file.upload_time,
            "url": file.url,
            "path": None if file.path is None else _shown(Path(file.path), folder),
            "size": file.size,
            "hashes": dict(_hashes(file)),
        }
    )


def _hashes(file: File) -> tuple[tuple[str, str], ...]:
    hashes = file.hashes
    if file.path is not None and not hashes:
        try:
            hashes = (("sha256", hash_file(Path(file.path))),)
        except OSError as error:
            raise LockError(f"cannot read `{file.path}`: {error.strerror or error}") from error
    return strong_hashes(hashes, f"`{file.filename}`")
