"""The world of the resolver: indexes, asked ahead of time where that is possible."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

from packaging.version import Version

from trail.commands.chase import Chase
from trail.errors import MetadataError, TrailError
from trail.index.core_metadata import CoreMetadata, NeedsBuild
from trail.index.links import local_path
from trail.index.once import Known, Once
from trail.model import SourceKind, SourcePackage
from trail.resolve.source import Broken, File, Metadata, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor

    from packaging.specifiers import SpecifierSet

    from trail.commands.build import Builder
    from trail.index.client import IndexClient
    from trail.index.page import IndexFile, ProjectPage
    from trail.model import NormalizedName
    from trail.project.pyproject import PyProject
    from trail.report import Reporter
    from trail.resolve.source import Answer, Direct

__all__ = ["IndexSource", "metadata_file"]

_T = TypeVar("_T")
_Work: TypeAlias = "Once[_T] | Known[_T]"
_THREADS = 16  # each with a connection
_PYTHON_TAG = re.compile(r"[a-z]+(\d)(\d*)")
_STATUSES = {"archived", "deprecated", "quarantined"}  # PEP 792


class IndexSource:
    """Answers the resolver from indexes; a `trail.resolve.source.Source`.

    Every page and every version's metadata is asked for once at most.

    Args:
        client: asks the indexes; it stays open.
        reporter: is warned of quarantined projects.
        likely: versions that will probably be chosen, such as those of the lock before. Of
            other projects that is the newest one.
        builder: gives what builds where there is no other way to know metadata; None where
            nothing is built.
    """

    def __init__(
        self,
        client: IndexClient,
        *,
        reporter: Reporter,
        likely: Mapping[NormalizedName, Sequence[Version]] | None = None,
        builder: Callable[[], Builder] | None = None,
    ) -> None:
        self._client = client
        self._reporter = reporter
        self._builder = builder
        self._likely = likely or {}
        self._known: Mapping[str, PyProject] = {}
        self._chase: Chase | None = None
        self._submitted: list[Future[None]] = []
        # By name, and the address of the one index to ask if there is one.
        self._pages: dict[tuple[NormalizedName, str | None], _Work[ProjectPage | None]] = {}
        self._projects: dict[tuple[NormalizedName, str | None], Project | None] = {}
        self._ahead: dict[IndexFile, _Work[CoreMetadata | NeedsBuild | None]] = {}
        self._answers: dict[tuple[NormalizedName, Version, str | None], Answer] = {}
        # Of each page and version the file whose metadata counts: asked for ahead and then.
        self._files: dict[tuple[int, str], IndexFile | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self) -> None:
        """Wait until all that was hinted at is there."""
        from concurrent.futures import wait  # noqa: PLC0415  # see `_pool`

        count = 0
        while count < len(self._submitted):  # what comes may lead on
            count = len(self._submitted)
            wait(self._submitted)

    def close(self) -> None:
        """Give up what was only fetched ahead of time."""
        if self._submitted:
            self._pool.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # Where everything is at hand there is nothing to fetch ahead.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        return ThreadPoolExecutor(_THREADS, "index")

    def know(self, projects: Mapping[str, PyProject]) -> None:
        """Say what projects in folders are, whatever their files say now.

        Args:
            projects: by the addresses of their folders.
        """
        self._known = projects

    def follow(
        self, environments: Sequence[Mapping[str, str]], elsewhere: Collection[NormalizedName]
    ) -> None:
        """See `Source`. Without it each step towards the leaves takes two round trips."""
        self._chase = Chase(environments, elsewhere)

    # --- what the resolver asks for

    def project(self, name: NormalizedName, index: str | None = None) -> Project | None:
        """See `Source`.

        Raises:
            FetchError: an index cannot be reached or read.
        """
        key = (name, index)
        if key not in self._projects:
            self._reporter.doing(f"resolving: {len(self._projects) + 1} projects, {name}")
            page = self._page(name, index).result()
            self._projects[key] = None if page is None else _as_project(page)
            if page is not None and page.status == "quarantined":
                self._reporter.warn(f"`{name}` is {page.standing}")
        return self._projects[key]

    def metadata(self, name: NormalizedName, version: Version, index: str | None = None) -> Answer:
        """See `Source`.

        Raises:
            FetchError: an index cannot be reached.
            DigestError: what came is not what the index vouches for.
        """
        key = (name, version, index)
        if key not in self._answers:
            page = self._page(name, index).result()
            file = self._metadata_file(page, str(version)) if page is not None else None
            self._answers[key] = self._read(file, version)
        return self._answers[key]

    def direct(self, name: NormalizedName, direct: Direct) -> tuple[Answer, Sequence[File]]:
        """See `Source`.

        Raises:
            FetchError: it cannot be reached or read.
        """
        from trail.commands.direct import (  # noqa: PLC0415  # few projects have one
            folder_metadata,
            read_direct,
        )

        known = self._known.get(direct.url)
        if known is not None:
            return folder_metadata(known, virtual=direct.virtual), ()
        builder = self._builder() if self._builder is not None else None
        return read_direct(self._client, name, direct, builder)

    def prefetch(self, names: Iterable[NormalizedName]) -> None:
        """See `Source`."""
        for name in names:
            self._ahead_of_time(name)

    def prefetch_metadata(self, name: NormalizedName, versions: Sequence[Version]) -> None:
        """See `Source`."""
        once = self._page(name)
        page = once.result() if once.done else None
        if page is None:
            return
        for version in versions:
            file = self._metadata_file(page, str(version))
            if file is not None and file not in self._ahead:
                ahead = self._cheap(file)
                if ahead is not None:
                    # Somebody may have begun meanwhile.
                    ahead = self._ahead.setdefault(file, ahead)
                    if not ahead.done:
                        self._submitted.append(self._pool.submit(ahead.run))

    # --- for commands

    def report(self, names: Iterable[NormalizedName]) -> None:
        """Warn of those projects that their index calls archived or deprecated.

        Args:
            names: the projects that were chosen.
        """
        wanted = set(names)
        asked = [key for key in self._pages if key[0] in wanted]
        for key in sorted(asked, key=lambda one: (one[0], one[1] or "")):
            page = self._pages[key].result()
            if page is not None and page.status in _STATUSES - {"quarantined"}:
                self._reporter.warn(f"`{page.name}` is {page.standing}")

    # ---

    def _page(self, name: NormalizedName, index: str | None = None) -> _Work[ProjectPage | None]:
        key = (name, index)
        once = self._pages.get(key)
        if once is None:
            # What is at hand is not worth another thread.
            known = self._client.known_page(name, index)
            once = Known(known) if known is not None else self._once(name, index)
            once = self._pages.setdefault(key, once)  # somebody may have begun meanwhile
        return once

    def _once(self, name: NormalizedName, index: str | None) -> Once[ProjectPage | None]:
        return Once(lambda: self._client.page(name, index))

    def _ahead_of_time(self, name: NormalizedName, specifier: SpecifierSet | None = None) -> None:
        if (name, None) not in self._pages:
            once = self._page(name)
            if not once.done:
                with contextlib.suppress(RuntimeError):  # closed meanwhile
                    self._submitted.append(self._pool.submit(self._fetch, once, specifier))

    def _fetch(self, once: _Work[ProjectPage | None], specifier: SpecifierSet | None) -> None:
        """Fetch a page and, to save round trips, what probably comes next; in the pool."""
        once.run()
        with contextlib.suppress(TrailError):  # who needs the page gets the error
            page = once.result()
            likely = self._likely_file(page, specifier) if page is not None else None
            ahead = self._cheap(likely) if likely is not None else None
            if likely is None or ahead is None:
                return
            found = self._ahead.setdefault(likely, ahead).result()
            if self._chase is not None and isinstance(found, CoreMetadata):
                for name, wanted in self._chase.required(found):
                    self._ahead_of_time(name, wanted)

    def _metadata_file(self, page: ProjectPage, version: str) -> IndexFile | None:
        key = (id(page), version)  # pages are kept
        if key not in self._files:
            self._files[key] = metadata_file(page.of(version))
        return self._files[key]

    def _likely_file(self, page: ProjectPage, specifier: SpecifierSet | None) -> IndexFile | None:
        for version in self._likely.get(page.name, ()):
            if page.of(str(version)):
                return self._metadata_file(page, str(version))
        for text in page.releases:
            version = Version(text)
            if not version.is_prerelease and (specifier is None or version in specifier):
                file = self._metadata_file(page, text)
                if file is not None and file.yanked is None:
                    return file
        return None

    def _cheap(self, file: IndexFile) -> _Work[CoreMetadata | NeedsBuild | None] | None:
        """Read metadata that is at hand, or say how to fetch it; None where that is not cheap."""
        known = self._client.known_metadata(file)
        if known is not None:
            return Known(known)
        if not self._client.is_cheap(file):
            return None
        return Once(lambda: self._client.metadata(file, whole=False))

    def _read(self, file: IndexFile | None, version: Version) -> Answer:
        if file is None:
            return Broken(reason="is missing: there is no file of this version any more")
        try:
            ahead = self._ahead.get(file)
            if ahead is None and (cheap := self._cheap(file)) is not None:
                ahead = self._ahead.setdefault(file, cheap)
            found = ahead.result() if ahead is not None else None
            if found is None:
                found = self._client.metadata(file)
        except MetadataError as error:
            return Broken(reason=f"cannot be read: {error.reason} (`{file.filename}`)")
        if isinstance(found, NeedsBuild) and self._builder is not None:
            from trail.commands.direct import built_metadata  # noqa: PLC0415  # as above

            return built_metadata(self._builder(), _as_source(file))
        if found is None or isinstance(found, NeedsBuild):
            reason = f" ({found.reason})" if found is not None else ""
            return Broken(reason=f"is only known when `{file.filename}` is built{reason}")
        return Metadata(
            name=file.name,
            version=version,
            requires_dist=found.requires_dist,
            requires_python=found.requires_python,
            extras=frozenset(found.extras),
        )


class _Releases(Mapping[Version, "tuple[File, ...]"]):
    """Files by version, the newest version first; made when they are asked for."""

    def __init__(self, page: ProjectPage) -> None:
        self._page = page
        self._made: dict[Version, tuple[File, ...]] = {}

    def __getitem__(self, version: Version) -> tuple[File, ...]:
        # Each target asks for the same versions again.
        made = self._made.get(version)
        if made is None:
            made = self._made[version] = tuple(map(_as_file, self._page.of(str(version))))
            if not made:
                raise KeyError(version)
        return made

    def __iter__(self) -> Iterator[Version]:
        return map(Version, self._page.releases)

    def __len__(self) -> int:
        return len(self._page.releases)


def metadata_file(files: Iterable[IndexFile]) -> IndexFile | None:
    """Choose the file of a version whose metadata counts, the same one on every machine.

    A wheel, as that needs no build. Wheels for one platform may leave out what others need:
    one for all platforms comes first, then Linux on x86_64, where most is built and tested;
    of these the one for the newest Python.

    Args:
        files: of one version.

    Returns:
        None if there are none.
    """
    found = [(_kind(file), file) for file in files]
    if len(found) == 1:
        return found[0][1]
    best = min((kind for kind, _ in found), default=None)
    return min((file for kind, file in found if kind == best), key=_rank, default=None)


def _kind(file: IndexFile) -> tuple[int, bool]:
    """What decides between most files of a version: some have a hundred."""
    name = file.filename
    if not file.is_wheel:
        place = 3
    elif name.endswith("-any.whl"):
        place = 0
    else:
        platform = name[name.rfind("-") :]
        place = 1 if "linux" in platform and "x86_64" in platform else 2
    return place, file.yanked is not None


def _rank(file: IndexFile) -> tuple[object, ...]:
    """What decides between files of the same kind."""
    if not file.is_wheel:
        return (not file.filename.endswith(".gz"), file.filename)
    python = file.filename.split("-")[-3]
    newest = max(
        ((int(major), int(minor or 0)) for major, minor in _PYTHON_TAG.findall(python)),
        default=(0, 0),
    )
    return (-newest[0], -newest[1], file.filename)


def _as_project(page: ProjectPage) -> Project:
    return Project(
        name=page.name,
        releases=_Releases(page),
        texts=tuple(page.releases),
        index=page.index,
        status=None if page.status == "active" else page.standing,
    )


def _as_file(file: IndexFile) -> File:
    # Nearly every file has an address that needs no closer look.
    path = None if file.url.startswith(("https://", "http://")) else local_path(file.url)
    return File(
        file.filename,
        None if path is not None else file.url,
        str(path) if path is not None else None,
        file.hashes,
        file.size,
        file.upload_time,
        file.requires_python,
        file.yanked,
    )


def _as_source(file: IndexFile) -> SourcePackage:
    path = local_path(file.url)
    return SourcePackage(
        name=file.name,
        kind=SourceKind.SDIST,
        version=file.version,
        filename=file.filename,
        hashes=file.hashes,
        size=file.size,
        url=None if path is not None else file.url,
        path=path,
        index=file.index,
    )
