"""A lock that was made, beside the one that is there: what differs, and putting it in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.version import Version

from trail.commands.lockfile import tool_table
from trail.errors import LockError
from trail.files import write_atomic
from trail.lock.write import dump_pylock
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.pylock import Package, Pylock

    from trail.model import NormalizedName
    from trail.resolve.model import Options

__all__ = ["Locking", "versions_in"]

_SHORT = 9  # digits of a commit id


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """A lock that was made, and how it differs from the one before.

    Args:
        path: where it belongs.
        document: its contents, as `trail.lock.write.dump_pylock` takes them.
        options: how it was made.
        data: its bytes.
        before: the bytes that are there, or None.
        last: the lock that is there, or None.
        targets: the names of the targets that are covered.
        complete: whether these are all that were wanted.
    """

    path: Path
    document: Mapping[str, Any]
    options: Options
    data: bytes
    before: bytes | None = None
    last: Pylock | None = None
    targets: tuple[str, ...] = ()
    complete: bool = True

    @property
    def count(self) -> int:
        """How many packages it has."""
        return len(self.document["packages"])

    @property
    def changed(self) -> bool:
        """Whether the bytes differ."""
        return self.data != self.before

    def of(self, inputs: Mapping[str, Any]) -> Locking:
        """Give the same lock for other inputs, which it meets as well."""
        document = {**self.document, "tool": tool_table(inputs)}
        return replace(self, document=document, data=dump_pylock(document))

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
        packages = self.last.packages if self.last is not None else []
        now = _shown(map(_told, self.document["packages"]))
        before = _shown(map(_locked, packages))
        for name in sorted({*now, *before}):
            new, old = now.get(name), before.get(name)
            if new == old:
                continue
            if old is None:
                yield f"+ {name} {new}"
            elif new is None:
                yield f"- {name} {old}"
            else:
                yield f"~ {name} {old} -> {new}"


def versions_in(pylock: Pylock | None) -> dict[NormalizedName, tuple[Version, ...]]:
    """List the versions of each package of a lock, the newest first; folders have none.

    Args:
        pylock: the lock; None for none.
    """
    found: dict[NormalizedName, set[Version]] = {}
    for package in pylock.packages if pylock is not None else ():
        if package.version is not None:
            found.setdefault(package.name, set()).add(package.version)
    return {name: tuple(sorted(versions, reverse=True)) for name, versions in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is told of a package of a lock; fields as in the lock."""

    name: str
    version: str
    commit: str
    folder: str | None

    @property
    def text(self) -> str:
        """Say which one it is."""
        if self.folder is not None:  # its version changes with its files (PEP 751)
            return f"({self.folder})"
        commit = f"({self.commit[:_SHORT]})" if self.commit else ""
        return " ".join(filter(None, (self.version, commit)))


def _told(package: Mapping[str, Any]) -> _Told:
    """Take it from the contents of a lock."""
    return _Told(
        name=package["name"],
        version=package.get("version", ""),
        commit=package.get("vcs", {}).get("commit-id", ""),
        folder=package.get("directory", {}).get("path"),
    )


def _locked(package: Package) -> _Told:
    """Take it from a lock that was read."""
    return _Told(
        name=package.name,
        version=str(package.version or ""),
        commit=package.vcs.commit_id if package.vcs is not None else "",
        folder=package.directory.path if package.directory is not None else None,
    )


def _shown(packages: Iterable[_Told]) -> dict[str, str]:
    """Give what is told of each package: versions, newest first, or where its folder is."""
    found: dict[str, dict[str, None]] = {}
    for one in sorted(packages, key=lambda one: Version(one.version or "0"), reverse=True):
        found.setdefault(one.name, {})[one.text] = None
    return {name: ", ".join(texts) for name, texts in found.items()}
