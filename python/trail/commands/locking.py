"""A lock that was made, beside the one that is there: what differs, and putting it in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.version import Version

from trail.commands.lockfile import with_inputs
from trail.errors import LockError
from trail.files import write_atomic
from trail.lock.write import dump_pylock
from trail.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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
        pylock: the lock.
        options: how it was made.
        data: its bytes.
        before: the bytes that are there, or None.
        last: the lock that is there, or None.
        targets: the names of the targets that are covered.
        complete: whether these are all that were wanted.
    """

    path: Path
    pylock: Pylock
    options: Options
    data: bytes
    before: bytes | None = None
    last: Pylock | None = None
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
        now, before = _shown(self.pylock), _shown(self.last)
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


def _shown(pylock: Pylock | None) -> dict[NormalizedName, str]:
    """Give what is told of each package: versions, newest first, or where its folder is."""
    found: dict[NormalizedName, dict[str, None]] = {}
    packages = pylock.packages if pylock is not None else []
    for package in sorted(packages, key=lambda one: one.version or Version("0"), reverse=True):
        found.setdefault(package.name, {})[_text(package)] = None
    return {name: ", ".join(texts) for name, texts in found.items()}


def _text(package: Package) -> str:
    if package.directory is not None:  # its version changes with its files (PEP 751)
        return f"({package.directory.path})"
    commit = f"({package.vcs.commit_id[:_SHORT]})" if package.vcs is not None else ""
    return " ".join(filter(None, (str(package.version or ""), commit)))
