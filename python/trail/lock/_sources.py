"""Packages of a lock that must be built, as trail's own values (PEP 751)."""

from __future__ import annotations

import os
import re
from dataclasses import replace  # of packaging, whose values are those of the standard library
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import PackageSdist, PackageVcs, PackageWheel
from packaging.utils import canonicalize_name

from trail.errors import LockError
from trail.lock.choice import local_path, strong_hashes
from trail.model import NormalizedName, SourceKind, SourcePackage

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageArchive, PackageDirectory, Pylock

    from trail.model import Names

__all__ = ["required_names", "source_archive", "source_tree", "without_wheels"]

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"


def without_wheels(pylock: Pylock, path: Path, names: Names) -> Pylock:
    """Leave the wheels of packages out, so that their source distributions are chosen.

    What the lock has by its address alone stays, wheel or not.

    Args:
        pylock: the lock.
        path: its file.
        names: the packages.

    Raises:
        LockError: there is no source distribution of one.
    """

    def strip(package: Package) -> Package:
        if package.name not in names or not package.wheels:
            return package
        if package.sdist is None:
            raise LockError(
                f"`{path}` names no source of `{package.name}`, whose wheels may not be used",
                details=(("version", str(package.version)),),
                hint=f"trail lock --no-binary-package {package.name}",
            )
        return replace(package, wheels=None)

    return replace(pylock, packages=[strip(package) for package in pylock.packages])


def source_archive(
    package: Package, source: PackageSdist | PackageArchive, path: Path
) -> SourcePackage:
    """Read a source distribution or another archive.

    Args:
        package: what it belongs to.
        source: the archive.
        path: the lock.

    Raises:
        LockError: it has no strong hash, or no usable address.
    """
    wheel_like = PackageWheel(url=source.url, path=source.path, hashes=source.hashes)
    filename = source.filename if isinstance(source, PackageSdist) else wheel_like.filename
    subject = f"`{filename}` in `{path}`"
    local = Path(os.path.normpath(path.parent / source.path)) if source.path else None
    if local is None:
        local = local_path(source.url or "", subject)
    if source.size is not None and source.size < 0:
        raise LockError(f"{subject} has a negative size", details=(("size", str(source.size)),))
    is_sdist = isinstance(source, PackageSdist)
    return SourcePackage(
        name=NormalizedName(package.name),
        kind=SourceKind.SDIST if is_sdist else SourceKind.ARCHIVE,
        version=str(package.version) if package.version else None,
        filename=filename,
        hashes=strong_hashes(source.hashes.items(), subject),
        size=source.size,
        url=None if local else source.url,
        path=local,
        index=package.index,
        subdirectory="" if isinstance(source, PackageSdist) else _inner(source.subdirectory, path),
        requires=required_names(package),
    )


def source_tree(
    package: Package, source: PackageVcs | PackageDirectory, path: Path
) -> SourcePackage:
    """Read a folder or a repository.

    Args:
        package: what it belongs to.
        source: the folder or repository.
        path: the lock.

    Raises:
        LockError: the commit is not a whole commit id, or the subdirectory lies outside.
    """
    local = Path(os.path.normpath(path.parent / source.path)) if source.path else None
    if isinstance(source, PackageVcs):
        if not re.fullmatch(_COMMIT, source.commit_id):
            raise LockError(
                f"`{path}` does not say which commit `{package.name}` is",
                details=(("expected", "a whole commit id"), ("actual", source.commit_id)),
            )
        return SourcePackage(
            name=NormalizedName(package.name),
            kind=SourceKind.VCS,
            version=str(package.version) if package.version else None,
            url=local.as_uri() if local else source.url,
            commit=source.commit_id,
            subdirectory=_inner(source.subdirectory, path),
            requires=required_names(package),
        )
    return SourcePackage(
        name=NormalizedName(package.name),
        kind=SourceKind.DIRECTORY,
        path=local,
        subdirectory=_inner(source.subdirectory, path),
        editable=bool(source.editable),
        requires=required_names(package),
    )


def _inner(subdirectory: str | None, path: Path) -> str:
    inner = (subdirectory or "").strip("/")
    if not inner:
        return ""
    from trail.wheel.names import is_safe_name  # noqa: PLC0415  # few sources have one

    if not is_safe_name(inner):
        raise LockError(
            f"`{path}` names a subdirectory outside of its source",
            details=(("subdirectory", subdirectory or ""),),
        )
    return inner


def required_names(package: Package) -> tuple[NormalizedName, ...]:
    """Name what a package of a lock depends on."""
    # Informational by PEP 751, so an entry without a name is no fault.
    names = [dependency.get("name") for dependency in package.dependencies or ()]
    return tuple(
        dict.fromkeys(
            NormalizedName(canonicalize_name(name)) for name in names if isinstance(name, str)
        )
    )
