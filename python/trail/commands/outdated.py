"""`trail outdated`: which packages of the lock have newer releases, or should not be used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from trail.commands.lock import read_lock, workspace_of
from trail.commands.options import with_settings
from trail.index.client import IndexClient
from trail.resolve.model import Options, Prerelease
from trail.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from packaging.pylock import Package

    from trail.commands.context import Context
    from trail.index.page import ProjectPage

__all__ = ["Outdated", "outdated"]

_LOOKUPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A package that has a newer release, or of which its index warns.

    Args:
        name: the distribution.
        locked: the version in the lock.
        newest: the newest release that `exclude-newer` leaves; pre-releases count where one is
            locked, or the project allows them.
        status: `archived`, `deprecated` or `quarantined` (PEP 792), `yanked` if the locked
            version was, `missing` if the index has the project no more; else `active`.
        reason: for the status, where one is given.
    """

    name: str
    locked: str
    newest: str
    status: str = "active"
    reason: str | None = None


def outdated(context: Context) -> tuple[Outdated, ...]:
    """Compare the lock with the indexes.

    Args:
        context: where and how.

    Raises:
        LockError: there is no lock.
        FetchError: an index cannot be reached.
    """
    pylock = read_lock(workspace_of(context))
    packages = [package for package in pylock.packages if package.version and package.index]
    with (
        IndexClient(
            context.settings.index,
            cache=context.depots().receiver.layout.index,
            engine=context.settings.engine,
            offline=context.settings.offline,
            reporter=context.reporter,
        ) as client,
        ThreadPoolExecutor(_LOOKUPS, "look-up") as pool,
    ):
        pages = pool.map(lambda package: client.page(package.name, package.index), packages)
        options = with_settings(Options(), context.settings)
        return tuple(_compare(zip(packages, pages, strict=True), options))


def _compare(
    pairs: Iterable[tuple[Package, ProjectPage | None]], options: Options
) -> Iterable[Outdated]:
    for package, page in pairs:
        locked = package.version
        if locked is None:
            continue
        status, reason = _status(page, str(locked))
        early = locked.is_prerelease or options.prerelease is Prerelease.ALLOW
        cutoff = options.limit(package.name)
        releases = _releases(page, cutoff, prereleases=early) if page is not None else ()
        newest = max(releases, default=locked)
        if newest > locked or status != "active":
            yield Outdated(
                name=package.name,
                locked=str(locked),
                newest=str(newest),
                status=status,
                reason=reason,
            )


def _status(page: ProjectPage | None, locked: str) -> tuple[str, str | None]:
    if page is None:
        return "missing", None
    files = page.of(locked)
    if page.status == "active" and files and all(file.yanked is not None for file in files):
        return "yanked", next((file.yanked for file in files if file.yanked), None)
    return page.status, page.reason


def _releases(
    page: ProjectPage, cutoff: datetime | None, *, prereleases: bool
) -> Iterable[Version]:
    """The versions of which not every file was yanked, or uploaded too late."""
    for text in page.releases:
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        if version.is_prerelease and not prereleases:
            continue
        files = [file for file in page.of(text) if file.yanked is None]
        if any(cutoff is None or (one.upload_time or cutoff) < cutoff for one in files):
            yield version
