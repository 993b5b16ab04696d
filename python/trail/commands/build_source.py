"""Bring what is to be built: archives, checkouts and folders, as a folder each."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trail.addresses import without_users
from trail.build.archive import unpack_source
from trail.build.checkout import Git, parse_reference
from trail.commands.trees import as_file, digest_of
from trail.errors import BuildError
from trail.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trail.depot.store import Depot
    from trail.index.client import IndexClient
    from trail.model import SourcePackage

__all__ = ["Sources"]


class Sources:
    """Brings sources.

    Args:
        git: checks repositories out.
        client: fetches archives; stays open.
        depot: for unfinished work.
        max_unpacked: how many bytes an archive may unpack to.
    """

    def __init__(self, git: Git, client: IndexClient, depot: Depot, *, max_unpacked: int) -> None:
        self._git = git
        self._client = client
        self._depot = depot
        self._max_unpacked = max_unpacked
        self._kept: Mapping[tuple[str, str | None], str] = {}
        self.commits: dict[str, str] = {}
        """Which commit each address of a repository stands for, as far as that was asked."""

    def keep(self, commits: Mapping[tuple[str, str | None], str]) -> None:
        """Say which commits stay as they are.

        Args:
            commits: by the repository's address and the revision that was asked for.
        """
        self._kept = commits

    def commit_of(self, url: str) -> str:
        """Tell which commit an address of a repository stands for.

        Args:
            url: as in a requirement, `git+…`.

        Raises:
            BuildError: it is no such address.
            FetchError: the repository cannot be reached.
        """
        if url not in self.commits:
            reference = parse_reference(url)
            kept = self._kept.get((without_users(reference.url), reference.revision))
            self.commits[url] = kept or self._git.commit_of(reference.url, reference.revision)
        return self.commits[url]

    def digest(self, source: SourcePackage) -> str:
        """Say what a source is, as in `trail.commands.trees.digest_of`.

        Raises:
            FetchError: an archive without a hash cannot be fetched.
        """
        known = digest_of(source)
        if known is not None:
            return known
        # Nobody says what it is: it must be looked at.
        with self._depot.staging() as staging:
            archive = self._client.download(as_file(source), staging)
            return f"sha256 {archive.sha256} {source.subdirectory}"

    def tree(self, source: SourcePackage, staging: Path) -> Path:
        """Give the folder of the sources.

        Args:
            source: what is wanted.
            staging: a folder for it, if it does not lie in one already.

        Raises:
            BuildError: it has no such folder, or cannot be unpacked.
            TrailError: it cannot be brought.
        """
        tree = self._top(source, staging)
        inner = tree / source.subdirectory
        if not inner.is_dir():
            raise BuildError(
                f"cannot build `{source.label}`: there is no such folder",
                details=(("folder", source.subdirectory or str(tree)),),
            )
        # Also not by a link in it: a requirement of a stranger may name it.
        if not inner.resolve().is_relative_to(tree.resolve()):
            raise BuildError(
                f"cannot build `{source.label}`: its folder lies outside of its source",
                details=(("folder", source.subdirectory),),
            )
        return inner

    @contextmanager
    def looked_at(self, source: SourcePackage) -> Iterator[tuple[Path, Path]]:
        """Give the folder of a source while it is looked at: all of it, and what is wanted.

        Args:
            source: what is wanted.

        Raises:
            BuildError: it has no such folder, or cannot be unpacked.
            TrailError: it cannot be brought.
        """
        with self._depot.staging() as staging:
            inner = self.tree(source, staging)
            yield staging / "source", inner

    def _top(self, source: SourcePackage, staging: Path) -> Path:
        if source.kind is SourceKind.DIRECTORY:
            return source.path or Path()
        folder = staging / "source"
        folder.mkdir()
        if source.kind is SourceKind.VCS:
            url = self._client.with_credentials(source.url or "")
            self._git.check_out(url, source.commit, folder)
            return folder
        return self._unpack(source, staging, folder)

    def _unpack(self, source: SourcePackage, staging: Path, folder: Path) -> Path:
        downloads = staging / "download"
        downloads.mkdir()
        archive = self._client.download(as_file(source), downloads)
        try:
            return unpack_source(
                archive.path, source.filename, folder, max_unpacked=self._max_unpacked
            )
        except OSError as error:
            raise BuildError(
                f"cannot unpack `{source.filename}`: {error.strerror or error}",
                details=(("path", str(error.filename or folder)),),
            ) from error
