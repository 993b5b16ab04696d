"""Build what is not a wheel: in a prefix of trail's own, once, and into the depot.

What a build requires is resolved for the Python at hand, brought into the depot and linked
like everything else, so that the next build with the same requirements only looks it up.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from trail.build.archive import unpack_source
from trail.build.backend import Backend, BuildPython, Recipe
from trail.build.cache import BuildCache, Made, Subject, key_of
from trail.build.checkout import Git, parse_reference
from trail.commands.bring import bring
from trail.commands.chosen import choose
from trail.commands.source import IndexSource
from trail.commands.target import Request as Asked
from trail.commands.target import choose_python
from trail.commands.trees import as_file, digest_of, folder_of, origin_of, place_of
from trail.depot.layout import site_packages
from trail.errors import BuildError
from trail.model import NormalizedName, SourceKind, SourcePackage, WheelFile
from trail.prefix.build import ensure_prefix
from trail.prefix.model import PrefixRequest
from trail.resolve.explain import explain
from trail.resolve.model import Names, Options, Request, RootRequirement, Target
from trail.resolve.model import Origin as Place
from trail.resolve.solve import Conflict, solve
from trail.resolve.world import World
from trail.wheel.engine import choose_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from trail.commands.context import Context
    from trail.depot.store import Entry, Stack
    from trail.index.client import IndexClient
    from trail.interpreter.model import Interpreter
    from trail.resolve.model import Resolved
    from trail.settings import Settings
    from trail.wheel.engine import Engine

__all__ = ["Builder", "builder_for", "no_build", "read_metadata"]


class Builder:
    """Builds for one Python.

    Args:
        context: where and how.
        interpreter: finds the Python; called when something must be built.
        stack: the depots.
        client: fetches archives and what builds require; stays open.
        engine: unpacks and verifies.
        settings: the context's, with what requirements files add.
    """

    def __init__(  # noqa: PLR0913  # the parts that a build joins
        self,
        context: Context,
        interpreter: Callable[[], Interpreter],
        *,
        stack: Stack,
        client: IndexClient,
        engine: Engine,
        settings: Settings,
    ) -> None:
        self._environ = context.environ
        self._reporter = context.reporter
        self._find_interpreter = interpreter
        self._stack = stack
        self._client = client
        self._engine = engine
        self._settings = settings
        self._git = Git(stack.receiver, context.environ, offline=settings.offline)
        self._world: World | None = None
        self._source: IndexSource | None = None
        self._pythons: dict[tuple[str, ...], BuildPython] = {}
        self._at_work: list[str] = []
        self._kept: Mapping[tuple[str, str | None], str] = {}
        self.count = 0
        """How many wheels were built, beside those that builds require."""
        self.commits: dict[str, str] = {}
        """Which commit each address of a repository stands for, as far as that was asked."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._source is not None:
            self._source.close()

    def build(self, sources: Iterable[SourcePackage]) -> tuple[Entry, ...]:
        """Build packages, or find what was built before.

        Args:
            sources: what to build.

        Returns:
            An entry for each, in their order.

        Raises:
            BuildError: a build failed, or is not allowed.
            TrailError: what a build needs cannot be had.
        """
        return tuple(self._build(source) for source in sources)

    def metadata(self, source: SourcePackage) -> bytes:
        """Get the METADATA that a package will have, by a build only if there is no other way.

        Args:
            source: the package.

        Raises:
            BuildError: the backend failed, or a build is not allowed.
            TrailError: what a build needs cannot be had.
        """
        subject = self._subject(source)
        recipe = self._recipe(source.name)
        built = self._cache.find(subject, self._key(subject, recipe))
        if built is None:
            with contextlib.suppress(_OnlyBuilds):
                return self._cache.metadata(
                    subject,
                    self._key(subject, recipe, kind="metadata"),
                    lambda staging: self._prepare(source, subject, recipe, staging),
                    wait=not self._at_work,
                )
            built = self._build(source)
        return read_metadata(built)

    def allows(self, source: SourcePackage) -> bool:
        """Whether the settings allow that something is built."""
        settings = self._settings
        refused = settings.no_build or source.name in settings.no_build_package
        return source.editable or not refused

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
            kept = self._kept.get((reference.url, reference.revision))
            self.commits[url] = kept or self._git.commit_of(reference.url, reference.revision)
        return self.commits[url]

    @cached_property
    def _interpreter(self) -> Interpreter:
        return self._find_interpreter()

    @cached_property
    def _cache(self) -> BuildCache:
        return BuildCache(
            self._stack,
            self._engine,
            self._interpreter.tags,
            max_unpacked=self._settings.max_unpacked,
        )

    # --- builds

    def _build(self, source: SourcePackage) -> Entry:
        subject = self._subject(source)
        recipe = self._recipe(source.name)
        return self._cache.ensure(
            subject,
            self._key(subject, recipe),
            lambda staging: self._make(source, subject, recipe, staging),
            wait=not self._at_work,
        )

    def _make(self, source: SourcePackage, subject: Subject, recipe: Recipe, staging: Path) -> Made:
        folder = staging / "wheel"
        folder.mkdir()
        with self._backend(source, recipe, staging) as backend:
            self._reporter.note(f"building {source.label}")
            wheel = backend.build(folder, editable=subject.editable)
            self.count += len(self._at_work) == 1  # not for another build
            return Made(path=wheel, entries=backend.entries)

    def _prepare(
        self, source: SourcePackage, subject: Subject, recipe: Recipe, staging: Path
    ) -> Made:
        folder = staging / "metadata"
        folder.mkdir()
        with self._backend(source, recipe, staging) as backend:
            self._reporter.note(f"asking the build of {subject.label} for its metadata")
            data = backend.metadata(folder)
            if data is None:
                raise _OnlyBuilds
            path = folder / "METADATA"
            path.write_bytes(data)
            return Made(path=path, entries=backend.entries)

    @contextlib.contextmanager
    def _backend(self, source: SourcePackage, recipe: Recipe, staging: Path) -> Iterator[Backend]:
        """Bring the sources and make ready to build them."""
        self._check_allowed(source)
        if source.name in self._at_work:
            chain = [*self._at_work[self._at_work.index(source.name) :], source.name]
            raise BuildError(
                f"`{source.name}` must be built to build itself",
                details=(("required by", " -> ".join(chain)),),
            )
        self._at_work.append(source.name)
        try:
            yield Backend(
                self._tree(source, staging),
                source.label,
                provide=lambda requirements: self._provide(requirements, source.label),
                recipe=recipe,
                environ=self._environ,
                log=staging / "build.log",
                keep=source.kind is SourceKind.DIRECTORY,
                reporter=self._reporter,
            )
        finally:
            self._at_work.pop()

    def _check_allowed(self, source: SourcePackage) -> None:
        if self.allows(source):
            return
        option = "no-build" if self._settings.no_build else f"no-build-package {source.name}"
        raise BuildError(
            f"`{source.label}` must be built, which is not allowed",
            details=(("source", place_of(source)), ("setting", option)),
        )

    def _tree(self, source: SourcePackage, staging: Path) -> Path:
        """Give the folder of the sources."""
        if source.kind is SourceKind.DIRECTORY:
            tree = folder_of(source)
        else:
            folder = staging / "source"
            folder.mkdir()
            if source.kind is SourceKind.VCS:
                self._git.check_out(source.url or "", source.commit, folder)
                tree = folder
            else:
                downloads = staging / "download"
                downloads.mkdir()
                archive = self._client.download(as_file(source), downloads)
                try:
                    tree = unpack_source(
                        archive.path,
                        source.filename,
                        folder,
                        max_unpacked=self._settings.max_unpacked,
                    )
                except OSError as error:
                    raise BuildError(
                        f"cannot unpack `{source.filename}`: {error.strerror or error}",
                        details=(("path", str(error.filename or folder)),),
                    ) from error
            tree = tree / source.subdirectory
        if not tree.is_dir():
            raise BuildError(
                f"cannot build `{source.label}`: there is no such folder",
                details=(("folder", source.subdirectory or str(tree)),),
            )
        return tree

    def _subject(self, source: SourcePackage) -> Subject:
        return Subject(
            label=source.label,
            digest=self._digest(source),
            origin=origin_of(source),
            name=source.name or None,
            # The version of a folder is what its files say now.
            version=None if source.kind is SourceKind.DIRECTORY else source.version,
            editable=source.editable,
        )

    def _digest(self, source: SourcePackage) -> str:
        known = digest_of(source)
        if known is not None:
            return known
        # Nobody says what it is: it must be looked at.
        with self._stack.receiver.staging() as staging:
            archive = self._client.download(as_file(source), staging)
            return f"sha256 {archive.sha256} {source.subdirectory}"

    def _recipe(self, name: NormalizedName) -> Recipe:
        settings = self._settings
        return Recipe(
            config_settings=settings.config_settings_package.get(name, {}),
            requires=settings.extra_build_dependencies.get(name, ()),
            environ=settings.extra_build_variables.get(name, {}),
        )

    def _key(self, subject: Subject, recipe: Recipe, *, kind: str = "") -> str:
        return key_of(subject, recipe, self._interpreter.tags[0], kind=kind)

    # --- the Pythons that builds run with

    def _provide(self, requirements: Sequence[str], label: str) -> BuildPython:
        wanted = tuple(sorted(set(requirements)))
        if wanted not in self._pythons:
            entries = self._entries(self._resolve(wanted, label))
            prefix = ensure_prefix(
                PrefixRequest(
                    interpreter=self._interpreter,
                    entries=entries,
                    link_mode=self._settings.link_mode,
                ),
                self._stack.receiver,
                self._reporter,
            )
            self._pythons[wanted] = BuildPython(
                executable=prefix.python,
                scripts=prefix.scripts,
                entries=tuple(entry.id for entry in entries),
            )
        return self._pythons[wanted]

    def _resolve(self, requirements: Sequence[str], label: str) -> list[Resolved]:
        """Find what a build requires, for the Python at hand alone."""
        if not requirements:
            return []
        place = Place(file=f"the build of {label}")
        roots = [
            RootRequirement(requirement=_requirement(text, label), origin=place)
            for text in requirements
        ]
        settings = self._settings
        request = Request(roots=tuple(roots), options=Options(no_build=no_build(Names(), settings)))
        environment = self._interpreter.environment
        target = Target(
            name=f"{self._interpreter.implementation}-{self._interpreter.minor} here",
            python=Version(environment["python_full_version"].rstrip("+")),
            environment=environment,
            tags=self._interpreter.tags,
        )
        if self._world is None:
            self._source = IndexSource(self._client, reporter=self._reporter, builder=self)
            self._world = World(self._source)
        try:
            solved = solve(request, target, self._world, {})
        except Conflict as conflict:
            raise explain(conflict, request, self._world) from conflict
        return [*solved.resolution.packages.values()]

    def _entries(self, packages: Sequence[Resolved]) -> tuple[Entry, ...]:
        chosen = [choose(package, self._interpreter.tags, self.commits) for package in packages]
        brought = bring(
            [one for one in chosen if isinstance(one, WheelFile)],
            stack=self._stack,
            client=self._client,
            engine=self._engine,
            settings=self._settings,
            reporter=self._reporter,
        )
        built = self.build(one for one in chosen if isinstance(one, SourcePackage))
        return (*brought.entries, *built)


def builder_for(context: Context, client: IndexClient, refused: Names) -> Builder:
    """Make what builds while requirements are resolved, for the project's Python.

    Args:
        context: where and how.
        client: fetches what is needed; stays open.
        refused: what is not built.
    """
    stack = context.depots()
    known = stack.receiver.layout.interpreters
    settings = replace(
        context.settings, no_build=refused.everything, no_build_package=refused.names
    )
    return Builder(
        context,
        lambda: choose_python(context, Asked(), known).interpreter,
        stack=stack,
        client=client,
        engine=choose_engine(settings.engine),
        settings=settings,
    )


def no_build(names: Names, settings: Settings) -> Names:
    """Put together what the command line and the settings do not allow to be built."""
    return Names(
        everything=names.everything or settings.no_build,
        names=names.names | settings.no_build_package,
    )


class _OnlyBuilds(Exception):  # noqa: N818  # not an error: there is another way
    """The backend tells no metadata without a build."""


def read_metadata(entry: Entry) -> bytes:
    """Read the METADATA of an entry.

    Raises:
        BuildError: it cannot be read.
    """
    path = site_packages(entry.path) / entry.info().facts.dist_info / "METADATA"
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildError(f"cannot read `{path}`: {error.strerror or error}") from error


def _requirement(text: str, label: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise BuildError(
            f"cannot build `{label}`: it asks for `{text}`, which is no requirement",
            details=(("problem", str(error).splitlines()[0]),),
        ) from error
