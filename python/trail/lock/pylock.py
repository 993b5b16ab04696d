"""`pylock.toml`: read it, and choose what it names for one target (PEP 751).

`packaging.pylock` validates and selects; this module says clearly, and before it, why a
lock cannot be used for a target, and turns what was chosen into trail's own values.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
    is_valid_pylock_path,
)
from packaging.tags import create_compatible_tags_selector
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from trail.errors import LockError
from trail.lock._sources import required_names, source_archive, source_tree, without_wheels
from trail.lock.choice import accepted_tags, local_path, strong_hashes, target_name
from trail.model import NO_NAMES, Names, NormalizedName, Selection, SourcePackage, WheelFile
from trail.toml import parse_toml
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from packaging.markers import Environment
    from packaging.tags import Tag

__all__ = ["read_pylock", "select"]

_MARK = b"<<<<<<<"
_CONFLICT = rb"^<{7}(?: |\r?$)"


@lru_cache(maxsize=2)  # asked whether it meets the project, then what it selects
def read_pylock(data: bytes, path: Path) -> Pylock:
    """Read and validate a lock.

    Args:
        data: the file's bytes.
        path: the file; its name must be `pylock.toml` or `pylock.NAME.toml`.

    Raises:
        LockError: the name is another, or the bytes are not TOML, not a lock, or a lock of a
            version that this trail does not know.
    """
    if not is_valid_pylock_path(path):
        raise LockError(
            f"`{path}` is not named as a lock",
            details=(("expected", "pylock.toml or pylock.NAME.toml"),),
        )
    _check_merged(data, path)
    document = parse_toml(data, path, LockError)
    _check_version(document.get("lock-version"), path)
    try:
        return Pylock.from_dict(document)
    except PylockValidationError as error:
        place = (("place", error.context),) if error.context else ()
        problem = error.message[:1].lower() + error.message[1:]
        raise LockError(
            f"`{path}` is not a valid lock", details=(*place, ("problem", problem))
        ) from error


def select(  # noqa: PLR0913  # the lock, the target and the parts that are wanted
    pylock: Pylock,
    path: Path,
    *,
    environment: Mapping[str, str],
    tags: Sequence[Tag],
    extras: Collection[str] = (),
    groups: Collection[str] | None = None,
    sources_only: Names = NO_NAMES,
) -> Selection:
    """Choose what a lock names for one target; nothing is fetched.

    Args:
        pylock: the lock.
        path: its file, absolute: relative paths in the lock start at its folder.
        environment: the target's marker values (PEP 508).
        tags: the wheels that the target accepts, best first.
        extras: the project's extras that are wanted.
        groups: the dependency groups that are wanted; None means the lock's default ones.
        sources_only: packages whose wheels are not used.

    Returns:
        The wheels, and what must be built, each in the lock's order; `pinned` is empty, as a
        lock has an address or a path for everything.

    Raises:
        LockError: an extra or a group is not in the lock, the lock does not cover the target,
            or it has nothing for it.
    """
    if sources_only:
        pylock = without_wheels(pylock, path, sources_only)
    wanted = _Wanted(
        path=path,
        environment=environment,
        tags=tags,
        extras=frozenset(_known(extras, pylock.extras or (), "extra", path)),
        groups=frozenset(
            pylock.default_groups or ()
            if groups is None
            else _known(
                groups,
                (*(pylock.dependency_groups or ()), *(pylock.default_groups or ())),
                "dependency group",
                path,
            )
        ),
    )
    _check_python(pylock, wanted)
    _check_environments(pylock, wanted)
    active = _active(pylock, wanted)
    _check_packages(active, wanted)
    _check_fit(active, wanted)
    try:
        chosen = list(
            pylock.select(
                environment=cast("Environment", dict(environment)),
                tags=tags,
                extras=wanted.extras,
                dependency_groups=wanted.groups,
            )
        )
    except PylockSelectError as error:  # the checks above were meant to say it better
        raise LockError(
            f"`{path}` cannot be used for this target", details=(("problem", str(error)),)
        ) from error
    wheels: list[WheelFile] = []
    sources: list[SourcePackage] = []
    for package, source in chosen:
        if isinstance(source, PackageWheel):
            wheels.append(_wheel_file(package, source, path))
        elif isinstance(source, PackageArchive) and _wheel_names(package):
            wheels.append(_wheel_file(package, None, path))
        elif isinstance(source, PackageSdist | PackageArchive):
            sources.append(source_archive(package, source, path))
        else:
            sources.append(source_tree(package, source, path))
    others = {package.name for package in pylock.packages}.difference(
        package.name for package, _ in chosen
    )
    return Selection(wheels=tuple(wheels), sources=tuple(sources), withheld=tuple(sorted(others)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The target and the parts of the lock that are wanted."""

    path: Path
    environment: Mapping[str, str]
    tags: Sequence[Tag]
    extras: frozenset[str]
    groups: frozenset[str]

    @property
    def python(self) -> str:
        """The target's version; PEP 440 has no bare `+` of an untagged build (3.13.0+)."""
        version = self.environment["python_full_version"]
        return f"{version}local" if version.endswith("+") else version

    @property
    def target(self) -> tuple[str, str]:
        """A detail line."""
        return ("target", target_name(self.environment))


def _check_merged(data: bytes, path: Path) -> None:
    """Refuse what a version control system could not merge."""
    conflict = re.search(_CONFLICT, data, re.MULTILINE) if _MARK in data else None
    if conflict is not None:
        line = data.count(b"\n", 0, conflict.start()) + 1
        raise LockError(
            f"`{path}` has the conflict markers of a merge",
            details=(("place", f"line {line}"),),
            hint=f"git checkout --ours {path.name} && trail lock",
        )


def _check_version(version: object, path: Path) -> None:
    """Refuse a lock of another major version before its contents seem to be wrong."""
    if not isinstance(version, str):
        return  # missing or no text: the validation says so
    try:
        known = Version(version).major == 1
    except InvalidVersion:
        return
    if not known:
        raise LockError(
            f"`{path}` has a lock version that this trail does not know",
            details=(("expected", "1.0"), ("actual", version)),
            hint="use a newer trail, or lock with a tool that writes version 1.0",
        )


def _known(asked: Collection[str], there: Iterable[str], kind: str, path: Path) -> tuple[str, ...]:
    """Spell the asked names as the lock does; the standard compares them normalised."""
    spelled = {canonicalize_name(name): name for name in there}
    unknown = [name for name in asked if canonicalize_name(name) not in spelled]
    if unknown:
        known = ", ".join(spelled.values())
        raise LockError(
            f"`{path}` has no {kind} `{unknown[0]}`",
            details=(("known", known or "none"),),
        )
    return tuple(spelled[canonicalize_name(name)] for name in asked)


def _check_python(pylock: Pylock, wanted: _Wanted) -> None:
    if pylock.requires_python and not pylock.requires_python.contains(wanted.python):
        raise LockError(
            f"`{wanted.path}` is not for this Python",
            details=(("requires", str(pylock.requires_python)), wanted.target),
            hint=f"choose a Python that fits: `trail run -p '{pylock.requires_python}' …`",
        )


def _check_environments(pylock: Pylock, wanted: _Wanted) -> None:
    markers = pylock.environments or ()
    values = dict(wanted.environment)
    if markers and not any(marker.evaluate(values, context="requirement") for marker in markers):
        raise LockError(
            f"`{wanted.path}` does not cover this target",
            details=(wanted.target, *(("covers", str(marker)) for marker in markers)),
        )


def _active(pylock: Pylock, wanted: _Wanted) -> list[tuple[int, Package]]:
    """The packages whose markers hold, with their places in the lock."""
    values: dict[str, str | AbstractSet[str]] = {
        **wanted.environment,
        "extras": wanted.extras,
        "dependency_groups": wanted.groups,
    }
    return [
        (place, package)
        for place, package in enumerate(pylock.packages)
        if package.marker is None or package.marker.evaluate(values, context="lock_file")
    ]


def _check_packages(active: Iterable[tuple[int, Package]], wanted: _Wanted) -> None:
    seen: dict[str, int] = {}
    for place, package in active:
        if package.requires_python and not package.requires_python.contains(wanted.python):
            raise LockError(
                f"`{wanted.path}` names a package that is not for this Python",
                details=(
                    ("package", f"{_label(package)} at packages[{place}]"),
                    ("requires", str(package.requires_python)),
                    wanted.target,
                ),
            )
        if package.name in seen:
            raise LockError(
                f"`{wanted.path}` names `{package.name}` twice for this target",
                details=(
                    ("places", f"packages[{seen[package.name]}] and packages[{place}]"),
                    wanted.target,
                ),
            )
        seen[package.name] = place


def _check_fit(active: Iterable[tuple[int, Package]], wanted: _Wanted) -> None:
    """Name all packages for which the target gets no wheel, not only the first one."""
    selector = create_compatible_tags_selector(wanted.tags)
    misfits: list[tuple[str, str]] = []
    for _, package in active:
        if package.vcs and package.vcs.type != "git":
            raise LockError(
                f"`{wanted.path}` names a repository that trail cannot check out",
                details=((_label(package), package.vcs.type), ("expected", "git")),
            )
        if _has_source(package):
            continue
        names = _wheel_names(package)
        if any(True for _ in selector((name, parse_wheel_filename(name)[3]) for name in names)):
            continue
        found = sorted({"-".join(name[:-4].rsplit("-", 3)[1:]) for name in names})
        misfits.append((_label(package), ", ".join(found)))
    if misfits:
        raise LockError(
            f"`{wanted.path}` has no wheel that fits this target for "
            + ", ".join(f"`{label}`" for label, _ in misfits),
            details=(
                *misfits,
                wanted.target,
                ("accepts", accepted_tags(wanted.tags)),
            ),
        )


def _wheel_names(package: Package) -> list[str]:
    if package.wheels:
        return [wheel.filename for wheel in package.wheels]
    archive = _archive_name(package)
    if not archive.endswith(".whl"):
        return []
    try:
        parse_wheel_filename(archive)
    except InvalidWheelFilename:
        return []
    return [archive]


def _archive_name(package: Package) -> str:
    """Name a direct archive; PEP 751 allows that it is a wheel."""
    archive = package.archive
    if archive is None or archive.subdirectory:
        return ""
    return PackageWheel(url=archive.url, path=archive.path, hashes=archive.hashes).filename


def _has_source(package: Package) -> bool:
    """Whether there is something to build a wheel from."""
    if package.archive:
        return not _wheel_names(package)
    return bool(package.vcs or package.directory or package.sdist)


def _wheel_file(package: Package, wheel: PackageWheel | None, path: Path) -> WheelFile:
    # What is not a wheel did not pass _check_fit, so the rest are archives that are wheels.
    source = wheel or package.archive
    assert source is not None  # noqa: S101  # see above
    filename = wheel.filename if wheel else _archive_name(package)
    subject = f"`{filename}` in `{path}`"
    local = Path(os.path.normpath(path.parent / source.path)) if source.path else None
    if local is None:
        local = local_path(source.url or "", subject)
    if source.size is not None and source.size < 0:
        raise LockError(f"{subject} has a negative size", details=(("size", str(source.size)),))
    name, version, _, _ = parse_wheel_filename(filename)
    if name != package.name:
        raise LockError(
            f"{subject} is another package", details=(("expected", package.name), ("actual", name))
        )
    return WheelFile(
        name=NormalizedName(name),
        version=str(version),
        filename=filename,
        hashes=strong_hashes(source.hashes.items(), subject),
        size=source.size,
        url=None if local else source.url,
        path=local,
        index=package.index,
        requires=required_names(package),
    )


def _label(package: Package) -> str:
    return f"{package.name} {package.version}" if package.version else package.name
